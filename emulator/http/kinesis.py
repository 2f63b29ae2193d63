"""Putting records to a Kinesis-compatible server: the I/O of `database/kinesis_feed.py`.

The feed says what is to be put, one call for each destination; the calls run side by side in threads, and what became of
them is told to the feed on the event loop's thread, which owns the emulator. botocore is imported at the first call:
start-up would pay more than 100 ms for it.
"""

import asyncio
import logging
import threading
from typing import Any, Final

from emulator.app import Emulator
from emulator.database.kinesis_feed import Batch, KinesisFeed
from emulator.http.rounds import run_rounds

log = logging.getLogger("emulator")

_CONNECT_SECONDS: Final = 3
_READ_SECONDS: Final = 10
_CONTENT: Final = frozenset(
    {"InvalidArgumentException", "ValidationException", "SerializationException", "RequestEntityTooLarge", "413"}
)
"""Codes of an answer that the same records would get again."""


class ContentRefused(Exception):
    """The server does not want these records, now or later."""


class NotPut(Exception):
    """Nothing was put, and later it may be."""


class KinesisClients:
    """botocore's clients for one endpoint, one per region and access key: servers may keep tenants apart by them."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._clients: dict[tuple[str, str], Any] = {}
        self._making = threading.Lock()  # botocore's clients may be used by several threads, but not made by them

    def put(self, batch: Batch) -> set[int]:
        """Put a batch; return the positions of the entries that failed. Raises ContentRefused, NotPut. Blocks."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - costly, and seldom needed

        _, _, _, region, _, name = batch.arn.split(":", 5)
        entries = [{"Data": record.data, "PartitionKey": record.key} for record in batch.records]
        try:
            client = self._client(region, batch.access_key)
            # By name: servers older than StreamARN (2022) know nothing else.
            answer = client.put_records(StreamName=name.removeprefix("stream/"), Records=entries)
        except ClientError as error:
            if error.response["Error"]["Code"] in _CONTENT:
                raise ContentRefused(str(error)) from error
            raise NotPut(str(error)) from error
        except Exception as error:  # of an endpoint that is no URL, or answers strangely, botocore may raise anything
            raise NotPut(str(error) or repr(error)) from error
        return _failed_entries(answer, len(entries))

    def _client(self, region: str, access_key: str) -> Any:  # noqa: ANN401 - botocore makes the class at run time
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import get_session  # noqa: PLC0415

        with self._making:
            client = self._clients.get((region, access_key))
            if client is None:
                client = self._clients[region, access_key] = get_session().create_client(
                    "kinesis",
                    region_name=region,
                    endpoint_url=self._endpoint,
                    aws_access_key_id=access_key,
                    aws_secret_access_key="local",  # noqa: S106 - nothing secret: nobody checks it
                    config=Config(
                        connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries={"total_max_attempts": 1}
                    ),
                )
            return client


def _failed_entries(answer: Any, count: int) -> set[int]:  # noqa: ANN401 - botocore's, of what the server sent
    """Return the positions of the entries, so many in all, that an answer says have failed. Raises NotPut."""
    results = answer.get("Records")
    if not isinstance(results, list) or len(results) != count:
        raise NotPut(f"the answer does not tell of {count} records")
    return {position for position, result in enumerate(results) if result.get("ErrorCode")}


async def run_kinesis(emulator: Emulator, endpoint: str, interval: float) -> None:
    """Put what there is to be put, looking again after some seconds where there is nothing; until cancelled."""
    feed = KinesisFeed(emulator.database)
    clients = KinesisClients(endpoint)

    async def look() -> float:
        batches = feed.due()
        for outcome in await asyncio.gather(
            *(_deliver(feed, clients, batch) for batch in batches), return_exceptions=True
        ):
            if outcome is not None:
                raise outcome
        return 0 if batches else interval

    await run_rounds("putting records to Kinesis", look)


async def _deliver(feed: KinesisFeed, clients: KinesisClients, batch: Batch) -> None:
    try:
        failed = await asyncio.to_thread(clients.put, batch)
    except ContentRefused as error:
        feed.refused(batch, str(error))
    except NotPut as error:
        feed.failed(batch, str(error))
    else:
        feed.put(batch, failed)
