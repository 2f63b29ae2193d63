"""Wording of messages for people."""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 item` or `2,000 items`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
