"""Answers for programs: JSON that every parser takes."""

import json
import math
from typing import Any


def print_json(data: Any, *, on_one_line: bool = False) -> None:
    """Print plain data as JSON (RFC 8259).

    What it has no numbers for are the texts "NaN", "Infinity" and "-Infinity", as in the JSON of protocol buffers:
    https://protobuf.dev/programming-guides/json
    """
    print(json.dumps(_strict(data), indent=None if on_one_line else 2, allow_nan=False))


def _strict(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _strict(item) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [_strict(item) for item in data]
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    return data
