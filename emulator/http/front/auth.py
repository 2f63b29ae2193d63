"""Finds the caller's access key and region in a request's SigV4 credentials.

Source: behaviour 1.4, points 7 to 9.

Signatures are not verified: any secret key is accepted.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from emulator import errors

_HEADER_PARTS = ("Credential", "Signature", "SignedHeaders")
_QUERY_PARTS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
_DEFAULT_REGION = "us-east-1"
_BETWEEN_PARTS = re.compile(r"[\s,]+")  # separates the parts of an Authorization header (behaviour 1.4)


class Credentials(NamedTuple):
    """The access key and region of a credential scope."""

    access_key: str
    region: str


def credentials(headers: Mapping[bytes, bytes], query: bytes) -> Credentials:
    """Return the request's credentials.

    Raises ApiError if they are missing or incomplete, or if both the Authorization header and the
    query have credentials.
    """
    header = headers.get(b"authorization")
    # The query counts as signed if it has X-Amz-Algorithm, even without a value (behaviour 1.4).
    in_query = b"X-Amz-Algorithm" in query and "X-Amz-Algorithm" in _members(query)
    if header is not None and in_query:
        raise errors.signed_twice()
    if in_query:
        return _from_query(query)
    if header is None or not header.startswith(b"AWS4-"):
        raise errors.missing_authentication_token()
    return _from_header(header.decode("latin-1"), dated=b"x-amz-date" in headers or b"date" in headers)


def _from_header(value: str, *, dated: bool) -> Credentials:
    fields = value.partition(" ")[2]
    parts = dict(field.partition("=")[::2] for field in _BETWEEN_PARTS.split(fields))
    missing = [part for part in _HEADER_PARTS if not parts.get(part)]
    if missing or not dated:
        raise errors.incomplete_authorization(missing, value, dated=dated)
    return _scope(parts["Credential"])


def _from_query(query: bytes) -> Credentials:
    parts = _members(query)
    missing = [part for part in _QUERY_PARTS if not parts.get(part)]
    if missing:
        raise errors.incomplete_query_authorization(missing)
    return _scope(parts["X-Amz-Credential"])


def _members(query: bytes) -> dict[str, str]:
    return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))


def _scope(credential: str) -> Credentials:
    """Return the access key and region of a credential.

    credential: `<access key>/<date>/<region>/dynamodb/aws4_request`. If the region is missing, the
    result has us-east-1.
    """
    access_key, *rest = credential.split("/")
    return Credentials(access_key, rest[1] if len(rest) > 1 and rest[1] else _DEFAULT_REGION)


_CREDENTIAL = re.compile(rb"Credential=([^,\s]+)")


def signed_for(headers: Mapping[bytes, bytes], query: bytes) -> str | None:
    """Return the service in a request's credential scope, such as `sts`; None without a scope."""
    found = _CREDENTIAL.search(headers.get(b"authorization", b""))
    credential = found[1].decode("latin-1") if found else _members(query).get("X-Amz-Credential", "")
    scope = credential.split("/")
    return scope[-2] or None if len(scope) > 2 and scope[-1] == "aws4_request" else None  # noqa: PLR2004
