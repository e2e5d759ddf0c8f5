"""Keys, region and endpoint of a profile in AWS's own files, for clients that read the environment alone."""

import configparser
from collections.abc import Mapping
from pathlib import Path

from headrace.core.errors import SettingsError, near

_TAKEN = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
    "region": "region",
    "endpoint_url": "endpoint",
}
_OTHER_WAYS = ("sso_session", "sso_start_url", "role_arn", "credential_process")
_KEYS_ELSEWHERE = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def profile_of(environment: Mapping[str, str]) -> dict[str, str]:
    """What the profile that the environment names (else `default`) says, by the names that obstore has for it.

    Keys in the environment count more, as with AWS's own programs. Raises SettingsError for a profile that is named
    and does not exist, or that holds no keys.
    """
    name = environment.get("AWS_PROFILE") or "default"
    has_keys = any(environment.get(one) for one in _KEYS_ELSEWHERE)
    home = Path(environment.get("HOME") or Path.home()) / ".aws"
    files = (
        (Path(environment.get("AWS_CONFIG_FILE") or home / "config"), "profile "),
        (Path(environment.get("AWS_SHARED_CREDENTIALS_FILE") or home / "credentials"), ""),
    )
    sections: dict[str, dict[str, str]] = {}
    for file, prefix in files:
        for section, said in _sections(file).items():
            sections.setdefault(section.removeprefix(prefix), {}).update(said)
    if name not in sections:
        if environment.get("AWS_PROFILE") and not has_keys:
            where = " or ".join(str(file) for file, _ in files)
            raise SettingsError(f"AWS_PROFILE is {name!r}, which {where} does not have{near(name, sections)}.")
        return {}
    return _taken(name, sections[name], environment, has_keys=has_keys)


def _taken(name: str, said: Mapping[str, str], environment: Mapping[str, str], *, has_keys: bool) -> dict[str, str]:
    found = {ours: said[theirs] for theirs, ours in _TAKEN.items() if said.get(theirs)}
    if has_keys:
        found = {ours: text for ours, text in found.items() if ours in ("region", "endpoint")}
    elif "access_key_id" not in found and any(way in said for way in _OTHER_WAYS):
        raise SettingsError(
            f"The AWS profile {name!r} signs in by other means than keys. Sign in, and put its keys into the "
            f'environment: `eval "$(aws configure export-credentials --profile {name} --format env)"`.'
        )
    if environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION"):
        found.pop("region", None)
    if environment.get("AWS_ENDPOINT_URL") or environment.get("AWS_ENDPOINT") or environment.get("AWS_ENDPOINT_URL_S3"):
        found.pop("endpoint", None)
    return found


def _sections(file: Path) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(default_section="", strict=False)
    try:
        parser.read_string(file.read_text())
    except OSError:
        return {}
    except (configparser.Error, UnicodeDecodeError) as error:
        # its text may quote a line with a secret
        raise SettingsError(f"{file} cannot be read as AWS writes it ({type(error).__name__}). Mend it.") from None
    return {section: dict(parser[section]) for section in parser.sections()}
