"""A broken policy document gets an error of the service; no other exception is raised.

EXAMPLES=100 makes the run a hundred times as long, and different each time.
"""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import ApiError
from emulator.policies import canonical
from emulator.policies.parsing import parsed
from tests.support import malformed
from tests.support.profile import profile

_TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/t"
_SEED: dict[str, Any] = {
    "Version": "2012-10-17",
    "Id": "i",
    "Statement": [
        {
            "Sid": "a",
            "Effect": "Allow",
            "Principal": {"AWS": ["123456789012", "arn:aws:iam::123456789012:role/r"], "Service": "s.amazonaws.com"},
            "Action": ["dynamodb:Get*", "dynamodb:Query"],
            "Resource": [_TABLE, _TABLE + "/index/*"],
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": ["o-1"]}, "Bool": {"aws:SecureTransport": True}},
        },
        {"Effect": "Deny", "NotPrincipal": "*", "NotAction": "dynamodb:*", "NotResource": "*"},
    ],
}


def _perhaps_mangled(body: bytes) -> st.SearchStrategy[bytes]:
    return st.one_of(st.just(body), malformed.mangled(body))


def test_broken_documents() -> None:
    @profile(400)
    @given(body=malformed.mutated(_SEED).map(malformed.encode).flatmap(_perhaps_mangled))
    def throw(body: bytes) -> None:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return
        try:
            policy = parsed(text, "table")
        except ApiError:
            return
        stored = canonical.text_of(policy)
        assert canonical.text_of(parsed(stored, "table")) == stored, "the canonical form is a fixed point"
        assert json.loads(canonical.shown(stored))["Version"]
        policy.denies("dynamodb:PutResourcePolicy", _TABLE, "arn:aws:iam::123456789012:root", "123456789012")

    throw()
