"""Errors of attribute values (behaviour 2.1)."""

from collections.abc import Sequence
from typing import Final

from emulator.errors.base import About, ApiError
from emulator.errors.forms import INVALID_PARAMETERS, validation

NUMBER_OVERFLOW: Final = "Number overflow. Attempting to store a number with magnitude larger than supported range"
NUMBER_UNDERFLOW: Final = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
NUMBER_PRECISION: Final = "Attempting to store more than 38 significant digits in a Number"
VALUE_EMPTY: Final = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
VALUE_AMBIGUOUS: Final = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
)
NULL_FALSE: Final = INVALID_PARAMETERS + "Null attribute value types must have the value of true"
EMPTY_STRING_SET: Final = INVALID_PARAMETERS + "An string set  may not be empty"  # sic: "An", and two spaces
EMPTY_NUMBER_SET: Final = INVALID_PARAMETERS + "An number set  may not be empty"  # sic: "An", and two spaces
EMPTY_BINARY_SET: Final = INVALID_PARAMETERS + "Binary sets should not be empty"
EMPTY_ATTRIBUTE_NAME: Final = "Empty attribute name"
VALUES_TOO_LARGE: Final = "ExpressionAttributeValues size has exceeded the maximum allowed size"  # inferred text
ATTRIBUTE_NAME_TOO_LONG: Final = (
    INVALID_PARAMETERS + "Attribute name is too large, must be less than or equal to 65535 bytes"
)
_COLLECTION: Final = INVALID_PARAMETERS + "Input collection"
NESTING: Final = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)


def nesting(*, about: About = "request") -> ApiError:
    """Return the error for a value that is nested too deeply.

    about: "item" if the value results from an update, "request" if the request contains it.
    """
    return validation(NESTING, about=about)


def empty_attribute_name() -> ApiError:
    """Return the error for an empty attribute name.

    It never has the prefix "1 validation error detected: " (behaviour 2.1).
    """
    return validation(EMPTY_ATTRIBUTE_NAME, bare=True)


def attribute_name_too_long() -> ApiError:
    return validation(ATTRIBUTE_NAME_TOO_LONG)


def value_ambiguous() -> ApiError:
    return validation(VALUE_AMBIGUOUS)


def wrong_value(text: str) -> ApiError:
    """Return the error for a wrong attribute value.

    text: a constant of this module, or a text that a function of this module returns.
    """
    return validation(text, bare=text is EMPTY_ATTRIBUTE_NAME)


def number_text(kind: str, written: str, *, old: bool = False) -> str:
    """Return the message for a bad number.

    kind: not_numeric, overflow, underflow or precision.
    written: the number as the request has it.
    old: True for the service's OLD wording (behaviour 2.1), which does not show an empty number.
    """
    if kind == "not_numeric":
        suffix = "" if old and not written else f": {written}"
        return f"The parameter cannot be converted to a numeric value{suffix}"
    return {"overflow": NUMBER_OVERFLOW, "underflow": NUMBER_UNDERFLOW, "precision": NUMBER_PRECISION}[kind]


def duplicates_text(tag: str, members: Sequence[str], *, old: bool = False) -> str:
    """Return the message for a set with a repeated member.

    tag: SS, NS or BS.
    members: all members of the set, in the order in which the message lists them.
    old: True for the service's OLD wording (behaviour 2.1), which has another form.
    """
    if tag == "NS":
        return "Input collection contains duplicates" if old else f"{_COLLECTION} contains duplicates."
    printed = members if old else [f'"{member}"' for member in members]
    if tag == "BS":
        return f"{_COLLECTION} [{(', ' if old else ',').join(printed)}]of type BS contains duplicates."  # sic: "]of"
    return f"{_COLLECTION} [{', '.join(printed)}] contains duplicates."
