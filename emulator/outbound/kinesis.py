"""Puts the records of `kinesis/feed.py` to a Kinesis-compatible server.

The feed returns batches of records, at most one for each destination. For each batch, a thread
calls PutRecords. Then the outcome is reported to the feed on the event loop's thread, which owns
the emulator.
"""

import asyncio
import hmac
import logging
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from emulator.app import Emulator
from emulator.kinesis.feed import Batch, KinesisFeed
from emulator.rounds import run_forever

log = logging.getLogger("emulator")

_CONNECT_SECONDS: Final = 3
_READ_SECONDS: Final = 10
_CONTENT_TYPE: Final = "application/x-amz-json-1.1"
_TARGET: Final = "Kinesis_20131202.PutRecords"
_CONTENT: Final = frozenset(
    {"InvalidArgumentException", "ValidationException", "SerializationException", "RequestEntityTooLarge", "413"}
)
"""Error codes that mean that another try with the same records would fail too."""


class ContentRefused(Exception):
    """The server has refused the content of the records, so another try would fail too."""


class NotPut(Exception):
    """The call of PutRecords has failed, but another try may succeed."""


class KinesisClient:
    """Calls PutRecords at one endpoint. It opens a connection for each call.

    Opening a connection takes little time compared with sending a body of up to 5 MB. The client
    does without botocore, which takes 32 MB of memory, and 100 ms to import.
    """

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        assert parts.hostname is not None, "the URL of the Kinesis endpoint must have a host"
        self._host = parts.hostname
        self._port = parts.port
        self._path = parts.path or "/"
        self._netloc = parts.netloc.rpartition("@")[2]
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection

    def put(self, batch: Batch) -> set[int]:
        """Put the records of a batch; return the positions of the failed records in the batch.

        Raises ContentRefused, NotPut. Blocks until the call ends.
        """
        _, _, _, region, _, name = batch.arn.split(":", 5)
        records = [{"Data": b64encode(record.data).decode(), "PartitionKey": record.key} for record in batch.records]
        # Send StreamName, because servers from before 2022 do not know StreamARN.
        body = orjson.dumps({"Records": records, "StreamName": name.removeprefix("stream/")})
        try:
            status, errortype, text = self._post(body, self._head(region, batch.access_key or "local", body))
        except (OSError, HTTPException, ValueError) as error:  # ValueError: the access key cannot be in a header
            raise NotPut(str(error) or repr(error)) from error
        if status != HTTPStatus.OK:
            code, message = _refusal(status, errortype, text)
            raise (ContentRefused if code in _CONTENT else NotPut)(f"{code}: {message}")
        try:
            answer = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise NotPut("the response of the Kinesis endpoint is not JSON") from None
        return _failed_records(answer, len(records))

    def _post(self, body: bytes, head: dict[str, str]) -> tuple[int, str, bytes]:
        """Send a request; return the response's status, error code (from its header) and body."""
        connection = self._connection(self._host, self._port, timeout=_CONNECT_SECONDS)
        try:
            connection.connect()
            connection.sock.settimeout(_READ_SECONDS)
            connection.request("POST", self._path, body, head)
            answer = connection.getresponse()
            return answer.status, answer.getheader("x-amzn-errortype", ""), answer.read()
        finally:
            connection.close()

    def _head(self, region: str, access_key: str, body: bytes) -> dict[str, str]:
        """Return the header fields of a request, with the signature that some servers require.

        The signature uses the secret key "local", like the examples for clients of this emulator.
        """
        now = datetime.now(UTC)
        moment, day = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}"
        signed = {"content-type": _CONTENT_TYPE, "host": self._netloc, "x-amz-date": moment, "x-amz-target": _TARGET}
        names = ";".join(signed)
        lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
        request = f"POST\n{self._path}\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
        scope = f"{day}/{region}/kinesis/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        key = b"AWS4local"
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        credential = f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        return {**signed, "authorization": credential}


def _refusal(status: int, errortype: str, text: bytes) -> tuple[str, str]:
    """Return the code and the message of an error response.

    If the response has no code, return the HTTP status as the code.
    """
    try:
        answer = orjson.loads(text)
    except orjson.JSONDecodeError:
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    code = errortype or str(answer.get("__type") or answer.get("code") or status)
    message = str(answer.get("message") or answer.get("Message") or f"HTTP status {status}")
    return code.partition(":")[0].rpartition("#")[2], message


def _failed_records(answer: Any, count: int) -> set[int]:  # noqa: ANN401 - any JSON
    """Return the positions of the failed records in the request, from the response of PutRecords.

    count: the number of records in the request. Raises NotPut for a malformed response.
    """
    results = answer.get("Records") if isinstance(answer, dict) else None
    if not isinstance(results, list) or len(results) != count or not all(isinstance(each, dict) for each in results):
        raise NotPut(f"the response of the Kinesis endpoint does not have {count} results, one for each record")
    return {position for position, result in enumerate(results) if result.get("ErrorCode")}


async def run_kinesis(emulator: Emulator, endpoint: str, interval: float) -> None:
    """Put the records of Kinesis destinations until cancelled.

    interval: seconds to wait after a poll that found no records.
    """
    feed = KinesisFeed(emulator.database)
    client = KinesisClient(endpoint)

    async def poll() -> float:
        batches = feed.due()
        for outcome in await asyncio.gather(
            *(_deliver(feed, client, batch) for batch in batches), return_exceptions=True
        ):
            if outcome is not None:
                raise outcome
        return 0 if batches else interval

    await run_forever("putting records to Kinesis", poll)


async def _deliver(feed: KinesisFeed, client: KinesisClient, batch: Batch) -> None:
    try:
        failed = await asyncio.to_thread(client.put, batch)
    except ContentRefused as error:
        feed.refused(batch, str(error))
    except NotPut as error:
        feed.failed(batch, str(error))
    else:
        feed.put(batch, failed)
