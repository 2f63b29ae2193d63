"""The registry runs an operation's check before its handler."""

import pytest

from emulator.errors import ApiError
from emulator.operations.parameters import check_values
from emulator.operations.registry import Operation

BAD = {"TableName": "toys", "Item": {"pk": {"N": "not a number"}}}
GOOD = {"TableName": "toys", "Item": {"pk": {"N": "1"}}}


def toy(check):
    """Return an operation with PutItem's requests and a check, and the list of requests that its
    handler gets.
    """
    seen = []

    def handler(_database, _caller, request, _prepared):
        seen.append(request)
        return b"{}"

    return Operation("PutItem", check, handler, enveloped=False), seen


@pytest.mark.parametrize("check", [None, lambda _request: None], ids=["no check", "a check that forgets"])
def test_a_handler_never_sees_problems_that_were_not_reported(check):
    operation, seen = toy(check)
    with pytest.raises(AssertionError, match="the check of PutItem"):
        operation.run(None, None, BAD)
    assert seen == []
    assert operation.run(None, None, GOOD) == b"{}"
    assert seen == [GOOD]


def test_a_check_may_raise_the_problem():
    operation, seen = toy(lambda request: check_values(request, "new"))
    with pytest.raises(ApiError, match="cannot be converted to a numeric value"):
        operation.run(None, None, BAD)
    assert seen == []


def test_a_check_may_report_problems_elsewhere():
    """BatchExecuteStatement reports a problem in the result of the statement that has it."""
    operation, seen = toy(lambda request: request.mark_reported())
    assert operation.run(None, None, BAD) == b"{}"
    assert len(seen) == 1
