"""Code that operations on S3 jobs share: ids, ARNs, tokens, pages.

S3 jobs are exports, imports and bulk operations. The response to a request that starts a job says
IN_PROGRESS. Without `--delay-transient-statuses`, a request that describes a job waits for the end
of the job, but at most one second. So most jobs are complete in their first description. Without
this wait, the waiter of an SDK would pause for 20 seconds before its next request.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

import orjson

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions.s3_jobs import TOKEN_SECONDS, Progress, S3Job
from emulator.operations.registry import Response
from emulator.slices import Sliced, Steps

PAGE: Final = 10
"""The default number of jobs on a page (control-plane 4.2, 5.3; features 2.3)."""

_WAITS: Final = 100
_WAIT: Final = 0.01  # seconds between two checks whether a job has ended

_ID: Final = r"[0-9]{14}-[0-9a-f]{8}"
_ARN: Final = r"arn:aws[a-z-]*:dynamodb:([^:]*):([^:]*):table/([a-zA-Z0-9_.-]{3,255})/([a-z-]+)/(" + _ID + ")"
_PADDED: Final = 24  # bytes to which the id in a token is padded, because the service model demands long tokens


def new_id(database: Database, caller: Caller, kind: str, now: float) -> str:
    """Return the id of a new job: the time `now` in milliseconds and a number (control-plane 0.2).

    A second job in the same millisecond gets the next number. So ids are in the order of creation,
    even if a test has stopped the clock.
    """
    milliseconds = f"{int(now * 1000):014}"
    newest = next(iter(database.s3_jobs.of(caller.tenant, kind, now)), None)
    if newest is not None and newest.id.startswith(milliseconds):
        return f"{milliseconds}-{int(newest.id[-8:], 16) + 1:08x}"
    return f"{milliseconds}-{_random():0>8}"


def _random() -> str:
    """Return seven random hexadecimal digits.

    The number in an id has eight digits, so `new_id` can count up from these seven without an
    overflow.
    """
    return uuid4().hex[:7]


def token_of(request: dict[str, Any]) -> str:
    """Return the ClientToken of a request, or a new UUID, as SDKs send (control-plane 4.1)."""
    given = request.get("ClientToken")
    return str(uuid4()) if given is None else given


def with_token(database: Database, caller: Caller, kind: str, token: str | None) -> S3Job | None:
    """Return the newest job that was started with this ClientToken in the last 8 hours, or None."""
    if token is None:
        return None
    now = database.clock.now()
    jobs = database.s3_jobs.of(caller.tenant, kind, now)
    return next((job for job in jobs if job.token == token and now < job.started + TOKEN_SECONDS), None)


def job_of(
    database: Database,
    caller: Caller,
    kind: str,
    arn: str,
    *,
    invalid: errors.ApiError,
    missing: errors.ApiError,
    elsewhere: errors.ApiError | None = None,
) -> S3Job:
    """Return the job with an ARN. Raises AccessDeniedException for a job of another account.

    kind: the kind of job that the ARN must have.
    invalid: raised if the text is not an ARN of this kind of job.
    missing: raised if the job does not exist.
    elsewhere: raised if the ARN has another region than the caller. If `elsewhere` is None, the
    function raises `missing` for such an ARN.
    """
    match = re.fullmatch(_ARN, arn)
    if match is None or match[4] != kind:
        raise invalid
    region, account, table, _, number = match.groups()
    if not caller.shared and account != caller.account:
        raise errors.access_denied()
    if not caller.shared and region != caller.region:
        raise elsewhere or missing
    job = database.s3_jobs.get(caller.tenant, kind, number, database.clock.now())
    if job is None or job.table != table:
        raise missing
    return job


def described(
    database: Database, job: S3Job, member: str, describe: Callable[[S3Job, Progress], dict[str, Any]]
) -> Response:
    """Return a response with the description of a job.

    Without `--delay-transient-statuses`, wait up to a second for the end of the job.

    member: the name of the response's member that has the description.
    describe: a function that makes the description from the job and its progress.
    """
    key = job.owner, job.kind, job.id

    def answer() -> dict[str, Any]:
        now = database.s3_jobs.get(*key, database.clock.now()) or job
        return {member: describe(now, progress_of(database, now))}

    if job.unfinished and job.begins <= job.started and database.sliced:
        raise Sliced(_waiting(database, key, answer))
    return answer()


def progress_of(database: Database, job: S3Job) -> Progress:
    """Return the stored progress of a job."""
    with database.read() as txn:
        return database.s3_jobs.progress(txn, job)


def _waiting(database: Database, key: tuple[tuple[str, str], str, str], answer: Callable[[], Any]) -> Steps[bytes]:
    for _ in range(_WAITS):
        found = database.s3_jobs.get(*key, database.clock.now())
        if found is None or not found.unfinished:
            break
        yield _WAIT
        database.catch_up()
    return orjson.dumps(answer())


Page = tuple[list[S3Job], str | None]
"""A pair: the jobs of a page, and its NextToken. On the last page, the NextToken is None."""


def page(jobs: Sequence[S3Job], caller: Caller, token: str | None, limit: int, about: str) -> Page:
    """Return the page of the list `jobs` that a NextToken asks for, in the order of the list.

    token: the NextToken; None for the first page.
    limit: the maximum number of jobs on the page.
    about: a text that identifies the list. A token of a list with another text is refused.
    """
    begin = 0
    if token is not None:
        positions = [number for number, job in enumerate(jobs) if _token(caller, about, job) == token]
        if not positions:
            raise errors.list_token_invalid(token)
        begin = positions[0] + 1
    found = list(jobs[begin : begin + limit])
    return found, _token(caller, about, found[-1]) if begin + limit < len(jobs) else None


def _token(caller: Caller, about: str, job: S3Job) -> str:
    seal = sha256(repr((caller.tenant, about, job.kind, job.id)).encode()).digest()
    return (seal + job.id.encode().ljust(_PADDED, b"\0")).hex()


def of_table(jobs: Iterable[S3Job], arn: str | None) -> list[S3Job]:
    """Return the jobs of the table with this ARN; without an ARN, all jobs."""
    return [job for job in jobs if arn is None or job.table_arn == arn]


def seconds(time: float) -> float:
    """Return a time as responses show it: seconds with three decimals."""
    return round(time, 3)
