"""Frames between executor and worker as bytes: four bytes of length, then JSON with a version, a kind and the fields.

Exact: floats by their shortest text, NaN and infinities as text, lone surrogates kept. Satisfies `ports.workers.Wire`.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from headrace.core.failures import Failure
from headrace.core.symbols import Symbol
from headrace.core.values import value_from_json, value_to_json
from headrace.ports.code import Touched
from headrace.ports.executors import (
    AttemptBegan,
    AttemptBroke,
    AttemptDone,
    AttemptSpec,
    LoggedMetric,
    LoggedValue,
    LogLines,
    Progress,
    TrackingBatch,
    Usage,
    WorkerIdentity,
)
from headrace.ports.workers import Frame, RunAttempt, WorkerFree, WorkerReady
from headrace.worker.errors import WireError

VERSION = 1
LARGEST = 1 << 30
"""No frame is longer; a length above it means that the stream is damaged."""


def encode(frame: Frame) -> bytes:
    """One frame as bytes, with its length in front."""
    body = json.dumps([VERSION, type(frame).__name__, _plain(frame)], separators=(",", ":"), allow_nan=False).encode()
    return len(body).to_bytes(4, "big") + body


def decoder() -> "StreamDecoder":
    """A decoder for a new stream."""
    return StreamDecoder()


class StreamDecoder:
    """Cuts a stream of bytes into frames, however the bytes arrive."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that these bytes complete, in order; raises WireError."""
        self._rest += data
        frames: list[Frame] = []
        begin = 0
        while len(self._rest) - begin >= 4:
            length = int.from_bytes(self._rest[begin : begin + 4], "big")
            if length > LARGEST:
                raise WireError(f"A frame of {length} bytes was announced: the stream is damaged.")
            if len(self._rest) - begin - 4 < length:
                break
            frames.append(_decode(bytes(self._rest[begin + 4 : begin + 4 + length])))
            begin += 4 + length
        del self._rest[:begin]
        return frames


def _decode(body: bytes) -> Frame:
    try:
        version, kind, data = json.loads(body)
        if version != VERSION:
            raise WireError(f"A frame of version {version} came, this side speaks {VERSION}: restart both processes.")
        return _READERS[kind](data)
    except (ValueError, TypeError, KeyError) as error:
        raise WireError(f"Bytes that are no frame: {body[:60]!r}") from error


def _plain(part: object) -> object:
    """A frame or a part of it as JSON data; records as lists of their fields in order."""
    if part is None or isinstance(part, str | int):
        return part
    if isinstance(part, float):
        return part if math.isfinite(part) else repr(part)
    if isinstance(part, tuple):
        return [_plain(item) for item in cast("tuple[object, ...]", part)]
    if isinstance(part, Failure):
        return part.to_json()
    fields = _FIELDS.get(type(part))
    if fields is None:
        return value_to_json(cast("Any", part))
    return [_plain(getattr(part, name)) for name in fields]


def _number(data: object) -> float:
    return float(cast("float | str", data))


def _maybe_number(data: object) -> float | None:
    return None if data is None else _number(data)


def _symbol(data: Any) -> Symbol:
    return Symbol(*data)


def _pairs(data: Any) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in data)


def _spec(data: Any) -> AttemptSpec:
    fields = dict(zip(_FIELDS[AttemptSpec], data, strict=True))
    fields["symbol"] = _symbol(fields["symbol"])
    fields["arguments"] = tuple((name, value_from_json(value)) for name, value in fields["arguments"])
    fields["timeout_s"] = _maybe_number(fields["timeout_s"])
    fields["secrets"] = tuple(fields["secrets"])
    fields["closure"] = _pairs(fields["closure"])
    fields["paths"] = tuple(fields["paths"])
    fields["first"] = tuple(map(_symbol, fields["first"]))
    return AttemptSpec(**fields)


def _identity(data: Any) -> WorkerIdentity:
    host, pid, started, space, mark = data
    return WorkerIdentity(host, pid, _number(started), space, mark)


def _usage(data: Any) -> Usage:
    wall, cpu, peak, imported, stored = data
    return Usage(_number(wall), _number(cpu), peak, _number(imported), _number(stored))


def _began(data: Any) -> AttemptBegan:
    attempt, fence, worker, at = data
    return AttemptBegan(attempt, fence, _identity(worker), _number(at))


def _done(data: Any) -> AttemptDone:
    attempt, fence, output, touched, usage, at = data
    files, modules, reads, directory, arguments = touched
    found = Touched(_pairs(files), _pairs(modules), _pairs(reads), str(directory), tuple(arguments))
    return AttemptDone(attempt, fence, value_from_json(output), found, _usage(usage), _number(at))


def _broke(data: Any) -> AttemptBroke:
    attempt, fence, failure, usage, at = data
    told = Failure.from_json(cast("Mapping[str, object]", failure))
    return AttemptBroke(attempt, fence, told, _usage(usage), _number(at))


def _batch(data: Any) -> TrackingBatch:
    attempt, fence, metrics, values, progress = data
    points = tuple(LoggedMetric(n, _number(v), _maybe_number(s), _number(at)) for n, v, s, at in metrics)
    logged = tuple(LoggedValue(k, n, value_from_json(v), _number(at)) for k, n, v, at in values)
    return TrackingBatch(attempt, fence, points, logged, None if progress is None else _progress(progress))


def _progress(data: Any) -> Progress:
    done, total, note, at = data
    return Progress(_number(done), _maybe_number(total), note, _number(at))


def _lines(data: Any) -> LogLines:
    attempt, lines = data
    return LogLines(attempt, tuple((_number(at), stream, text) for at, stream, text in lines))


_PARTS: tuple[type[Any], ...] = (
    *(RunAttempt, WorkerReady, WorkerFree, AttemptBegan, AttemptBroke, AttemptDone, TrackingBatch, LogLines),
    *(AttemptSpec, WorkerIdentity, Usage, Touched, LoggedMetric, LoggedValue, Progress),
)
_FIELDS: dict[type, tuple[str, ...]] = {cls: cls.__struct_fields__ for cls in _PARTS}
_READERS: dict[str, Callable[[Any], Frame]] = {
    "RunAttempt": lambda data: RunAttempt(_spec(data[0])),
    "WorkerReady": lambda data: WorkerReady(_identity(data[0])),
    "WorkerFree": lambda data: WorkerFree(*data),
    "AttemptBegan": _began,
    "AttemptDone": _done,
    "AttemptBroke": _broke,
    "TrackingBatch": _batch,
    "LogLines": _lines,
}
