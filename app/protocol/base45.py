"""Base45 (RFC 9285): bytes as the characters that a QR code packs tightest."""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {char: value for value, char in enumerate(ALPHABET)}


def encode(raw: bytes) -> str:
    """Return the text: 3 characters for 2 bytes, 2 for a last odd one."""
    out: list[str] = []
    for at in range(0, len(raw) - 1, 2):
        high, rest = divmod(raw[at] << 8 | raw[at + 1], 45 * 45)
        middle, low = divmod(rest, 45)
        out += ALPHABET[low], ALPHABET[middle], ALPHABET[high]
    if len(raw) % 2:
        high, low = divmod(raw[-1], 45)
        out += ALPHABET[low], ALPHABET[high]
    return "".join(out)


def decode(text: str) -> bytes:
    """Return the bytes.

    Raises:
        ValueError: a strange character, an impossible length or group.
    """
    try:
        digits = [_VALUES[char] for char in text]
    except KeyError as wrong:
        raise ValueError("not a base45 character") from wrong
    out = bytearray()
    for at in range(0, len(digits), 3):
        group = digits[at : at + 3]
        value = sum(digit * 45**place for place, digit in enumerate(group))
        size = len(group) - 1
        if size == 0 or value >= 256**size:
            raise ValueError("not a base45 group")
        out += value.to_bytes(size, "big")
    return bytes(out)
