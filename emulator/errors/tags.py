"""Errors of tags (behaviour 13)."""

from emulator.errors.base import ApiError
from emulator.errors.forms import validation


def too_many_tags() -> ApiError:
    return validation("Number of Tags exceed the current limit for the provided ResourceArn")


def no_tags(kind: str) -> ApiError:
    """Return the error for an empty list of tags or tag keys. kind: "Tag" or "Tag Key"."""
    return validation(f"Atleast one {kind} needs to be provided as Input.")  # sic: "Atleast"


def tag_set_too_large(size: int, largest: int) -> ApiError:
    """Return the error for tags whose total size is too large.

    size: the bytes of all tags that the resource would have. largest: the limit in bytes.
    """
    return validation(f"Tag set size {size} bytes is above max size limit of {largest} bytes")


def tag_key_invalid(key: str | None) -> ApiError:
    """Return the error for an invalid tag key.

    key: None if the tag has no key. The message then shows null, as in tag_value_invalid.
    """
    return validation(f"The Tag Key provided is invalid, Key: {_printed(key)}")


def tag_value_invalid(value: str | None) -> ApiError:
    return validation(f"The Tag Value provided is invalid, Value: {_printed(value)}")


def _printed(text: str | None) -> str:
    return "null" if text is None else text


def tag_key_reserved(key: str) -> ApiError:
    return validation(f"Tag Key cannot be prefixed with aws:, Key: {key}")


def duplicate_tag_key(key: str) -> ApiError:
    return validation(f"Duplicate Tag Keys provided as input: Duplicate Tag Key found {key}")
