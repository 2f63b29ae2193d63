"""Types and functions that several modules of this package use."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, NamedTuple

Call = tuple[str, Mapping[str, Any]]
"""The name of an operation, and its request."""


class Target(NamedTuple):
    """The server that the written code calls."""

    url: str
    region: str
    access_key: str


class Binary(bytes):
    """The bytes of a binary value. Requests contain them as Base64 text."""

    __slots__ = ()


def with_binaries(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Return a copy of a request with a `Binary` in place of the Base64 text of each binary value.

    A binary value is an object whose only member is `B` with a text or `BS` with a list. No other
    object in a request has this form.
    """
    if isinstance(value, list):
        return [with_binaries(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    if value.keys() == {"B"} and isinstance(value["B"], str):
        return {"B": Binary(b64decode(value["B"]))}
    if value.keys() == {"BS"} and isinstance(value["BS"], list):
        return {"BS": [Binary(b64decode(each)) for each in value["BS"]]}
    return {name: with_binaries(each) for name, each in value.items()}
