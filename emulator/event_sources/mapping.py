"""An event source mapping: a stream, a function, and the rules for the delivery of records.

An `EventSourceMapping` object never changes. The store keeps it as JSON. A state such as Creating
ends at a certain time, like a table's status. By default, the state ends immediately: only the
response to the request that caused the state shows it. All later responses show Enabled or
Disabled. With `--delay-transient-statuses`, the state lasts longer.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import orjson

from emulator.database.definitions import arns, mappings
from emulator.database.store.loading import from_fields
from emulator.event_sources import names
from emulator.settings import DEFAULT_ACCOUNT, is_account

CREATING: Final = "Creating"
ENABLING: Final = "Enabling"
DISABLING: Final = "Disabling"
UPDATING: Final = "Updating"
DELETING: Final = "Deleting"

NOTHING_YET: Final = "No records processed"
OK: Final = "OK"
CALL_FAILED: Final = "PROBLEM: Function call failed"

_STORED_TENANT: Final = "space"  # the name that the field `tenant` has in stored JSON
_FIRST_ACCOUNT: Final = "000000000000"
"""The default account in versions of this program that did not store `default_account`."""

_FIELDS: Final = {
    "Enabled": "enabled",
    "BatchSize": "batch_size",
    "MaximumBatchingWindowInSeconds": "window",
    "ParallelizationFactor": "parallelization",
    "MaximumRecordAgeInSeconds": "record_age",
    "BisectBatchOnFunctionError": "bisect",
    "MaximumRetryAttempts": "retries",
}
"""Members of requests -> the fields that store their values unchanged."""


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """An event source mapping as it is stored. Times are seconds since the epoch.

    tenant: the access key and region of the mapping's owner.
    window: the batching window, the maximum number of seconds that records wait for a full batch.
    parallelization: the maximum number of batches of one shard that may be in flight at the same
    time.
    record_age: the maximum age of a record in seconds, -1 for no limit.
    retries: the maximum number of retries after the first attempt, -1 for no limit.
    responses: the value of FunctionResponseTypes.
    filters: the filter patterns, as JSON texts.
    status: the state that the last request caused, such as Creating.
    until: the time when the state `status` ends.
    result: the value of LastProcessingResult.
    default_account: the server's default account when the mapping was stored. It is the account of
        each tenant whose access key is not an account number.
    """

    uuid: str
    tenant: tuple[str, str]
    function_arn: str
    stream_arn: str
    stream_id: int
    starting_position: str
    modified: float
    until: float
    status: str = CREATING
    enabled: bool = True
    batch_size: int = 100
    window: int = 0
    parallelization: int = 1
    record_age: int = -1
    bisect: bool = False
    retries: int = -1
    responses: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    on_failure: str | None = None
    result: str = NOTHING_YET
    default_account: str = _FIRST_ACCOUNT

    @classmethod
    def load(cls, stored: bytes, account: str = DEFAULT_ACCOUNT) -> Self:
        """Return the mapping whose JSON is `stored`. `dump` makes this JSON.

        account: the server's current default account. It replaces the stored default account in
        the ARNs of the function and the stream. Two kinds of ARNs do not change:

        - the ARNs of a tenant whose access key is an account number
        - ARNs with an account that is not the stored default, which `--shared-db` allows
        """
        fields = orjson.loads(stored)
        before = fields.get("default_account", _FIRST_ACCOUNT)
        fields["default_account"] = account
        fields["tenant"] = fields.pop(_STORED_TENANT)
        if not is_account(fields["tenant"][0]):
            for name in ("function_arn", "stream_arn"):
                fields[name] = arns.moved(fields[name], before, account)
        tuples = {name: tuple(fields[name]) for name in ("tenant", "responses", "filters")}
        return from_fields(cls, {**fields, **tuples})

    def dump(self) -> bytes:
        """Return the mapping as JSON."""
        fields = asdict(self)
        return orjson.dumps({_STORED_TENANT: fields.pop("tenant"), **fields})

    @property
    def consumer(self) -> str:
        """The name under which the mapping's checkpoints are stored."""
        return mappings.consumer(self.uuid)

    @property
    def function_name(self) -> str:
        """The name of the mapping's function, without its ARN."""
        return names.function_name(self.function_arn)

    @property
    def reports_failures(self) -> bool:
        """True if the function's response may name the failed records of a batch."""
        return "ReportBatchItemFailures" in self.responses

    @property
    def steady(self) -> str:
        """The state of the mapping after the time `until`: Enabled or Disabled."""
        return "Enabled" if self.enabled else "Disabled"

    def described(self, state: str) -> dict[str, Any]:
        """Return the mapping as an EventSourceMappingConfiguration (Lambda API).

        state: the value of the member State.
        """
        described: dict[str, Any] = {
            "UUID": self.uuid,
            "StartingPosition": self.starting_position,
            **{member: getattr(self, field) for member, field in _FIELDS.items() if member != "Enabled"},
            "EventSourceArn": self.stream_arn,
            "FunctionArn": self.function_arn,
            "LastModified": round(self.modified, 3),
            "LastProcessingResult": self.result,
            "State": state,
            "StateTransitionReason": "User action",
            "DestinationConfig": {"OnFailure": {"Destination": self.on_failure} if self.on_failure else {}},
            "TumblingWindowInSeconds": 0,
            "FunctionResponseTypes": list(self.responses),
            "EventSourceMappingArn": names.mapping_arn(self.function_arn, self.uuid),
        }
        if self.filters:
            described["FilterCriteria"] = {"Filters": [{"Pattern": pattern} for pattern in self.filters]}
        return described


def fields_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dict: name of each field that a Create or Update request sets -> its value."""
    fields: dict[str, Any] = {field: request[member] for member, field in _FIELDS.items() if member in request}
    if "FunctionResponseTypes" in request:
        fields["responses"] = tuple(request["FunctionResponseTypes"])
    if "FilterCriteria" in request:
        fields["filters"] = tuple(each.get("Pattern", "") for each in request["FilterCriteria"].get("Filters", ()))
    if "DestinationConfig" in request:
        fields["on_failure"] = request["DestinationConfig"].get("OnFailure", {}).get("Destination") or None
    return fields
