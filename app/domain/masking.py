"""How personal values look where they are not needed in full (trust.md section 2)."""

from __future__ import annotations


def mask_phone(phone: str) -> str:
    """Return `138****5678`; the middle is hidden, and all but the last two of a short number."""
    digits = "".join(char for char in phone if char.isdigit())
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    if len(digits) < 8:
        return "*" * max(len(digits) - 2, 0) + digits[-2:] if len(digits) > 2 else "*" * len(digits)
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"


def phone_tail(phone: str) -> str:
    """Return the last four digits, or fewer if there are fewer."""
    return "".join(char for char in phone if char.isdigit())[-4:]


def mask_name(name: str) -> str:
    """Return `王*` for two characters, `王*明` for more, `A***` for a name in Latin letters."""
    text = name.strip()
    if len(text) < 2:
        return "*" * len(text)
    if text[0].isascii():
        return text[0] + "***"
    return text[0] + "*" if len(text) == 2 else text[0] + "*" * (len(text) - 2) + text[-1]
