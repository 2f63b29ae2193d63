"""Runs the background work of a server, under our own server and under any ASGI server.

| work                                              | who does it                                  |
|---------------------------------------------------|----------------------------------------------|
| group commits of a durable store (front/commits)  | every process                                |
| jobs whose time has come, and slices of long work | every process                                |
| upkeep of the store, such as syncing it (upkeep)  | every process; some parts only the owner     |
| returning memory after large bodies (memory)      | every process                                |
| examining the advisor's evidence (observing)      | every process, while the advisor is on       |
| delivering stream records to functions            | the owner                                    |
| controls that run in each worker (peers)          | every worker                                 |
| exports, imports and bulk operations              | the owner                                    |
| putting records to Kinesis                        | the owner, with --kinesis-endpoint           |

The owner is the only process, or worker 0.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from emulator.app import Emulator
from emulator.http.front.commits import Commits
from emulator.http.front.front import Front
from emulator.http.memory import return_memory
from emulator.http.upkeep import Upkeep
from emulator.outbound.deliveries import run_functions
from emulator.outbound.s3_jobs import run_s3_jobs
from emulator.rounds import run_forever

if TYPE_CHECKING:
    from emulator.http.peers import Peers

_INTERVAL: Final = 0.05  # seconds between polls for background work


@asynccontextmanager
async def running(front: Front, peers: "Peers | None" = None) -> AsyncIterator[None]:
    """Run the background work of an emulator until the end of a `with` block.

    peers: the other workers of the same server, if there are any.
    """
    front.peers = peers
    emulator = front.emulator
    settings = emulator.settings
    if settings.durable and emulator.database.group_commit is not None:
        front.commits = Commits(emulator.database, asyncio.get_running_loop())
    work = [
        _run_due(emulator),
        _run_upkeep(emulator),
        return_memory(front.bodies, front.clients),
        _examine_evidence(emulator),
    ]
    if emulator.database.owner:
        work.append(run_functions(emulator, _INTERVAL))
        work.append(run_s3_jobs(emulator, _INTERVAL))
        if settings.kinesis_endpoint:
            from emulator.outbound.kinesis import run_kinesis  # noqa: PLC0415 - most servers never need it

            work.append(run_kinesis(emulator, settings.kinesis_endpoint, _INTERVAL))
    if peers is not None:
        peers.open(front)
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        if peers is not None:
            peers.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        front.commits = None


async def _run_due(emulator: Emulator) -> None:
    """Run jobs whose time has come, and slices of long work, until cancelled."""

    async def tick() -> float:
        return 0 if emulator.tick() else _INTERVAL

    await run_forever("background work", tick)


async def _examine_evidence(emulator: Emulator) -> None:
    """Until cancelled, examine the requests that are collected while the advisor is on."""

    async def examine() -> float:
        return _INTERVAL if emulator.evidence is None else emulator.evidence.digest()

    await run_forever("examining requests for advice", examine)


async def _run_upkeep(emulator: Emulator) -> None:
    """Every 50 ms until cancelled, begin upkeep work whose time has come (upkeep.py)."""
    upkeep = Upkeep(emulator, asyncio.get_running_loop())

    async def poll() -> float:
        upkeep.poll()
        return _INTERVAL

    await run_forever("upkeep of the storage", poll)
