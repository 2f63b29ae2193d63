"""Checks the tags of requests (behaviour 13).

A wrong key or value of a tag has its own error message, which differs from the message for a member
constraint. The message does not begin with `1 validation error detected: `. It shows a missing key
or value as `null`. Source: the findings ack-api-quirks, DDB-TABLE-105 to 107, 110 and 372.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Final

from emulator import errors, limits

_PUNCTUATION: Final = "+-=._:/@"
_CATEGORIES: Final = "LNZ"  # the first letters of Unicode categories: letters, numbers and spaces of any script
_RESERVED: Final = "aws:"


def check_tags(tags: Sequence[Mapping[str, str]]) -> None:
    """Raise ApiError for the first problem in the tags of one request."""
    _check_count(tags)
    seen: set[str] = set()
    for tag in tags:
        key = _checked_key(tag.get("Key"))
        value = tag.get("Value")
        if value is None or len(value) > limits.TAG_VALUE or not _is_legal(value):
            raise errors.tag_value_invalid(value)
        if key in seen:
            raise errors.duplicate_tag_key(key)
        seen.add(key)


def check_set(tags: Mapping[str, str]) -> None:
    """Raise ApiError if one resource cannot have all these tags: too many, or too large together.

    We do not know how the service counts the size of tags. We count the bytes of keys and values in
    UTF-8.
    """
    _check_count(tags)
    size = sum(len(key.encode()) + len(value.encode()) for key, value in tags.items())
    if size > limits.TAG_SET:
        raise errors.tag_set_too_large(size, limits.TAG_SET)


def check_keys(keys: Sequence[str]) -> None:
    """Raise ApiError for the first problem in the tag keys of UntagResource."""
    _check_count(keys)
    for key in keys:
        _checked_key(key)


def _check_count(tags: Sized) -> None:
    if len(tags) > limits.TAGS_PER_RESOURCE:
        raise errors.too_many_tags()


def _checked_key(key: str | None) -> str:
    if not key or len(key) > limits.TAG_KEY or not _is_legal(key):
        raise errors.tag_key_invalid(key)
    if key[: len(_RESERVED)].lower() == _RESERVED:
        raise errors.tag_key_reserved(key)
    return key


def _is_legal(text: Iterable[str]) -> bool:
    return all(character in _PUNCTUATION or unicodedata.category(character)[0] in _CATEGORIES for character in text)
