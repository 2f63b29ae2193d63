"""Finds the unfinished S3 jobs, and creates the work of each job that is not running yet."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from emulator.database.database import Database
from emulator.database.definitions.s3_jobs import BULK, EXPORT, IMPORT, S3Job
from emulator.database.s3_jobs import Failure, key_of
from emulator.escaping import LONGEST_DETAIL, printable
from emulator.objects.opening import remove_temporary, store_for
from emulator.objects.store import ObjectError
from emulator.s3_jobs import exporting, importing, putting
from emulator.s3_jobs.work import JobContext, Work, in_slice, run
from emulator.settings import Settings

log = logging.getLogger("emulator")

_WORK: Final[dict[str, Callable[[JobContext, S3Job], Work[None]]]] = {
    IMPORT: importing.importing,
    BULK: putting.putting,
    EXPORT: exporting.exporting,
}
_END: Final[dict[str, Callable[[Database, S3Job, Failure], None]]] = {
    IMPORT: importing.end,
    BULK: putting.end,
    EXPORT: exporting.end,
}


class Runner:
    """Creates the work of a database's S3 jobs: the generators that do them (work.py).

    The methods and all work must run on the thread that owns the database.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._context = JobContext(database, settings, partial(store_for, settings))
        self._running: set[bytes] = set()

    def close(self) -> None:
        """Remove the temporary folder of this process, if there is one."""
        remove_temporary()

    def due(self) -> Iterator[Work[None]]:
        """Yield the work, a generator, of each job that may begin and is not running yet."""
        jobs = self._database.known_s3_jobs
        if jobs is None:
            return
        now = self._database.clock.now()
        for key, job in jobs.unfinished().items():
            if key not in self._running and not _is_early(job, now):
                self._running.add(key)
                yield self._work(key, job)

    def _work(self, key: bytes, job: S3Job) -> Work[None]:
        try:
            yield from self._guarded(job)
        finally:
            self._running.discard(key)

    def _guarded(self, job: S3Job) -> Work[None]:
        """Do the work of a job. If the work raises an error, log it and end the job as FAILED."""
        try:
            yield from _WORK[job.kind](self._context, job)
        except ObjectError as error:
            log.warning("%s has failed: %s", job.arn, printable(error.hint or str(error), LONGEST_DETAIL))
            yield from self._failed(job, (error.code, str(error)))
        except Exception as error:
            log.exception("%s has failed", job.arn)
            yield from self._failed(job, ("UnknownError", repr(error)))

    def _failed(self, job: S3Job, failure: tuple[str, str]) -> Work[None]:
        yield from in_slice(self._database, partial(self._fail, job, failure))

    def _fail(self, job: S3Job, failure: tuple[str, str]) -> None:
        """Store that a job has failed, unless the control `reset` has removed the job."""
        if self._database.s3_jobs.stored(key_of(job)) is not None:
            _END[job.kind](self._database, job, failure)


def _is_early(job: S3Job, now: float) -> bool:
    """Return True if a job must wait before its work begins.

    If a test has set the clock back to a time before the job's start, the job does not wait.
    """
    return job.started <= now < job.begins


def run_all(database: Database, settings: Settings) -> None:
    """Run each job that may begin now, until it ends, on this thread. For tests."""
    runner = Runner(database, settings)
    for work in list(runner.due()):
        run(work)
