"""A proxy on loopback that fails as networks do: breaks off, answers with errors, waits, cuts bodies short."""

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

ERROR = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"


def answer(status: int, code: str) -> bytes:
    """An answer as S3 gives it, with what must not be told."""
    body = f"<Error><Code>{code}</Code><Message>m</Message><StringToSign>hush</StringToSign></Error>".encode()
    return ERROR % (status, len(body), body)


class Proxy:
    """Each request of a connection of its own is done as the next of `faults` says; when there are none more, well."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self.target = (parts.hostname or "", parts.port or 0)
        self.faults: list[str | bytes] = []
        self.requests: list[str] = []
        self.endpoint = ""
        self._lock = threading.Lock()

    def next_fault(self, head: bytes) -> str | bytes:
        with self._lock:
            self.requests.append(head.split(b"\r\n", 1)[0].decode())
            return self.faults.pop(0) if self.faults else ""

    def serve(self, client: socket.socket) -> None:
        head, rest = _head_of(client)
        if not head:
            return
        fault = self.next_fault(head)
        if isinstance(fault, bytes):
            _drain(client, head, rest)
            client.sendall(fault)
        elif fault == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        elif fault == "reset after it was done":
            self._pass_on(client, head, rest, give=0)
        elif fault == "short":
            self._pass_on(client, head, rest, give=2_000)
        else:
            time.sleep(float(fault or 0))
            self._pass_on(client, head, rest, give=None)

    def _pass_on(self, client: socket.socket, head: bytes, rest: bytes, *, give: int | None) -> None:
        with socket.create_connection(self.target) as server:
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            server.sendall(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
            done = False
            server.sendall(rest)
            for piece in _body_of(client, head, rest):
                server.sendall(piece)
            given = 0
            while not done and (piece := server.recv(1 << 16)):
                if give is not None and given + len(piece) > give:
                    piece, done = piece[: give - given], True
                client.sendall(piece)
                given += len(piece)


def _head_of(client: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(1 << 16)
        if not piece:
            return b"", b""
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _body_of(client: socket.socket, head: bytes, rest: bytes) -> Iterator[bytes]:
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    left = int(lengths[0]) - len(rest) if lengths else 0
    while left > 0:
        piece = client.recv(min(left, 1 << 16))
        if not piece:
            return
        left -= len(piece)
        yield piece


def _drain(client: socket.socket, head: bytes, rest: bytes) -> None:
    for _ in _body_of(client, head, rest):
        pass


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is what these tests are about."""


@contextmanager
def proxy_to(target: str) -> Iterator[Proxy]:
    """A proxy that runs meanwhile."""
    proxy = Proxy(target)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            serve: Callable[[socket.socket], None] = proxy.serve
            with suppress(OSError):
                serve(self.request)

    with _Server(("127.0.0.1", 0), Handler) as server:
        proxy.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
