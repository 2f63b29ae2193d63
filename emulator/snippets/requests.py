"""What all writers of requests share."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, NamedTuple

Call = tuple[str, Mapping[str, Any]]
"""An operation and its request."""


class Target(NamedTuple):
    """The endpoint that a program calls."""

    url: str
    region: str
    access_key: str


class Binary(bytes):
    """A binary value, which a request has as Base64."""

    __slots__ = ()


def with_binaries(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a request whose binary attribute values are `Binary`.

    Only an attribute value is an object whose one member is `B` or `BS` with texts.
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
