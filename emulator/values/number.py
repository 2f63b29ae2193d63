"""Numbers: exact decimals of up to 38 digits, kept as text.

Clients send numbers as text and get them back as text, so the emulator also keeps them as text. It
does not use Python's Decimal, which rounds silently and is slower.

A number is represented by its *canonical* text (behaviour 2.2): no exponent, no plus sign, no
unnecessary zeros, and "0" for every zero. Two numbers are equal exactly when their canonical texts
are equal. All functions except `canonical` expect canonical texts and do not check them.

Inside this module, a number may also have one of two other forms:

- Digits without leading or trailing zeros, and the exponent of the first digit: "1200" is
  ("12", 3), and "0.05" is ("5", -2).
- An integer and a scale: 12.5 is 125 * 10**-1, so it is (125, 1).

The module also encodes a number as *sortable bytes*, which sort in the order of the numbers
(behaviour 6.2). The encoding is that of Oracle's NUMBER. The digits are in base 100: d1 is the
first digit that is not 0, and e is the exponent in |n| = 0.d1 d2 d3... * 100**e. The bytes are:

    n = 0      0x80
    n > 0      0xC0 + e, then d + 1 for each digit d
    n < 0      0x3F - e, then 101 - d for each digit d, then 0x66 if there are fewer than 20 digits
"""

import re
from typing import Final, Literal

from emulator import limits

NumberProblem = Literal["not_numeric", "overflow", "underflow", "precision"]


class NumberError(Exception):
    """A text is not a number, or is a number that DynamoDB cannot store.

    kind: the reason. text: the number as the client wrote it.
    """

    def __init__(self, kind: NumberProblem, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind: NumberProblem = kind
        self.text = text


# --- parsing --------------------------------------------------------------------------------------

# Matches the canonical text of every number except "0".
_PLAIN: Final = re.compile(r"-?(?:[1-9][0-9]*+|0(?=\.))(?:\.[0-9]*[1-9])?").fullmatch
_NON_ZERO: Final = frozenset("123456789")
_DIGITS_MAX: Final = limits.NUMBER_DIGITS

# Possessive quantifiers (`*+`) prevent backtracking, so the time is linear in the length of the
# text, which may be megabytes.
_GRAMMAR: Final = re.compile(r"([+-])?+([0-9]*+)(?:\.([0-9]*+))?+(?:[eE]([+-]?+[0-9]++))?+").fullmatch

_EXPONENT_DIGITS: Final = 19  # the number of digits of the constant _EXPONENT_MAX
_EXPONENT_MAX: Final = 2**63 - 1


def canonical(text: str) -> str:
    """Return the canonical text of a number that a client wrote.

    If `text` is already canonical, return the same object. Raises NumberError. If a number is out
    of range and also has too many digits, the error says that it is out of range (inferred).
    """
    # The fastest tests come first: whole numbers (0.15 us), positive fractions (0.35 us), all other
    # canonical texts (0.45 us), numbers with an exponent (0.9 us), all other texts (2 us).
    if 0 < len(text) <= _DIGITS_MAX and text.isascii():
        if text.isdigit() and (text[0] != "0" or text == "0"):
            return text
        if text[0] in _NON_ZERO and text[-1] in _NON_ZERO and text.replace(".", "", 1).isdigit():
            return text
        if _PLAIN(text):
            return text
        plain = _without_exponent(text)
        if plain is not None:
            return plain
    return _normalised(text)


_POWERS: Final = {
    f"{sign}{exponent}": -exponent if sign == "-" else exponent
    for exponent in range(max(limits.NUMBER_MAX_EXPONENT, -limits.NUMBER_MIN_EXPONENT) + 1)
    for sign in ("", "+", "-")
}
"""Text of an exponent, as clients usually write it -> its value, for all exponents in range."""


def _without_exponent(text: str) -> str | None:
    """Return the canonical text of a number with an exponent, such as 1.5e3.

    Return None for wrong and unusual texts, such as 0.5e1 or 1e007, which `_normalised` handles.
    """
    written, mark, power = text.partition("e")
    if not mark:
        written, mark, power = text.partition("E")
    exponent = _POWERS.get(power)
    if exponent is None:
        return None
    sign = ""
    if written[:1] == "-":
        sign, written = "-", written[1:]
    whole, _, fraction = written.partition(".")
    digits = whole + fraction
    if whole[:1] not in _NON_ZERO or not digits.isdigit():
        return None
    exponent += len(whole) - 1
    if not limits.NUMBER_MIN_EXPONENT <= exponent <= limits.NUMBER_MAX_EXPONENT:
        return None
    return sign + _plain(digits.rstrip("0"), exponent)


def _normalised(text: str) -> str:
    match = _GRAMMAR(text)
    if match is None:
        raise NumberError("not_numeric", text)
    sign, whole, fraction, power = match.groups(default="")
    written = whole + fraction
    if not written:
        raise NumberError("not_numeric", text)
    exponent = _exponent(power, text) if power else 0
    digits = written.lstrip("0")
    if not digits:
        _check_range(exponent, text)
        return "0"
    first = exponent + len(whole) - 1 - (len(written) - len(digits))
    return _finished("-" if sign == "-" else "", digits.rstrip("0"), first, text)


def _exponent(power: str, text: str) -> int:
    """Return the value of the exponent `power` in the number `text`.

    The service parses an exponent as a 64-bit integer. If the exponent has more bits, raise
    NumberError(not_numeric).
    """
    magnitude = power.lstrip("+-").lstrip("0") or "0"
    if len(magnitude) > _EXPONENT_DIGITS:
        raise NumberError("not_numeric", text)
    exponent = -int(magnitude) if power[0] == "-" else int(magnitude)
    if not -_EXPONENT_MAX - 1 <= exponent <= _EXPONENT_MAX:
        raise NumberError("not_numeric", text)
    return exponent


def _check_range(exponent: int, text: str) -> None:
    if exponent > limits.NUMBER_MAX_EXPONENT:
        raise NumberError("overflow", text)
    if exponent < limits.NUMBER_MIN_EXPONENT:
        raise NumberError("underflow", text)


def _finished(sign: str, digits: str, exponent: int, text: str) -> str:
    """Return the canonical text of a number, after checking its range and precision.

    digits, exponent: the number without its sign: 1200 is ("12", 3), and 0.05 is ("5", -2).
    text: the number as an error states it. Raises NumberError(overflow, underflow or precision).
    """
    _check_range(exponent, text)
    if len(digits) > _DIGITS_MAX:
        raise NumberError("precision", text)
    return sign + _plain(digits, exponent)


def _plain(digits: str, exponent: int) -> str:
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    point = exponent + 1
    if len(digits) <= point:
        return digits + "0" * (point - len(digits))
    return digits[:point] + "." + digits[point:]


# --- arithmetic -----------------------------------------------------------------------------------

_SHORT: Final = 10**_DIGITS_MAX


def add(left: str, right: str) -> str:
    """Return the exact sum of two numbers.

    The service does not round. If the sum is out of range or has more than 38 digits, raise
    NumberError(overflow, underflow or precision).
    """
    if "." in left or "." in right:
        return _add_fractions(left, right, 1)
    return _whole(int(left) + int(right))


def subtract(left: str, right: str) -> str:
    """Return left - right, exactly. Raises NumberError as `add` does."""
    if "." in left or "." in right:
        return _add_fractions(left, right, -1)
    return _whole(int(left) - int(right))


def _whole(total: int) -> str:
    if -_SHORT < total < _SHORT:
        return str(total)
    return _from_scaled(total, 0)


def _add_fractions(left: str, right: str, sign: int) -> str:
    left_digits, left_scale = _scaled(left)
    right_digits, right_scale = _scaled(right)
    scale = max(left_scale, right_scale)
    total = left_digits * 10 ** (scale - left_scale) + sign * right_digits * 10 ** (scale - right_scale)
    return _from_scaled(total, scale)


def _scaled(text: str) -> tuple[int, int]:
    whole, _, fraction = text.partition(".")
    return int(whole + fraction), len(fraction)


def _from_scaled(total: int, scale: int) -> str:
    if total == 0:
        return "0"
    written = str(abs(total))
    exponent = len(written) - 1 - scale
    sign = "-" if total < 0 else ""
    return _finished(sign, written.rstrip("0"), exponent, f"{total}E-{scale}")


# --- order ----------------------------------------------------------------------------------------


def order(left: str, right: str) -> int:
    """Return -1 if left is below right, 0 if they are equal, 1 if left is above right."""
    if left == right:
        return 0
    if left[0] == "-":
        return -_order_magnitudes(left[1:], right[1:]) if right[0] == "-" else -1
    return 1 if right[0] == "-" else _order_magnitudes(left, right)


def _order_magnitudes(left: str, right: str) -> int:
    """Return -1 or 1: the order of two different numbers without a sign.

    If the parts before the point have the same length, the texts sort as the numbers do.
    """
    left_point, right_point = left.find("."), right.find(".")
    left_length = len(left) if left_point < 0 else left_point
    right_length = len(right) if right_point < 0 else right_point
    if left_length == right_length:
        return 1 if left > right else -1
    return 1 if left_length > right_length else -1


def sort_numbers(texts: list[str]) -> None:
    """Sort canonical numbers in place, in ascending numeric order."""
    texts.sort(key=sort_bytes if any("." in text for text in texts) else int)


# --- sortable bytes -------------------------------------------------------------------------------

_ZERO: Final = b"\x80"
_MAX_PAIRS: Final = 20
_POSITIVE: Final = bytes((byte >> 4) * 10 + (byte & 15) + 1 for byte in range(154)).ljust(256, b"\0")
"""Table for bytes.translate, for positive numbers. It maps a byte with two decimal digits, such as
0x42 for 42, to the sortable byte of this base-100 digit: 43. _NEGATIVE is for negative numbers.
"""
_NEGATIVE: Final = bytes(102 - byte if byte else 0 for byte in _POSITIVE)
_POSITIVE_EXPONENT: Final = {pairs: bytes((0xC0 + pairs,)) for pairs in range(-64, 64)}
_NEGATIVE_EXPONENT: Final = {pairs: bytes((0x3F - pairs,)) for pairs in range(-64, 64)}


def sort_bytes(text: str) -> bytes:
    """Return at most 22 bytes that sort in the order of the numbers (see the head of this file)."""
    if text.isdigit():
        if text == "0":
            return _ZERO
        packed = bytes.fromhex(text if len(text) % 2 == 0 else "0" + text)
        return _POSITIVE_EXPONENT[len(packed)] + packed.translate(_POSITIVE).rstrip(b"\x01")
    return _sort_bytes(text)


def _sort_bytes(text: str) -> bytes:
    negative = text[0] == "-"
    whole, _, fraction = (text[1:] if negative else text).partition(".")
    if whole == "0":
        digits = fraction.lstrip("0")
        zeros = len(fraction) - len(digits)
        pairs = -(zeros // 2)
        digits = "0" + digits if zeros % 2 else digits
    else:
        pairs = (len(whole) + 1) // 2
        digits = whole + fraction if len(whole) % 2 == 0 else "0" + whole + fraction
    if len(digits) % 2:
        digits += "0"
    packed = bytes.fromhex(digits)
    if not negative:
        return _POSITIVE_EXPONENT[pairs] + packed.translate(_POSITIVE).rstrip(b"\x01")
    mantissa = packed.translate(_NEGATIVE).rstrip(b"\x65")
    return _NEGATIVE_EXPONENT[pairs] + mantissa + (b"\x66" if len(mantissa) < _MAX_PAIRS else b"")


# --- size -----------------------------------------------------------------------------------------


def stored_size(text: str) -> int:
    """Return the size of a number in an item, in bytes (behaviour 2.3).

    The size is 1 byte, plus half a byte for each digit before the point (rounded up), plus half a
    byte for each digit after the point (rounded up), plus 1 byte if the number is negative. Zeros
    at the end of a whole number and at the beginning of a number below 1 do not count.
    """
    if "." not in text:
        digits = len(text.rstrip("0"))
        return 2 + digits // 2 if text[0] == "-" else 1 + (digits + 1) // 2
    whole, _, fraction = text.partition(".")
    if whole[0] == "-":
        return 1 + _fraction_size(whole[1:], fraction)
    return _fraction_size(whole, fraction)


def plain_size(text: str) -> int:
    """Return the `stored_size` of a plain number: canonical, at least 1, at most 38 characters.

    For any other text, return 0. The caller must then parse the text. For most numbers in requests,
    one call of this function replaces three calls of other functions.
    """
    # `"1" <= text < ":"` is true if the text begins with a digit from 1 to 9.
    if "1" <= text < ":" and len(text) <= _DIGITS_MAX and text.isascii():
        if text.isdigit():
            return 1 + (len(text.rstrip("0")) + 1) // 2
        whole, _, fraction = text.partition(".")
        if whole.isdigit() and fraction.isdigit() and fraction[-1] != "0":
            return 1 + (len(whole) + 1) // 2 + (len(fraction) + 1) // 2
    return 0


SMALL_SIZES: Final = {str(number): stored_size(str(number)) for number in range(1000)}
"""Canonical text -> `stored_size`, for small whole numbers such as counts and flags. A lookup takes
a fifth of the time of `plain_size`.
"""


def _fraction_size(whole: str, fraction: str) -> int:
    if whole == "0":
        return 1 + (len(fraction.lstrip("0")) + 1) // 2
    return 1 + (len(whole) + 1) // 2 + (len(fraction) + 1) // 2
