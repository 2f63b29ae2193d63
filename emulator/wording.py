"""Functions that write numbers for messages to people."""

from math import floor


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 item` or `2,000 items`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def amount_text(amount: float) -> str:
    """Return an amount with at most two decimals, such as `1,500` or `0.84`.

    The amount is rounded down, because 0.999 units are not enough for a request of 1 unit.
    """
    return f"{floor(amount * 100) / 100:,.2f}".rstrip("0").rstrip(".")
