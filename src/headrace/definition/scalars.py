"""The scalar types that parameters have: numbers, texts, dates, paths; how each is read, and how it is written.

The types are known by their names and not imported: whoever declares one has imported it.
"""

import math
import os
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from operator import index
from typing import Any

from headrace.definition.text_forms import read_bool, read_duration

_INTEGER = r"(?a:[+-]?\d+(_\d+)*)"
_FRACTION = r"(?a:[+-]?\d{1,1000}(/\d{1,1000}|\.\d{1,1000})?)"
_MOST_DIGITS = 4300  # what Python itself reads and writes by default


class Scalar:
    """How one scalar type is read and shown.

    `read(cls, value)` gives the value or raises ValueError with a reason (or whatever the class itself raises);
    `read_text(text)` makes of a text of the command line what `read` takes, where that is more than a text in Python.
    `words` say what it is, `texts` and `literals` are two examples as text and as Python.
    """

    __slots__ = ("literals", "read", "read_text", "texts", "words")  # no dataclass: that alone takes 0.7 ms to import

    def __init__(
        self,
        read: Callable[[Any, Any], Any],
        words: str,
        /,
        *,
        texts: tuple[str, str],
        literals: tuple[str, str],
        read_text: Callable[[str], Any] | None = None,
    ) -> None:
        self.read, self.words, self.texts, self.literals, self.read_text = read, words, texts, literals, read_text


def scalar_of(cls: Any) -> Scalar | None:
    """The scalar type of this class, or None."""
    return _scalar_of_class(cls) if isinstance(cls, type) else None


@lru_cache(maxsize=256)
def _scalar_of_class(cls: type) -> Scalar | None:
    return _SCALARS.get(f"{cls.__module__}.{cls.__qualname__}")


def scalar_parent(cls: Any) -> type | None:
    """The scalar class that a class derives from (`class Name(str)`), or None."""
    if not isinstance(cls, type) or issubclass(cls, Enum):
        return None
    return next((parent for parent in cls.__mro__[1:] if scalar_of(parent) is not None), None)


def _not_a(cls: Any, value: object) -> ValueError:
    return ValueError(f"{_article(type(value).__name__)} is not {_article(cls.__name__)}")


def _article(name: str) -> str:
    return name if name == "NoneType" else f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _is_numpy(value: object) -> bool:
    return type(value).__module__ == "numpy" and hasattr(value, "item")


def _bool(cls: Any, value: Any) -> bool:
    plain = value.item() if _is_numpy(value) else value
    if isinstance(plain, bool):
        return plain
    raise _not_a(cls, value)


def _int(cls: Any, value: Any) -> int:
    if type(value) is int or (isinstance(value, int) and isinstance(value, Enum)):
        return value
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise _not_a(cls, value)
    return index(value)


def _int_of_text(text: str) -> int:
    text = text.strip()
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"it has more than {_MOST_DIGITS} digits")
    if not re.fullmatch(_INTEGER, text):
        raise ValueError("it is not a whole number")
    return int(text)


def _float(cls: Any, value: Any) -> float:
    if isinstance(value, float):
        return float(value)
    if _is_numpy(value) and isinstance(value.item(), float):
        return float(value.item())
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise _not_a(cls, value)
    whole = index(value)
    if abs(whole) >= 2**1024 - 2**970 or int(float(whole)) != whole:
        raise ValueError("a float cannot hold it exactly")
    return float(whole)


def _float_of_text(text: str) -> float:
    return _finite(float(_number(text)), text)


def _finite(number: float, text: str) -> float:
    """A number as it was written; raises ValueError if digits have become an infinity."""
    if math.isinf(number) and any(sign.isdigit() for sign in text):
        raise ValueError("a float holds no more than 1.8e308; for infinity write inf")
    return number


def _complex(cls: Any, value: Any) -> complex:
    return complex(value) if isinstance(value, complex) else complex(_float(cls, value))


def _complex_of_text(text: str) -> complex:
    try:
        number = complex(text.strip())
    except ValueError:
        raise ValueError("it is not a number") from None
    _finite(abs(number.real) + abs(number.imag), text)
    return number


def _number(text: str) -> str:
    try:
        float(text)
    except ValueError:
        raise ValueError("it is not a number") from None
    return text


def _str(cls: Any, value: Any) -> str:
    if not isinstance(value, str):
        raise _not_a(cls, value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds bytes that are no UTF-8") from None
    return value if isinstance(value, Enum) else str.__str__(value)


def _bytes(cls: Any, value: Any) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise _not_a(cls, value)


def _date(cls: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        if value.timetz() != time() or getattr(value, "nanosecond", None):
            raise ValueError("a date has no time of day; take .date() of it")
        return value.date()
    return value if isinstance(value, date) else _of_iso(cls, value, "YYYY-MM-DD")


def _datetime(cls: Any, value: Any) -> Any:
    if type(value) is datetime:
        return value
    if isinstance(value, datetime):  # pandas.Timestamp, which counts nanoseconds
        if getattr(value, "nanosecond", None):
            raise ValueError("a datetime has no nanoseconds; round it to microseconds")
        return datetime.combine(value.date(), value.timetz())
    return _of_iso(cls, value, "YYYY-MM-DDTHH:MM:SS")


def _time(cls: Any, value: Any) -> Any:
    return value if isinstance(value, time) else _of_iso(cls, value, "HH:MM:SS")


def _of_iso(cls: Any, value: object, form: str) -> Any:
    if not isinstance(value, str):
        raise _not_a(cls, value)
    try:
        return cls.fromisoformat(value.strip())
    except ValueError as error:
        reason = str(error)
        raise ValueError(f"it is not written as {form}" if reason.startswith("Invalid iso") else reason) from None


def _timedelta(cls: Any, value: Any) -> timedelta:
    if isinstance(value, str):
        return read_duration(value)
    if not isinstance(value, timedelta):
        raise _not_a(cls, value)
    if getattr(value, "nanoseconds", 0):
        raise ValueError("a timedelta has no nanoseconds; round it to microseconds")
    return timedelta(value.days, value.seconds, value.microseconds)


def _decimal(cls: Any, value: Any) -> Any:
    if isinstance(value, cls):
        return value
    if isinstance(value, float):
        raise ValueError("a float is not exact; write the number as text")  # noqa: TRY004 - a reason, not a fault
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise _not_a(cls, value)
    try:
        return cls(value)
    except ArithmeticError:
        raise ValueError("it is not a number") from None


def _fraction(cls: Any, value: Any) -> Any:
    if isinstance(value, cls):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise _not_a(cls, value)
    if isinstance(value, str) and not re.fullmatch(_FRACTION, value.strip()):  # an exponent may ask for any memory
        raise ValueError("it is written neither as 1/3 nor as 0.25")
    try:
        return cls(value)
    except ZeroDivisionError:
        raise ValueError("its denominator is zero") from None


def _uuid(cls: Any, value: Any) -> Any:
    if isinstance(value, cls):
        return value
    if not isinstance(value, str):
        raise _not_a(cls, value)
    try:
        return cls(value.strip())
    except ValueError:
        raise ValueError("it has not the form of a UUID") from None


def _path(cls: Any, value: Any) -> Any:
    if isinstance(value, cls):
        return value
    if not isinstance(value, str | os.PathLike):
        raise _not_a(cls, value)
    text = os.fspath(value)
    if not isinstance(text, str) or not text:
        raise ValueError("a path is a text, and not an empty one")
    if "\0" in text:
        raise ValueError("a path holds no NUL character")
    return cls(text)


def _path_of_text(text: str) -> str:
    """The shell expands `~` at the beginning of a word only, and not in `-p path=~/flights.csv`."""
    return os.path.expanduser(text) if text.startswith("~/") else text  # noqa: PTH111 - what it becomes is not known


_PATH = Scalar(
    _path,
    "a path",
    texts=("data/flights.csv", "data/weather.csv"),
    literals=("'data/flights.csv'", "'data/weather.csv'"),
    read_text=_path_of_text,
)
_UUIDS = ("12345678-1234-5678-1234-567812345678", "87654321-4321-8765-4321-876543218765")

_SCALARS: dict[str, Scalar] = {
    "builtins.bool": Scalar(_bool, "a bool", texts=("yes", "no"), literals=("True", "False"), read_text=read_bool),
    "builtins.int": Scalar(_int, "a whole number", texts=("3", "5"), literals=("3", "5"), read_text=_int_of_text),
    "builtins.float": Scalar(
        _float, "a number", texts=("0.5", "0.9"), literals=("0.5", "0.9"), read_text=_float_of_text
    ),
    "builtins.complex": Scalar(
        _complex, "a complex number", texts=("1+2j", "3j"), literals=("1+2j", "3j"), read_text=_complex_of_text
    ),
    "builtins.str": Scalar(_str, "a text", texts=("logistic", "forest"), literals=("'logistic'", "'forest'")),
    "builtins.bytes": Scalar(
        _bytes, "bytes", texts=("abc", "xyz"), literals=("b'abc'", "b'xyz'"), read_text=os.fsencode
    ),
    "datetime.date": Scalar(
        _date, "a date", texts=("2013-04-01", "2013-05-01"), literals=("date(2013, 4, 1)", "date(2013, 5, 1)")
    ),
    "datetime.datetime": Scalar(
        _datetime,
        "a date and time",
        texts=("2013-04-01T06:00:00", "2013-05-01T06:00:00"),
        literals=("datetime(2013, 4, 1, 6)", "datetime(2013, 5, 1, 6)"),
    ),
    "datetime.time": Scalar(
        _time, "a time of day", texts=("06:30:00", "18:00:00"), literals=("time(6, 30)", "time(18)")
    ),
    "datetime.timedelta": Scalar(
        _timedelta, "a duration", texts=("PT1H30M", "2d"), literals=("timedelta(hours=1)", "timedelta(days=2)")
    ),
    "decimal.Decimal": Scalar(
        _decimal, "an exact number", texts=("0.10", "2.50"), literals=("Decimal('0.10')", "Decimal('2.50')")
    ),
    "fractions.Fraction": Scalar(
        _fraction, "a fraction", texts=("1/3", "3/4"), literals=("Fraction(1, 3)", "Fraction(3, 4)")
    ),
    "uuid.UUID": Scalar(_uuid, "a UUID", texts=_UUIDS, literals=(f"UUID('{_UUIDS[0]}')", f"UUID('{_UUIDS[1]}')")),
    **{
        f"{module}.{name}": _PATH
        for module in ("pathlib", "pathlib._local")
        for name in ("Path", "PurePath", "PosixPath", "PurePosixPath", "PureWindowsPath")
    },
}
