"""How values are written as text on a command line: lists, pairs, durations, JSON. Knows nothing of types.

Every function raises ValueError with a reason for people, whatever the text is.
"""

import json
import re
from collections.abc import Sequence
from datetime import timedelta

TRUE_WORDS = ("yes", "true", "on", "1")
FALSE_WORDS = ("no", "false", "off", "0")
NONE_WORDS = ("none", "null", "")

_JSON_BEGINS = ("[", "{", '"')

# Compiled at use: a run without a duration does not wait for them.
_CLOCK = r"(?a:(?:(-?\d{1,9}) days?, )?(\d{1,9}):([0-5]?\d):([0-5]?\d)(?:\.(\d{1,6}))?)"
_ISO = (
    r"(?ai:(?P<sign>[+-])?P(?:(?P<weeks>\d+(?:\.\d+)?)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?)"
)
_SHORT = r"(?a:(\d{1,12}(?:\.\d{1,9})?)\s*(ms|s|min|m|h|d|w))"
_SHORTS = rf"(?:{_SHORT}\s*)+"
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def read_json(text: str) -> object:
    """JSON as plain data; a key that stands twice in an object is refused."""
    data, end = _read_json_at(text.strip(), 0)
    if end != len(text.strip()):
        raise ValueError(f"it is no JSON: more follows at character {end + 1}")
    return data


def _read_json_at(text: str, start: int) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error.msg}, character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:  # a key that stands twice; an integer with more digits than Python reads
        raise ValueError("it has too many digits" if "digits" in str(error) else str(error)) from None


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key[:40]!r} is given twice")
        found[key] = value
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def split_items(text: str) -> list[str]:
    """`a,b` as ["a", "b"]; an empty text has no items.

    An item or the value after `=` that begins with a bracket, a brace or a double quote is JSON up to where it closes.
    """
    if not text.strip():
        return []
    items, start, position = list[str](), 0, 0
    while True:
        while text[position : position + 1].isspace():
            position += 1
        if text[position : position + 1] in _JSON_BEGINS:
            position = _read_json_at(text, position)[1]
        mark = re.compile("[,=]").search(text, position)
        end = len(text) if mark is None else mark.start()
        if mark is None or mark[0] == ",":
            items.append(_unquoted(text[start:end]))
            start = end + 1
        if mark is None:
            return items
        position = end + 1


def split_pairs(text: str) -> dict[str, str]:
    """`a=1,b=x` as {"a": "1", "b": "x"}; a name without `=` and a name given twice are refused."""
    pairs: dict[str, str] = {}
    for item in split_items(text):
        name, separator, value = item.partition("=")
        name = name.strip()
        if not separator:
            raise ValueError(f"{item[:40]!r} is no `name=value`")
        if name in pairs:
            raise ValueError(f"{name[:40]!r} is given twice")
        pairs[name] = _unquoted(value)
    return pairs


def _unquoted(item: str) -> str:
    item = item.strip()
    if len(item) > 1 and item[0] == item[-1] == '"':
        try:
            return str(json.loads(item))
        except ValueError:
            return item
    return item


def read_duration(text: str) -> timedelta:
    """`PT1H30M`, `1:30:00`, `2 days, 1:30:00`, `1h30m` or `90min` (ms, s, m or min, h, d, w)."""
    text = text.strip()
    try:
        if re.fullmatch(_SHORTS, text):
            return sum((_short(number, unit) for number, unit in re.findall(_SHORT, text)), timedelta())
        if match := re.fullmatch(_CLOCK, text):
            days, hours, minutes, seconds, fraction = match.groups()
            micro = int((fraction or "").ljust(6, "0"))
            return timedelta(int(days or 0), int(seconds), micro, 0, int(minutes), int(hours))
        if (match := re.fullmatch(_ISO, text)) and text[-1] not in "PTpt":
            parts = {name: float(value) for name, value in match.groupdict().items() if value and name != "sign"}
            span = timedelta(**parts)
            return -span if match["sign"] == "-" else span
    except (OverflowError, ValueError):
        raise ValueError("it is longer than a duration can be") from None
    raise ValueError("it is written neither as PT1H30M nor as 1:30:00 or 1h30m")


def _short(number: str, unit: str) -> timedelta:
    return (float(number) if "." in number else int(number)) * _UNITS[unit]


def read_bool(text: str) -> bool:
    """yes, true, on, 1; no, false, off, 0; upper case too."""
    word = text.strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ValueError(f"it is neither {' nor '.join((TRUE_WORDS[0], FALSE_WORDS[0]))}")
