"""Finds why a request failed, if the service's error message does not give the reason.

The service's messages lack facts that a developer needs: which limit throttled a request, that a
table exists under another access key, which condition was not met. A reason may quote an expression
of the request. This shows no values of items, because expressions have placeholders instead of
values.
"""

from collections.abc import Callable, Mapping
from typing import Final

from emulator.app import Emulator
from emulator.database.definitions.tables import IndexDefinition, TableDefinition
from emulator.database.schema.table import Table
from emulator.database.throughput.throttle import PARTITION_UNITS
from emulator.http.front.answers import NO_ANSWER, REFUSALS
from emulator.http.front.observed import Exchange
from emulator.http.observing.summary import FIRST_ERROR, Body, Summary

_EXPRESSION: Final = 300  # the maximum number of characters of an expression that a reason quotes
_PARTITION: Final = "KeyRangeThroughputExceeded"
_CONFLICT: Final = (
    "a test declared a transaction in progress, with the control `transactions` or with --ongoing-transaction"
)

_SEE_FAULTS: Final = "the control `faults` lists the faults in force"
_OF_FAULTS: Final = frozenset(
    (
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
    )
)
"""Codes of errors that faults can cause. While faults are in force, the reason mentions them."""


class Reasons:
    """Explains why requests to an emulator failed."""

    def __init__(self, emulator: Emulator) -> None:
        self._database = emulator.database
        self._settings = emulator.settings
        self._caller = emulator.caller
        self._emulator = emulator
        self._by_code: Mapping[str, Callable[[Body, Body, Summary], str | None]] = {
            "ProvisionedThroughputExceededException": self._throttled,
            "ThrottlingException": self._throttled,
            "ResourceNotFoundException": self._missing,
            "ConditionalCheckFailedException": _condition,
            "TransactionConflictException": lambda *_: _CONFLICT,
            "TransactionInProgressException": lambda *_: _CONFLICT,
            "TransactionCanceledException": _canceled,
            "InternalServerError": lambda *_: "the server failed: its log says why",
        }

    def explain(self, exchange: Exchange, request: Body, answer: Body, summary: Summary) -> str | None:
        """Return the reason why a request failed, or None if the error's message is enough.

        request, answer: the parsed bodies. If the answer of a batch operation lists unprocessed
        parts, the reason says why they were not processed.
        """
        if not exchange.method:
            return REFUSALS.get(exchange.answer.status)
        if exchange.answer.status < FIRST_ERROR:
            return self._left_out(answer, summary)
        if exchange.answer.status == NO_ANSWER.status:
            return f"a fault closed the connection: {_SEE_FAULTS}"
        if self._has_faults() and summary.get("Code") in _OF_FAULTS:
            return f"a fault may have caused this error: {_SEE_FAULTS}"
        find = self._by_code.get(summary.get("Code", ""))
        return None if find is None else find(request, answer, summary)

    def _has_faults(self) -> bool:
        return self._emulator.has_faults and self._emulator.faults.in_force

    def _throttled(self, _request: Body, answer: Body, _summary: Summary) -> str | None:
        """Return a text about the limit that throttled a request, or None if the limit is unknown.

        The text names the table or index, and the flag or control that enforces the limit.
        """
        found = answer.get("ThrottlingReasons") or answer.get("throttlingReasons")
        if not isinstance(found, list) or not found:
            return None
        reason, arn = found[0]["reason"], found[0]["resource"]
        table_arn, _, index = arn.partition("/index/")
        table = next((each for each in self._database.catalog.everything() if each.arn == table_arn), None)
        if table is None:
            return f"{reason} of {arn}"
        what = f"index {index} of table {table.name}" if index else f"table {table.name}"
        return f"{reason}: {what} has {_limit(table, index, reason)}; {self._enforced_by(table)}"

    def _enforced_by(self, table: Table) -> str:
        if self._database.enforcer.is_declared(table):
            return "the control `throttling` enforces this limit for this table"
        if self._settings.enforce_throughput:
            return "--enforce-throughput enforces this limit"
        return "the control `throttling` enforces the limits of all tables"

    def _left_out(self, answer: Body, summary: Summary) -> str | None:
        """Return a text: for each table, how many parts of a batch were not processed, and why.

        Return None if all parts were processed.
        """
        reads = "UnprocessedKeys" in answer
        left = answer.get("UnprocessedKeys" if reads else "UnprocessedItems")
        if not isinstance(left, dict) or not left or "AccessKey" not in summary:
            return None
        tables = self._caller(summary["AccessKey"], summary["Region"]).tables
        found = []
        for name, rest in left.items():
            count = len(rest["Keys"] if reads else rest)
            table = tables.get(name)
            if self._has_faults() and table is not None:
                found.append(f"{count} of {name}, perhaps because of a fault: {_SEE_FAULTS}")
            elif table is None or table.enforcement is None or table.enforcement.throttle is None:
                found.append(f"{count} of {name}: the answer has its full size of 16 MB")
            else:
                limit = _limit(table, "", "Read" if reads else "Write")
                found.append(f"{count} of {name}, which has {limit}; {self._enforced_by(table)}")
        return f"not processed: {'; '.join(found)}"

    def _missing(self, _request: Body, _answer: Body, summary: Summary) -> str | None:
        """Return a text that says under which other access keys and regions the table exists.

        Return None if no other access key or region has the table.
        """
        if "AccessKey" not in summary:
            return None
        caller = self._caller(summary["AccessKey"], summary["Region"])
        for name in summary.get("Tables", ()):
            where = None if name in caller.tables else self._database.catalog.elsewhere(name)
            if where:
                return f"table {name} exists {where}"
        return None


def _limit(table: Table, index: str, reason: str) -> str:
    """Return the limit that throttled a request, such as "a maximum of 5 read units a second".

    reason: one of the service's throttling reasons, such as TableReadProvisionedThroughputExceeded,
    or only Read or Write. index: "" means the table itself.
    """
    kind = "read" if "Read" in reason else "write"
    if _PARTITION in reason:
        most = PARTITION_UNITS["Read" if kind == "read" else "Write"]
        return f"a hot partition key: one partition has at most {most:.0f} {kind} units a second"
    definition = table.definition
    part: TableDefinition | IndexDefinition | None = definition
    if index:
        part = next((each for each in definition.indexes if each.name == index), None)
    if part is None:
        return "used up its throughput"
    if definition.billing_mode == "PAY_PER_REQUEST":
        units = part.on_demand.get(f"Max{kind.title()}RequestUnits")
        return f"a maximum of {units} {kind} units a second"
    return f"{part.read_units if kind == 'read' else part.write_units} provisioned {kind} units a second"


def _condition(request: Body, _answer: Body, _summary: Summary) -> str | None:
    """Return a text with the request's ConditionExpression, which was not met.

    Return None if the request has no ConditionExpression.
    """
    text = request.get("ConditionExpression")
    if isinstance(text, str):
        return f"the condition was: {text[:_EXPRESSION]}{'...' if len(text) > _EXPRESSION else ''}"
    return None


def _canceled(request: Body, answer: Body, _summary: Summary) -> str | None:
    """Return a text about each failed action of a transaction: position, kind, table and error."""
    actions, reasons = request.get("TransactItems"), answer.get("CancellationReasons")
    if not isinstance(reasons, list):
        return None
    found = []
    for position, reason in enumerate(reasons):
        if reason.get("Code", "None") == "None":
            continue
        text = f"action {position + 1}: {reason['Code']}"
        if isinstance(actions, list) and position < len(actions):
            ((kind, action),) = actions[position].items()
            text = f"action {position + 1}, {kind} on {action.get('TableName')}: {reason['Code']}"
            if reason["Code"] == "ConditionalCheckFailed" and (condition := _condition(action, answer, {})):
                text += f"; {condition}"
        found.append(text)
    if any(reason.get("Code") == "TransactionConflict" for reason in reasons):
        found.append(_CONFLICT)
    return "; ".join(found) or None
