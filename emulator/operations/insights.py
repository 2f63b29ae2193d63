"""UpdateContributorInsights, DescribeContributorInsights, ListContributorInsights.

See control-plane 12. Contributor Insights counts how often requests use each key. A table and each
of its global indexes have separate settings, in their definitions. database/throughput/insights.py
counts the keys. The control `insights` shows the counts.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions.insights import ALL_KEYS, InsightsSetting
from emulator.database.definitions.tables import CREATING, IndexDefinition, TableDefinition
from emulator.model.request import Request
from emulator.operations.registry import Response, operation

Relation = TableDefinition | IndexDefinition
"""A table, or one of its global indexes."""

_RULES: Final = 100  # the maximum number of CloudWatch rules that an account may have in a region
_PAGE: Final = 100

_FAILURE: Final = {
    "ExceptionName": "LimitExceededException",
    "ExceptionDescription": (
        "Amazon CloudWatch Contributor Insights rule limit reached. Please disable Contributor Insights for other "
        "tables/indexes OR disable other CloudWatch Contributor Insights rules before retrying."
    ),
}


@operation("UpdateContributorInsights")
def update_insights(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Start or stop counting the keys of a table or index.

    The response has the status ENABLING or DISABLING. If the request changes nothing, the response
    has the current status.
    """
    definition = database.described(caller, request["TableName"]).definition
    relation = _relation(definition, request.get("IndexName"))
    if relation.status == CREATING:
        raise errors.insights_not_active("Table" if relation is definition else "Index")
    enabled = request["ContributorInsightsAction"] == "ENABLE"
    before = relation.insights
    mode = request.get("ContributorInsightsMode", ALL_KEYS)
    if not enabled:
        mode = ALL_KEYS if before is None else before.mode
    if _is_same(before, mode, enabled=enabled):
        return _summary(database, definition, relation)
    now = database.clock.now()
    setting = InsightsSetting(enabled, mode, now, database.catalog.until())
    if enabled and _rules(database, caller, definition, relation, setting) > _RULES:
        setting = replace(setting, failed=True)
    changed = replace(relation, insights=setting)
    if isinstance(changed, TableDefinition):
        database.catalog.change(changed)
    else:
        indexes = tuple(changed if index.id == changed.id else index for index in definition.indexes)
        database.catalog.change(replace(definition, indexes=indexes))
    return _summary(database, definition, changed) | {"ContributorInsightsStatus": setting.status(settled=False)}


@operation("DescribeContributorInsights")
def describe_insights(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Describe the Contributor Insights setting of a table or index.

    If it was never set, the description has the status DISABLED, and neither time nor mode.
    """
    definition = database.described(caller, request["TableName"]).definition
    relation = _relation(definition, request.get("IndexName"))
    described = _summary(database, definition, relation)
    setting = relation.insights
    if setting is None:
        return described
    described["LastUpdateDateTime"] = setting.changed
    if described["ContributorInsightsStatus"] == "FAILED":
        described["FailureException"] = _FAILURE
    elif setting.counts:
        described["ContributorInsightsRuleList"] = list(_rule_names(definition, relation, setting))
    return described


@operation("ListContributorInsights")
def list_insights(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return a page of the Contributor Insights settings of one table, or of all tables.

    Tables and indexes with the status DISABLED are left out. A table comes before its indexes.
    """
    names = [*caller.tables]
    if "TableName" in request:
        names = [database.described(caller, request["TableName"]).name]
    after = _position(request["NextToken"]) if "NextToken" in request else ("", "")
    limit = request.get("MaxResults", _PAGE)
    summaries: list[dict[str, Any]] = []
    for definition, relation in _relations(database, caller, sorted(names)):
        rank = (definition.name, "" if relation is definition else relation.name)
        summary = _summary(database, definition, relation)
        if rank <= after or summary["ContributorInsightsStatus"] == "DISABLED":
            continue
        if len(summaries) == limit:
            return {"ContributorInsightsSummaries": summaries, "NextToken": _token(*after)}
        summaries.append(summary)
        after = rank
    return {"ContributorInsightsSummaries": summaries}


def _is_same(before: InsightsSetting | None, mode: str, *, enabled: bool) -> bool:
    """Return True if a request does not change the Contributor Insights setting `before`.

    If the setting has failed, a request that enables it again does change it.
    mode: the mode that the request asks for.
    enabled: True if the request enables the setting.
    """
    if before is None:
        return not enabled
    if not enabled:
        return not before.enabled
    return before.counts and before.mode == mode


def _relation(definition: TableDefinition, index: str | None) -> Relation:
    """Return the table if `index` is None, otherwise the table's global index with this name.

    Raises ResourceNotFoundException if the table has no such global index.
    """
    if index is None:
        return definition
    for each in definition.indexes:
        if each.name == index and not each.local:
            return each
    raise errors.insights_index_missing(index, definition.name)


def _relations(database: Database, caller: Caller, names: list[str]) -> Iterator[tuple[TableDefinition, Relation]]:
    """Yield a pair for each table, and then for each of its global indexes in the order of names.

    A pair has the definition of the table, and the table or index.
    """
    for name in names:
        table = database.catalog.find(caller, name, expected=False)
        if table is None:
            continue
        definition = table.definition
        yield definition, definition
        for index in sorted(definition.indexes, key=lambda index: index.name):
            if not index.local:
                yield definition, index


def _rules(
    database: Database, caller: Caller, definition: TableDefinition, relation: Relation, setting: InsightsSetting
) -> int:
    """Return how many CloudWatch rules the account would have after a change of a setting.

    relation: the table or global index that gets the new setting.
    definition: the definition of the table, also for an index.
    setting: the new setting.
    """
    count = len(list(_rule_names(definition, relation, setting)))
    for table, each in _relations(database, caller, [*caller.tables]):
        if each.id != relation.id and each.insights is not None and each.insights.counts:
            count += len(list(_rule_names(table, each, each.insights)))
    return count


def _rule_names(definition: TableDefinition, relation: Relation, setting: InsightsSetting) -> Iterator[str]:
    index = None if isinstance(relation, TableDefinition) else relation.name
    return setting.rules(definition.name, index, sort_key=bool(relation.range))


def _summary(database: Database, definition: TableDefinition, relation: Relation) -> dict[str, Any]:
    summary: dict[str, Any] = {"TableName": definition.name}
    if isinstance(relation, IndexDefinition):
        summary["IndexName"] = relation.name
    setting = relation.insights
    if setting is None:
        return summary | {"ContributorInsightsStatus": "DISABLED"}
    summary["ContributorInsightsStatus"] = setting.status(settled=database.catalog.has_passed(setting.until))
    summary["ContributorInsightsMode"] = setting.mode
    return summary


# --- NextToken ------------------------------------------------------------------------------------

_SEPARATOR: Final = "/"  # the names of tables and indexes cannot contain it


def _token(table: str, index: str) -> str:
    return base64.b64encode(f"{table}{_SEPARATOR}{index}".encode()).decode()


def _position(token: str) -> tuple[str, str]:
    """Return a pair from a page's NextToken: table name, and index name ("" for the table itself).

    The page begins after this table or index.

    Raises ValidationException if the token is malformed.
    """
    try:
        table, separator, index = base64.b64decode(token, validate=True).decode().partition(_SEPARATOR)
    except (binascii.Error, ValueError):
        raise errors.insights_token_invalid(token) from None
    if not separator:
        raise errors.insights_token_invalid(token)
    return table, index
