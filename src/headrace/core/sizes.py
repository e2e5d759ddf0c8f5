"""Sizes in bytes as people write them: `4GiB`, `512 MB`, or a plain number."""

_UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}


def bytes_of(size: object) -> int:
    """Bytes of a size: a number of them, or text with a unit; raises ValueError."""
    if isinstance(size, int | float) and not isinstance(size, bool):
        return int(size)
    text = size.strip().upper() if isinstance(size, str) else ""
    unit = text.lstrip("0123456789. ")
    try:
        return int(float(text.removesuffix(unit)) * _UNITS[unit])
    except (KeyError, ValueError):
        raise ValueError(f"{size!r} is no size; write '4GiB', '512MB' or a number of bytes") from None
