"""The stored form of a scalable target, its policies, scheduled actions and activities.

Times are seconds since the epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson

from emulator.database.definitions.arns import account_of
from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.database.store.loading import from_fields
from emulator.settings import DEFAULT_ACCOUNT

NAMESPACE: Final = "dynamodb"

READ: Final = "Read"
WRITE: Final = "Write"

DIMENSIONS: Final[Mapping[str, tuple[str, str]]] = {
    "dynamodb:table:ReadCapacityUnits": ("table", READ),
    "dynamodb:table:WriteCapacityUnits": ("table", WRITE),
    "dynamodb:index:ReadCapacityUnits": ("index", READ),
    "dynamodb:index:WriteCapacityUnits": ("index", WRITE),
}
"""Scalable dimension -> kind of resource, kind of capacity."""

ALARMS: Final = ("AlarmHigh", "AlarmLow", "ProvisionedCapacityHigh", "ProvisionedCapacityLow")
"""The alarms that a target tracking policy has in CloudWatch."""

MOST_ACTIVITIES: Final = 50
"""The maximum number of activities that a target keeps. The service keeps them for six weeks."""


@dataclass(frozen=True, slots=True)
class ScalingPolicy:
    """A target tracking policy. configuration: its TargetTrackingScalingPolicyConfiguration."""

    name: str
    uuid: str
    configuration: Mapping[str, Any]
    created: float

    def alarm(self, resource_id: str, kind: str) -> str:
        """Return the name of one of the policy's CloudWatch alarms. kind: one of ALARMS."""
        return f"TargetTracking-{resource_id}-{kind}-{uuid5(UUID(self.uuid), kind)}"


@dataclass(frozen=True, slots=True)
class ScheduledAction:
    """A change of the bounds of a target's capacity at certain times.

    schedule: text with `at`, `rate` or `cron`.
    start, end: the action happens only between these times.
    last: the time at which the action last happened, or was last stored by PutScheduledAction,
    whichever is later.
    """

    name: str
    uuid: str
    schedule: str
    created: float
    last: float
    timezone: str | None = None
    start: float | None = None
    end: float | None = None
    min_capacity: int | None = None
    max_capacity: int | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """A change of capacity, or a failed attempt.

    fulfilled: the time at which UpdateTable is complete and the change takes effect.
    """

    id: str
    units: int
    cause: str
    started: float
    fulfilled: float
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The capacity that a target is to get, and the cause.

    The target stores this object if the capacity cannot be set yet.
    """

    units: int
    cause: str


@dataclass(frozen=True, slots=True)
class ScalableTarget:
    """The read or write capacity of a table or global index, registered for scaling.

    account: computed from the access key and the setting `account` whenever the target is loaded.
    shared: whether the target belongs to the tenant of `--shared-db`.
    role: RoleARN of the request, None for the service's own role.
    suspended: members of SuspendedState -> whether they are true.
    wanted: a capacity that could not be set yet because the table was being changed, else None.
    scaled_out, scaled_in: when a policy last raised or lowered the capacity.
    consumed: number of a worker -> minute since the epoch (as text) -> units that the worker has
    counted. The owner process does the scaling, so its own counts need not be here: they are only
    in its memory.
    """

    id: str
    access_key: str
    account: str
    region: str
    resource_id: str
    dimension: str
    min_capacity: int
    max_capacity: int
    created: float
    shared: bool = False
    role: str | None = None
    suspended: Mapping[str, bool] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[ScalingPolicy, ...] = ()
    actions: tuple[ScheduledAction, ...] = ()
    activities: tuple[Activity, ...] = ()
    wanted: Wanted | None = None
    scaled_out: float | None = None
    scaled_in: float | None = None
    consumed: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @classmethod
    def load(cls, stored: bytes, account: str = DEFAULT_ACCOUNT) -> Self:
        """Return the target that dump() stored.

        account: the target's account, if its access key is not itself an account number.
        """
        fields = orjson.loads(stored)
        fields["account"] = account_of(fields["access_key"], account)
        fields["policies"] = tuple(from_fields(ScalingPolicy, each) for each in fields["policies"])
        fields["actions"] = tuple(from_fields(ScheduledAction, each) for each in fields["actions"])
        fields["activities"] = tuple(from_fields(Activity, each) for each in fields["activities"])
        if fields["wanted"] is not None:
            fields["wanted"] = from_fields(Wanted, fields["wanted"])
        return from_fields(cls, fields)

    def dump(self) -> bytes:
        """Return the target as JSON."""
        return orjson.dumps(self)

    @property
    def tenant(self) -> Tenant:
        """The tenant that owns the target."""
        return SHARED if self.shared else (self.access_key, self.region)

    @property
    def arn(self) -> str:
        """The target's ARN."""
        return f"arn:aws:application-autoscaling:{self.region}:{self.account}:scalable-target/{self.id}"

    @property
    def table(self) -> str:
        """The name of the table."""
        return self.resource_id.split("/")[1]

    @property
    def index(self) -> str | None:
        """The name of the global index, None for the table."""
        parts = self.resource_id.split("/")
        return parts[3] if len(parts) > 3 else None  # noqa: PLR2004 - table/<t>/index/<i>

    @property
    def kind(self) -> str:
        """READ or WRITE."""
        return DIMENSIONS[self.dimension][1]

    def is_suspended(self, member: str) -> bool:
        """Return True if this member of SuspendedState is true."""
        return self.suspended.get(member, False)


def target_id(tenant: Tenant, resource_id: str, dimension: str) -> str:
    """Return the id of a target. A target that is registered again has the same id as before."""
    return uuid5(NAMESPACE_OID, "/".join((*tenant, resource_id, dimension))).hex
