"""The permissions that requests needed, and the smallest IAM policy that has them.

A read or write of an item needs an action on the ARN of its table or index. A transaction needs the
actions of its parts. A statement of PartiQL needs an action such as PartiQLSelect. If all requests
with one action on one table named few partition keys, the policy allows only these keys, with the
condition key `dynamodb:LeadingKeys`. IAM has no resources for actions that list something, so the
policy names the resource `*` for them. A restore also needs the actions that read and write the new
table.

Sources: Service Authorization Reference, "Actions, resources, and condition keys for Amazon
DynamoDB"; Developer Guide, "IAM policy conditions for fine-grained access control", "IAM policies
with PartiQL for DynamoDB" and "Using IAM with DynamoDB backup and restore".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from emulator.advisor.calls import Access, Call
from emulator.advisor.tables import KnownTables
from emulator.advisor.tally import EVERYBODY

Needed = tuple[str, str, str, str]
"""Access key, region, action and resource."""

Row = Sequence[Any]
"""A needed permission, as JSON for another process.

It has the parts of `Needed`, and then the partition keys, or None for all partition keys.
"""

_FEW: Final = 10  # partition keys; if more were used, the policy allows all keys
_LONGEST: Final = 200  # characters; if a longer partition key was used, the policy allows all keys
_MOST: Final = 5_000  # needed permissions; when there are more, equal permissions of different callers are merged

_STATEMENTS: Final[Mapping[str, str]] = {
    "GetItem": "PartiQLSelect",
    "Query": "PartiQLSelect",
    "Scan": "PartiQLSelect",
    "ConditionCheckItem": "PartiQLSelect",
    "PutItem": "PartiQLInsert",
    "UpdateItem": "PartiQLUpdate",
    "DeleteItem": "PartiQLDelete",
}
"""The native action that a statement runs as -> the IAM action that the statement needs."""
_BATCHES: Final = frozenset(("BatchGetItem", "BatchWriteItem"))
_TABLES: Final = ("TableName", "TargetTableName", "SourceTableName", "GlobalTableName")
_ARNS: Final = (
    "ResourceArn",
    "StreamArn",
    "BackupArn",
    "TableArn",
    "SourceTableArn",
    "ExportArn",
    "ImportArn",
)
_WITHOUT_RESOURCE: Final = frozenset(
    (
        "DescribeEndpoints",
        "DescribeLimits",
        "ListBackups",
        "ListContributorInsights",
        "ListExports",
        "ListGlobalTables",
        "ListImports",
        "ListStreams",
        "ListTables",
    )
)
_RESTORES: Final = frozenset(("RestoreTableFromBackup", "RestoreTableToPointInTime"))
_OF_RESTORES: Final = ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
"""The actions that a restore needs on the new table, besides its own action."""
_WITH_STREAM: Final = "GetRecords"
"""The operation whose request names a stream only indirectly, by a shard iterator."""
_DENIED: Final = frozenset(("ValidationException", "SerializationException", "UnknownOperationException"))
"""Errors that mean that a request is wrong. Wrong requests need no permission."""


class Permissions:
    """The permissions that the calls of a process needed.

    account_of: a function that returns the account of an access key.
    """

    def __init__(self, tables: KnownTables, account_of: Callable[[str], str]) -> None:
        self._tables = tables
        self._account_of = account_of
        self._needed: dict[Needed, set[str] | None] = {}

    def see(self, call: Call) -> None:
        """Note the permissions that a call needed."""
        accesses = call.accesses or call.attempted
        for access in accesses:
            action = _action(call, access)
            listed = 0 < len(access.partition) <= _LONGEST and not access.index
            keys = {access.partition} if listed else None
            self._need(call, action, self._resource(call, access.table, access.index), keys)
        if not accesses and call.code not in _DENIED:
            for resource in self._resources(call):
                self._need(call, call.operation, resource, None)
            target = call.request.get("TargetTableName")
            if call.operation in _RESTORES and isinstance(target, str):
                for action in _OF_RESTORES:
                    self._need(call, action, self._resource(call, target, ""), None)

    def rows(self) -> list[Row]:
        """Return the needed permissions as lists that can be sent as JSON to another process."""
        return [[*needed, None if keys is None else sorted(keys)] for needed, keys in self._needed.items()]

    def _need(self, call: Call, action: str, resource: str, keys: set[str] | None) -> None:
        needed = call.access_key, call.region, action, resource
        if needed not in self._needed and len(self._needed) >= _MOST:
            self._needed = _of_everybody(self._needed)
        _join(self._needed, needed, keys)

    def _resources(self, call: Call) -> Iterator[str]:
        """Yield the ARNs of the resources that a request names, `*` if it names none."""
        if call.operation in _WITHOUT_RESOURCE:
            yield "*"
            return
        request = call.request
        index = request.get("IndexName")
        names = [request[each] for each in _TABLES if isinstance(request.get(each), str)]
        created = request.get("TableCreationParameters")
        if isinstance(created, dict) and isinstance(created.get("TableName"), str):
            names.append(created["TableName"])
        if isinstance(request.get("RequestItems"), dict):
            names += request["RequestItems"]
        found = [self._resource(call, each, index if isinstance(index, str) else "") for each in names]
        found += [request[each] for each in _ARNS if isinstance(request.get(each), str)]
        if call.operation == _WITH_STREAM:
            caller = call.access_key, call.region
            found = [each[3] for each in self._needed if each[:2] == caller and each[2] == "GetShardIterator"]
        yield from found or ["*"]

    def _resource(self, call: Call, table: str, index: str) -> str:
        """Return the ARN of a table, or of its index if `index` is not ""."""
        if table.startswith("arn:"):
            arn = table
        else:
            facts = self._tables.find(call.access_key, call.region, table)
            account = self._account_of(call.access_key)
            arn = facts.arn if facts is not None else f"arn:aws:dynamodb:{call.region}:{account}:table/{table}"
        return f"{arn}/index/{index}" if index else arn


def _action(call: Call, access: Access) -> str:
    if access.statement:
        return _STATEMENTS[access.action]
    return call.operation if call.operation in _BATCHES else access.action


def _join(found: dict[Needed, set[str] | None], needed: Needed, keys: set[str] | None) -> None:
    """Add a needed permission to `found`. If `found` has it already, add the partition keys to it.

    keys: the partition keys that a request named, None for all keys. More than ten keys count as
    all keys.
    """
    known = found.get(needed, set())
    joined = None if known is None or keys is None else known | keys
    found[needed] = None if joined is None or len(joined) > _FEW else joined


def _of_everybody(needed: Mapping[Needed, set[str] | None]) -> dict[Needed, set[str] | None]:
    found: dict[Needed, set[str] | None] = {}
    for (_, _, action, resource), keys in needed.items():
        _join(found, (EVERYBODY, EVERYBODY, action, resource), keys)
    return found


def policy(rows: Iterable[Row], access_key: str | None = None, region: str | None = None) -> Mapping[str, Any]:
    """Return the smallest IAM policy with the permissions of a caller, or of all callers.

    rows: the needed permissions of all callers, from `Permissions.rows`.
    access_key, region: the caller; None for all callers.
    """
    needed: dict[Needed, set[str] | None] = {}
    for row in rows:
        if access_key in (None, row[0]) and region in (None, row[1]):
            _join(needed, (row[0], row[1], row[2], row[3]), None if row[4] is None else set(row[4]))
    return {"Version": "2012-10-17", "Statement": list(_statements(_of_everybody(needed)))}


def _statements(needed: Mapping[Needed, set[str] | None]) -> Iterator[Mapping[str, Any]]:
    """Yield the policy's statements. Resources with equal actions and keys share a statement."""
    actions: dict[tuple[str, tuple[str, ...] | None], set[str]] = {}
    for (_, _, action, resource), keys in needed.items():
        actions.setdefault((resource, None if keys is None else tuple(sorted(keys))), set()).add(action)
    resources: dict[tuple[tuple[str, ...], tuple[str, ...] | None], list[str]] = {}
    for (resource, listed), names in sorted(actions.items(), key=lambda each: (each[0][0], each[0][1] or ())):
        resources.setdefault((tuple(sorted(names)), listed), []).append(resource)
    for (allowed, listed), found in resources.items():
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Action": [f"dynamodb:{name}" for name in allowed],
            "Resource": found,
        }
        if listed is not None:
            statement["Condition"] = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": list(listed)}}
        yield statement
