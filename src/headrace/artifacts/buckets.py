"""Opens the bucket that the settings name, through obstore: address, credentials, endpoint, patience."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from headrace.artifacts.aws_profiles import profile_of
from headrace.artifacts.copies import Copies
from headrace.artifacts.local_folder import LocalFolder
from headrace.artifacts.remote_errors import shown_endpoint
from headrace.artifacts.remote_folder import RemoteFolder
from headrace.artifacts.remote_objects import PATIENCE_S, RemoteObjects

_CONNECT_S = 5
_SILENCE_S = 20
"""How long a connection may say nothing before it is given up."""
_PIECE_S = 300
"""How long one request for a piece of an object may take in all."""
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


def open_bucket(
    address: str, *, environment: Mapping[str, str] = os.environ, patience_s: float = PATIENCE_S
) -> RemoteObjects:
    """The objects under `s3://bucket/prefix`; asks nobody yet. Raises SettingsError for a profile that is not there.

    Credentials are those of the environment, of a profile, or of the machine's role, as obstore finds them.
    """
    bucket, _, prefix = address.removeprefix("s3://").strip("/").partition("/")
    told = profile_of(environment)
    named = next((environment[name] for name in _ENDPOINTS if environment.get(name)), "")
    endpoint = named or told.get("endpoint", "")
    place = f"s3://{bucket}" + (f"/{prefix}" if prefix else "")
    shown = f"{place} at {shown_endpoint(endpoint)}" if endpoint else place
    if endpoint:
        told["endpoint"] = endpoint

    def connect() -> Any:
        from obstore.store import S3Store  # costs 13 ms, and only remote stores need it

        return S3Store(
            bucket,
            prefix=prefix or None,
            config=told,  # type: ignore[arg-type] # the keys are those of S3Config
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=_CONNECT_S),
                "read_timeout": timedelta(seconds=_SILENCE_S),
                "timeout": timedelta(seconds=_PIECE_S),
            },
            retry_config={
                "max_retries": 2,
                "retry_timeout": timedelta(seconds=patience_s),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=2),
                    "base": 2,
                },
            },
        )

    return RemoteObjects(connect, shown, patience_s=patience_s)


def folder_over(address: str, copies: Path, *, limit_bytes: int) -> RemoteFolder:
    """The objects under an address, with copies of at most about `limit_bytes` in a folder on this machine."""
    return RemoteFolder(open_bucket(address), Copies(LocalFolder(str(copies)), limit_bytes))
