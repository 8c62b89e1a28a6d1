"""Crockford base32: big numbers as text that people can read to each other; case and look-alikes do not matter."""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK_ALPHABET = ALPHABET + "*~$=U"
_FORGIVING = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_VALUES = {char: value for value, char in enumerate(ALPHABET)}
TEXT_MAX = 128


def encode(value: int, length: int) -> str:
    """Return `value` as exactly `length` characters.

    Raises:
        ValueError: it does not fit.
    """
    if not 0 <= value < 1 << 5 * length:
        raise ValueError("value does not fit")
    return "".join(ALPHABET[value >> 5 * place & 31] for place in reversed(range(length)))


def tidy(text: str) -> str:
    """Return the text in capitals, with O as 0, I and L as 1, dashes and blanks dropped; too long text unchanged."""
    # Only ASCII is folded: upper() turns some other letters (such as a long s) into ASCII ones.
    return text.upper().translate(_FORGIVING) if len(text) <= TEXT_MAX and text.isascii() else text


def decode_or_none(text: str, length: int) -> int | None:
    """Return the number in a code of `length` characters after `tidy`, None if it is none."""
    clean = tidy(text)
    if len(clean) != length:
        return None
    value = 0
    for char in clean:
        digit = _VALUES.get(char)
        if digit is None:
            return None
        value = value << 5 | digit
    return value


def decode(text: str, length: int) -> int:
    """Return the number in a code of `length` characters.

    Raises:
        ValueError: it is none.
    """
    value = decode_or_none(text, length)
    if value is None:
        raise ValueError("not Crockford base32")
    return value


def check_symbol(value: int) -> str:
    """Return the check symbol: the remainder by 37, as Crockford defines it."""
    return CHECK_ALPHABET[value % 37]
