"""The condition that a table, index, stream or mapping has a certain status.

| body                                          | whose status                                        |
|-----------------------------------------------|-----------------------------------------------------|
| `{"TableName", "Status"}`                     | the table                                           |
| `{"TableName", "IndexName", "Status"}`        | a global or vector index                            |
| `{"TableName", "TimeToLiveStatus"}`           | time to live: ENABLED or DISABLED                   |
| `{"StreamArn", "Status"}`                     | the stream                                          |
| `{"UUID", "State"}`                           | an event source mapping                             |

NOT_FOUND is the status of something that does not exist or was deleted.
"""  # noqa: W505 - a table

from collections.abc import Callable
from typing import Final

from emulator.controls.body import BadDeclaration, Body, member
from emulator.controls.registry import Emulator
from emulator.controls.waits.condition import NOT_FOUND, Seen, TableTarget
from emulator.controls.waits.records import StreamTarget
from emulator.database.schema.table import Table

_OF_TABLES: Final = ("CREATING", "UPDATING", "DELETING", "ACTIVE", NOT_FOUND)
_OF_STREAMS: Final = ("ENABLING", "ENABLED", "DISABLING", "DISABLED", NOT_FOUND)
_OF_TTL: Final = ("ENABLED", "DISABLED", NOT_FOUND)
_OF_MAPPINGS: Final = (
    *("Creating", "Enabling", "Enabled", "Disabling", "Disabled", "Updating", "Deleting"),
    NOT_FOUND,
)


class StatusCondition:
    """The condition that a table, index, stream or mapping has the status that a body names.

    name: the name of the body's member with the wanted status.
    statuses: the statuses that a body may name.
    status: a function that returns the current status of the table, index, stream or mapping.
    """

    def __init__(self, body: Body, name: str, statuses: tuple[str, ...], status: Callable[[], str]) -> None:
        self._name = name
        self._wanted = member(body, name, str)
        if self._wanted not in statuses:
            raise BadDeclaration(f"the member {name} must be one of {', '.join(statuses)}")
        self._status = status

    def look(self) -> Seen:
        """Read the status, and compare it with the one in the body.

        The Seen is not static, because time can end a status without a commit.
        """
        status = self._status()
        return Seen(status == self._wanted, {self._name: status}, static=False)


def status_condition(emulator: Emulator, body: Body) -> StatusCondition:
    """Return the condition that a table, index or stream has the status in the body.

    Raises BadDeclaration if the body is wrong.
    """
    if "StreamArn" in body:
        stream = StreamTarget(emulator, body)
        return StatusCondition(body, "Status", _OF_STREAMS, lambda: _stream_status(emulator, stream))
    target = TableTarget(emulator, body)
    index: str | None = member(body, "IndexName", str) if "IndexName" in body else None
    return StatusCondition(body, "Status", _OF_TABLES, lambda: _table_status(target.find(), index))


def ttl_condition(emulator: Emulator, body: Body) -> StatusCondition:
    """Return the condition that a table's time to live has the status in the body.

    Raises BadDeclaration if the body is wrong.
    """
    target = TableTarget(emulator, body)
    return StatusCondition(body, "TimeToLiveStatus", _OF_TTL, lambda: _ttl_status(target.find()))


def state_condition(emulator: Emulator, body: Body) -> StatusCondition:
    """Return the condition that an event source mapping has the state in the body.

    Raises BadDeclaration if the body is wrong.
    """
    uuid: str = member(body, "UUID", str)
    mappings = emulator.functions.mappings

    def state() -> str:
        mapping = emulator.database.rerun(lambda: mappings.get(uuid))
        return NOT_FOUND if mapping is None else mappings.state(mapping)

    return StatusCondition(body, "State", _OF_MAPPINGS, state)


def _table_status(table: Table | None, index: str | None) -> str:
    if table is None:
        return NOT_FOUND
    if index is None:
        return table.definition.status
    found = [each.status for each in table.definition.indexes if each.name == index and not each.local]
    found += [each.status for each in table.definition.vectors if each.name == index]
    return next(iter(found), NOT_FOUND)


def _ttl_status(table: Table | None) -> str:
    if table is None:
        return NOT_FOUND
    return "DISABLED" if table.definition.ttl_attribute is None else "ENABLED"


def _stream_status(emulator: Emulator, target: StreamTarget) -> str:
    stream = target.find()
    if stream is None:
        return NOT_FOUND
    return stream.status(settled=emulator.database.catalog.has_passed(stream.until))
