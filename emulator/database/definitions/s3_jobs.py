"""The definitions of S3 jobs: exports, imports and bulk operations.

A job moves items between a table and objects in a bucket. Its definition (`S3Job`) has its status,
and those members of its request that a description of the job shows. Its progress (`Progress`) is
stored under another key: it changes with every slice of the work, and other processes need not
reload it.

A job outlives its table (control-plane 4.2, 5.3).
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
"""The kinds of jobs. In the ARN of a job, the kind is before the id."""

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
"""For how many seconds a ClientToken prevents a second job (control-plane 4.1; features 2.1)."""


@dataclass(frozen=True, slots=True)
class S3Job:
    """An S3 job (export, import or bulk operation) as stored. Times are seconds since the epoch.

    owner: the tenant (access key and region) in the job's storage key.
    table, table_uuid: name and TableId of the job's table.
    request: the members of the request that a description of the job shows.
    begins: the time at which the work may begin. It differs from `started` only with
    `--delay-transient-statuses`.
    plan: data that the work needs, such as the definition of an import's table, or the frozen view
    of an export.
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

        account: the account of every access key that is not itself an account number.
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
        """The ARN of the job's table."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{self.table}"

    @property
    def arn(self) -> str:
        """The ARN of the job (control-plane 0.2)."""
        return f"{self.table_arn}/{self.kind}/{self.id}"

    @property
    def unfinished(self) -> bool:
        """True if the job is in progress or is being cancelled."""
        return self.status in UNFINISHED


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an S3 job (export, import or bulk operation).

    object: the key of the last object that is done, with all its records. None if no object is.
    record: how many records of the object after `object` are done.
    size: how many bytes of objects the job has read.
    total: how many bytes all objects of a bulk operation have together. None for other jobs, and
    until the bulk operation has listed its objects.
    processed, written, failed: numbers of items.
    log: kind of local log file -> the number of bytes that the finished slices of the job have
    written to the file. Later bytes are from an unfinished slice. The next slice overwrites them.
    key: the storage key (hex) at which the next data file of an export begins, None after the last
    file.
    billed, manifest: BilledSizeBytes and ExportManifest of a complete export.
    files: the complete data files of an export, as the manifest lists them.
    usage: name of an index, or "" for the table -> how many bytes a bulk operation has written. The
    names of vector indexes have the prefix VECTOR.
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
