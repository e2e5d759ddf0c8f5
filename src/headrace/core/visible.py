"""Text of users and their libraries as a terminal or a page may see it: what would steer them is shown, not obeyed."""

import re

# controls, marks that turn the direction of writing, what has no width or ends a line, halves of characters
_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_COLOUR = re.compile("\x1b\\[[0-9;:]*m")
_RESET = "\x1b[0m"
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


def visible(text: str, *, keep: str = "") -> str:
    """The text with each character that a terminal would obey written as an escape (`\\x1b`, `\\n`, `\\u202e`).

    `keep` are characters that stay, such as the newlines of a traceback.
    """
    if text.isprintable():
        return text
    return _STEERING.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def visible_line(text: str, *, is_coloured: bool) -> str:
    """A line that a step has printed: its colours stay on a terminal and are left out elsewhere, the rest is shown."""
    if "\x1b[" not in text:
        return visible(text, keep="\t")
    if not is_coloured:
        return visible(_COLOUR.sub("", text), keep="\t")
    colours = [*_COLOUR.findall(text), _RESET]
    parts = _COLOUR.split(text)
    return "".join(visible(part, keep="\t") + colour for part, colour in zip(parts, colours, strict=True))


def in_html(text: str) -> str:
    """The text for a page: as `html.escape` has it, without loading a table of all names."""
    return text.translate(_ENTITIES)


def _escape(character: str) -> str:
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
