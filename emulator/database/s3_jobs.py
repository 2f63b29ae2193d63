"""Finding, saving and removing S3 jobs: exports, imports and bulk operations.

A request such as ExportTableToPointInTime saves a new job. The owner process finds the unfinished
jobs here and works on them (emulator/s3_jobs/runner.py), even if an earlier process saved them.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from emulator.database.definitions.s3_jobs import KEPT, NOTHING, Progress, S3Job
from emulator.database.definitions.tenants import Tenant
from emulator.database.store import keyspace
from emulator.database.store.registry import DefinitionChange, Registries
from emulator.database.views.views import Views
from storage import ReadTxn, WriteTxn


class S3Jobs:
    """All S3 jobs (exports, imports and bulk operations) in the store of an engine.

    account: the account number in the ARNs of jobs whose access key is not an account number
    itself.
    """

    def __init__(self, registries: Registries, account: str) -> None:
        self._registry = registries.add(
            keyspace.s3_jobs(), partial(S3Job.load, account=account), self._publish, self._withdraw
        )
        self._unfinished: dict[bytes, S3Job] = {}

    # --- finding ----------------------------------------------------------------------------------

    def everything(self) -> Iterator[S3Job]:
        """Yield all stored S3 jobs, finished or not."""
        return iter(self._registry)

    def unfinished(self) -> dict[bytes, S3Job]:
        """Return the unfinished S3 jobs, oldest first: storage key -> job."""
        return dict(sorted(self._unfinished.items(), key=lambda pair: pair[1].id))

    def stored(self, key: bytes) -> S3Job | None:
        """Return the S3 job with this storage key, or None if it does not exist."""
        return self._registry.get(key)

    def get(self, tenant: Tenant, kind: str, number: str, now: float) -> S3Job | None:
        """Return an S3 job, or None if it does not exist or ended too long ago to be shown.

        kind: export, import or bulk-operation. number: the last part of the job's ARN. now: in
        seconds since the epoch.
        """
        job = self._registry.get(keyspace.s3_job(*tenant, kind, number))
        return job if job is not None and _is_kept(job, now) else None

    def of(self, tenant: Tenant, kind: str, now: float) -> list[S3Job]:
        """Return the S3 jobs of one kind that a tenant has started, newest first."""
        found = [job for job in self._registry if job.owner == tenant and job.kind == kind and _is_kept(job, now)]
        return sorted(found, key=lambda job: (job.started, job.id), reverse=True)

    def progress(self, txn: ReadTxn, job: S3Job) -> Progress:
        """Return the stored progress of an S3 job, or `NOTHING` if no progress is stored."""
        stored = txn.get(_progress_key(job))
        return NOTHING if stored is None else Progress.load(stored)

    # --- changing ---------------------------------------------------------------------------------

    def save(self, change: DefinitionChange, job: S3Job) -> None:
        """Store a new or changed S3 job."""
        self._registry.save(change, key_of(job), job)

    def save_progress(self, txn: WriteTxn, job: S3Job, progress: Progress) -> None:
        """Store the progress of an S3 job."""
        txn.put(_progress_key(job), progress.dump())

    def end(self, change: DefinitionChange, job: S3Job, status: str, now: float, failure: "Failure" = None) -> None:
        """Store that an S3 job has ended.

        status: the job's last status. now: in seconds since the epoch. failure: the FailureCode and
        FailureMessage, or None if the job has not failed.
        """
        code, message = failure or (None, None)
        self.save(change, replace(job, status=status, ended=now, failure_code=code, failure_message=message))

    def forget_old(self, change: DefinitionChange, now: float) -> None:
        """Remove the S3 jobs that ended too long ago to be shown.

        now: in seconds since the epoch.
        """
        for job in [job for job in self._registry if not _is_kept(job, now)]:
            self._remove(change, job)

    def remove(self, change: DefinitionChange, job: S3Job, views: Views) -> None:
        """Remove an S3 job. If it is unfinished, its work stops before the next slice."""
        close_view(change, job, views)
        self._remove(change, job)

    def _remove(self, change: DefinitionChange, job: S3Job) -> None:
        self._registry.remove(change, key_of(job))
        change.txn.delete(_progress_key(job))

    def _publish(self, key: bytes, job: S3Job) -> None:
        if job.unfinished:
            self._unfinished[key] = job
        else:
            self._unfinished.pop(key, None)

    def _withdraw(self, key: bytes, _job: S3Job) -> None:
        self._unfinished.pop(key, None)


Failure = tuple[str, str] | None


def key_of(job: S3Job) -> bytes:
    """Return the storage key of an S3 job."""
    return keyspace.s3_job(*job.owner, job.kind, job.id)


def close_view(change: DefinitionChange, job: S3Job, views: Views) -> None:
    """Close the frozen view that an export reads. Do nothing for a job without an open view."""
    view = None if job.plan.get("view") is None else views.get(job.plan["view"])
    if view is not None and not view.closing:
        views.close(change, view)


def _progress_key(job: S3Job) -> bytes:
    return keyspace.progress_of_s3_job(key_of(job))


def _is_kept(job: S3Job, now: float) -> bool:
    return job.ended is None or now < job.ended + KEPT
