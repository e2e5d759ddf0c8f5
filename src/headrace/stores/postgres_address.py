"""Where a PostgreSQL database is: the user's address, taken apart, and as it may be shown: without a password."""

from collections.abc import Mapping

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from headrace.stores.postgres_errors import BadAddressError

_OURS: Mapping[str, str] = {
    "application_name": "headrace",
    "client_encoding": "UTF8",
    "connect_timeout": "10",
    # a network that swallows packets is noticed within a minute, here and by the server
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
_OF_SESSION: Mapping[str, str] = {
    # a guard in a WHERE clause holds under it, and an update waits instead of failing
    "default_transaction_isolation": "read\\ committed",
    # what is reported as written survives the death of the server's processes
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "jit": "off",
}


class Address:
    """`postgresql://user:password@host:port/database?option=value`; raises BadAddressError.

    `shown` is the address without what is secret or without interest; `database` the database's name.
    """

    __slots__ = ("_parts", "database", "shown")

    def __init__(self, text: str) -> None:
        self._parts = _taken_apart(text)
        part = self._parts
        user, host = part.get("user", ""), part.get("host", "") or part.get("hostaddr", "")
        self.database = part.get("dbname", "") or user
        port = f":{part['port']}" if "port" in part else ""
        self.shown = f"postgresql://{user and user + '@'}{host}{port}/{self.database}"

    def __repr__(self) -> str:
        return self.shown

    def conninfo(self, patience_s: float) -> str:
        """What a connection is made with, password and all; what the address itself says counts more.

        `patience_s` is how long a statement waits for a row that another session holds.
        """
        of_session = {**_OF_SESSION, "lock_timeout": f"{max(1, int(patience_s * 1000))}ms"}
        ours = " ".join(f"-c {name}={value}" for name, value in of_session.items())
        options = f"{ours} {self._parts.get('options', '')}".strip()
        return make_conninfo("", **{**_OURS, **self._parts, "options": options})


def _taken_apart(text: str) -> dict[str, str]:
    if text.startswith(("postgresql://", "postgres://")):
        try:
            parts = {name: str(value) for name, value in conninfo_to_dict(text).items() if value is not None}
        except (psycopg.Error, UnicodeError):
            parts = {}  # what libpq says of it may hold the password
        if parts and not _is_cut_wrongly(parts):
            return parts
    raise BadAddressError


def _is_cut_wrongly(parts: Mapping[str, str]) -> bool:
    """Whether a password with `/` or `@` in it was taken for host, port and database, which are shown."""
    ports = parts.get("port", "0").split(",")
    host = parts.get("host", "")
    is_name = not any(mark in parts.get("dbname", "") for mark in "/@:")
    return not is_name or not all(port.isdigit() for port in ports) or ("@" in host and host[0] not in "/@")
