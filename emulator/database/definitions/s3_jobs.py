"""What is stored about exports, imports and bulk operations: S3 jobs.

A job moves items between a table and objects in a bucket. Its definition (`S3Job`) has its status
and the members of its request that describe it to clients. Its progress is stored separately
(`Progress`), because it changes with every slice of the work, and other processes need not reload
it.

A job stays stored after its table is deleted (control-plane 4.2, 5.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import orjson

from emulator.database.definitions import arns
from emulator.database.store.loading import from_fields
from emulator.settings import DEFAULT_ACCOUNT

EXPORT: Final = "export"
IMPORT: Final = "import"
BULK: Final = "bulk-operation"
"""The kinds of jobs, as in the second to last part of their ARNs."""

IN_PROGRESS: Final = "IN_PROGRESS"
COMPLETED: Final = "COMPLETED"
COMPLETED_WITH_ERRORS: Final = "COMPLETED_WITH_ERRORS"
FAILED: Final = "FAILED"
CANCELLING: Final = "CANCELLING"
CANCELLED: Final = "CANCELLED"

UNFINISHED: Final = frozenset((IN_PROGRESS, CANCELLING))

VECTOR: Final = "vector:"
"""The prefix of the names of vector indexes in `Progress.usage`."""

KEPT: Final = 90 * 86_400
"""How many seconds a job is kept (control-plane 4.2, 5.3; features 2.3)."""

TOKEN_SECONDS: Final = 8 * 3600
"""How long a ClientToken is remembered (control-plane 4.1; features 2.1)."""


@dataclass(frozen=True, slots=True)
class S3Job:
    """A job as stored. Times are seconds since the epoch.

    owner: the tenant (access key and region) in its storage key.
    table, table_uuid: name and TableId of its table.
    request: the members of the request that a description of the job repeats.
    begins: the time at which the work may begin. It differs from `started` only with
    `--delay-transient-statuses`.
    plan: data for the work: the definition of an import's table, the frozen view of an export.
    """

    kind: str
    id: str
    owner: tuple[str, str]
    access_key: str
    account: str
    region: str
    table: str
    table_uuid: str
    started: float
    begins: float
    request: Mapping[str, Any]
    token: str | None = None
    plan: Mapping[str, Any] = field(default_factory=dict)
    status: str = IN_PROGRESS
    ended: float | None = None
    failure_code: str | None = None
    failure_message: str | None = None

    @classmethod
    def load(cls, stored: bytes, account: str = DEFAULT_ACCOUNT) -> Self:
        """Return the job that dump() stored.

        account: the account of access keys that are not account numbers.
        """
        fields = orjson.loads(stored)
        fields["owner"] = tuple(fields["owner"])
        fields["account"] = arns.account_of(fields["access_key"], account)
        return from_fields(cls, fields)

    def dump(self) -> bytes:
        """Return the job as JSON."""
        return orjson.dumps(self)

    @property
    def table_arn(self) -> str:
        """The ARN of the table."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{self.table}"

    @property
    def arn(self) -> str:
        """The ARN of the job (control-plane 0.2)."""
        return f"{self.table_arn}/{self.kind}/{self.id}"

    @property
    def unfinished(self) -> bool:
        """Whether work remains."""
        return self.status in UNFINISHED


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a job.

    object: the key of the last object whose records are all done. record: how many records of the
    next object are done.
    size: how many bytes of objects were read. total: bytes of all objects.
    processed, written, failed: numbers of items.
    log: kind of a local log of the job -> how many bytes of it belong to finished slices.
    key: where the next data file of an export begins, as hex; None after the last one.
    billed, manifest: BilledSizeBytes and ExportManifest of a complete export.
    files: the complete data files of an export, as in the manifest.
    usage: how many bytes a bulk operation wrote, under "" to the table and under the name of an
    index to that index. Names of vector indexes begin with VECTOR.
    """

    object: str | None = None
    record: int = 0
    size: int = 0
    total: int | None = None
    processed: int = 0
    written: int = 0
    failed: int = 0
    log: Mapping[str, int] = field(default_factory=dict)
    key: str | None = ""
    billed: int = 0
    manifest: str | None = None
    files: tuple[Mapping[str, Any], ...] = ()
    usage: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, stored: bytes) -> Self:
        """Return the progress that dump() stored."""
        fields = orjson.loads(stored)
        return from_fields(cls, {**fields, "files": tuple(fields["files"])})

    def dump(self) -> bytes:
        """Return the progress as JSON."""
        return orjson.dumps(self)


NOTHING: Final = Progress()
"""The progress of a job before its work begins."""
