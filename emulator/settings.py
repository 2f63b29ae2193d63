"""The settings of a server.

Flags and environment variables are named after the fields of `Settings`.

The metadata of a field has the heading and the text of the setting in --help. It may also have
`choices`, the bounds of a number (`between`), a function that raises ValueError for a wrong text
(`check`), the name of the value in --help (`metavar`), and the name of LocalStack's variable for
the same setting (`localstack`). If LocalStack's variable is a switch and the setting is not,
`localstack_on` and `localstack_off` are the values of the setting for on and off.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final


class Group(Enum):
    """The headings of settings in --help."""

    NETWORK = "network"
    STORAGE = "storage"
    BEHAVIOUR = "behaviour"
    STREAMS = "streams and functions"
    PROCESS = "process"
    LOG = "log"


EXCLUSIVE: Final = frozenset(("data_dir", "in_memory"))
"""Settings that exclude each other: a source may have only one of them.

The first source that has one decides.
"""

DEFAULT_ACCOUNT: Final = "123456789012"
"""The account of AWS's own examples. AWS has no account 000000000000."""

_DATA: Final = Path("data")
_NEVER: Final = 1e9  # seconds (31 years): longer than any server runs

# These stay text, and `re` compiles them at first use: most starts save a millisecond.
_ORIGIN: Final = r"\*|[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?/?"
_HOST: Final = r"[a-z0-9._-]+|\[[0-9a-f:.]+\]|[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*"


def check_url(text: str) -> None:
    """Raise ValueError unless the text is an HTTP URL with a host and, optionally, a valid port."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - most starts do not need it

    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is not a number, or a bracket is not closed
        valid = False
    if not valid:
        raise ValueError(f"{text!r} is not a URL such as http://127.0.0.1:4568")


def _check_origin(text: str) -> None:
    if not re.fullmatch(_ORIGIN, text, re.IGNORECASE):
        raise ValueError(f"{text!r} is not an origin: expected something like http://localhost:3000")


def _check_host(text: str) -> None:
    if not re.fullmatch(_HOST, text, re.IGNORECASE):
        raise ValueError(f"{text!r} is not a host: expected a name or an address, without a port")


def is_account(text: str) -> bool:
    """Return whether a text has the form of an AWS account: twelve digits."""
    return len(text) == 12 and text.isascii() and text.isdigit()  # noqa: PLR2004 - twelve digits


def _check_account(text: str) -> None:
    if not is_account(text):
        raise ValueError(f"{text!r} is not an account: twelve digits")


def _setting(group: Group, default: Any, text: str, **metadata: Any) -> Any:  # noqa: ANN401 - a field of any type
    return field(default=default, metadata={"group": group, "help": text, **metadata})


class AnyPage(tuple[str, ...]):
    """An empty list of origins: what `-cors '*'` on a command line of DynamoDB Local means here.

    With an empty list, pages of any origin may use the DynamoDB API. With the origin `*`, they
    could also use /_emulator/, which DynamoDB Local does not have.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server. If `data_dir` is None, the data are in memory."""

    host: tuple[str, ...] = _setting(
        Group.NETWORK,
        ("localhost",),
        "address to listen on, repeatable; localhost means 127.0.0.1 and ::1",
        metavar="ADDRESS",
    )
    port: int = _setting(Group.NETWORK, 8000, "port to listen on; 0 means any free port", between=(0, 65_535))
    cors: tuple[str, ...] = _setting(
        Group.NETWORK,
        (),
        "origins of web pages that may use this server. By default, pages of any origin may use the DynamoDB API, "
        "but only pages of this server may use /_emulator/ and Lambda's API",
        metavar="LIST",
        check=_check_origin,
    )
    allowed_host: tuple[str, ...] = _setting(
        Group.NETWORK,
        (),
        "name of this server that requests to /_emulator/ and Lambda's API may use, besides local names",
        metavar="NAME",
        check=_check_host,
    )
    request_buffer: int = _setting(
        Group.NETWORK,
        256 << 20,
        "bytes of incomplete request bodies that each process keeps in memory; beyond that, clients wait",
        between=(0, 1 << 40),
        metavar="BYTES",
    )
    data_dir: Path | None = _setting(Group.STORAGE, _DATA, "folder of the database, created if missing", metavar="DIR")
    in_memory: bool = _setting(
        Group.STORAGE,
        default=False,
        text="keep everything in memory and forget it at exit",
        localstack="DYNAMODB_IN_MEMORY",
    )
    init: tuple[str, ...] = _setting(
        Group.STORAGE,
        (),
        "file or folder to load before the server is ready, repeatable; see the command `load` for the formats. "
        "Only tables that are missing are created and filled",
        metavar="PATH",
    )
    s3_dir: str = _setting(
        Group.STORAGE,
        "",
        "folder of the buckets that exports, imports and bulk operations use; a bucket is a subfolder. The default is "
        "`s3` in the data folder, or a temporary folder with --in-memory",
        metavar="DIR",
    )
    s3_endpoint: str = _setting(
        Group.STORAGE,
        "",
        "URL of an S3-compatible server whose buckets they use instead (extra `s3`)",
        metavar="URL",
        check=check_url,
    )
    durable: bool = _setting(
        Group.STORAGE, default=False, text="sync every commit to the disk (survives a power cut, slower)"
    )
    shared_db: bool = _setting(
        Group.BEHAVIOUR,
        default=False,
        text="one database for all access keys and regions",
        localstack="DYNAMODB_SHARE_DB",
    )
    account: str = _setting(
        Group.BEHAVIOUR,
        DEFAULT_ACCOUNT,
        "account in ARNs, if the access key itself is not an account of twelve digits",
        check=_check_account,
        metavar="ID",
    )
    as_dynamodb_local: bool = _setting(
        Group.BEHAVIOUR,
        default=False,
        text="show that the server is ready in the way of DynamoDB Local: status 400 for GET and HEAD of /, and "
        "its lines on stdout",
    )
    delay_transient_statuses: bool = _setting(
        Group.BEHAVIOUR,
        default=False,
        text="show CREATING, UPDATING and DELETING for three seconds, as AWS shows them for a while",
        localstack="DYNAMODB_DELAY_TRANSIENT_STATUSES",
    )
    enforce_throughput: bool = _setting(
        Group.BEHAVIOUR, default=False, text="throttle tables at their provisioned throughput and other limits"
    )
    error_probability: float = _setting(
        Group.BEHAVIOUR,
        0.0,
        "share of reads and writes that are throttled, from 0 to 1; the control `faults` can do more",
        between=(0, 1),
        localstack="DYNAMODB_ERROR_PROBABILITY",
        metavar="SHARE",
    )
    read_error_probability: float = _setting(
        Group.BEHAVIOUR,
        0.0,
        "share of reads that are throttled",
        between=(0, 1),
        localstack="DYNAMODB_READ_ERROR_PROBABILITY",
        metavar="SHARE",
    )
    write_error_probability: float = _setting(
        Group.BEHAVIOUR,
        0.0,
        "share of writes that are throttled",
        between=(0, 1),
        localstack="DYNAMODB_WRITE_ERROR_PROBABILITY",
        metavar="SHARE",
    )
    ongoing_transaction: str = _setting(
        Group.BEHAVIOUR,
        "",
        'simulate an ongoing transaction: {"TableName": .., "Key": .., "Seconds": ..} as JSON, or a list of these',
        metavar="JSON",
    )
    item_collection_limit: int = _setting(
        Group.BEHAVIOUR,
        10 << 30,
        "maximum bytes of an item collection, in tables with local indexes",
        between=(0, 1 << 60),
        metavar="BYTES",
    )
    ttl_sweep_interval: float = _setting(
        Group.BEHAVIOUR,
        60.0,
        "seconds of the emulator's clock between deletions of expired items",
        between=(0.1, _NEVER),
        localstack="DYNAMODB_REMOVE_EXPIRED_ITEMS",
        localstack_on=60.0,
        localstack_off=_NEVER,
    )
    stream_shards: int = _setting(
        Group.STREAMS,
        0,
        "open shards of a new stream; 0 means one for each partition that the table would have on AWS",
        between=(0, 1000),
    )
    functions: str = _setting(
        Group.STREAMS,
        "",
        "TOML file with the functions that streams can invoke: name = URL or module:callable",
        metavar="FILE",
    )
    kinesis_endpoint: str = _setting(
        Group.STREAMS,
        "",
        "URL of a Kinesis-compatible server that receives the records of Kinesis streaming destinations",
        metavar="URL",
        check=check_url,
    )
    workers: int = _setting(
        Group.PROCESS, 1, "number of processes that serve requests, over one store", between=(1, 64)
    )
    config: str = _setting(
        Group.PROCESS,
        "",
        "TOML file with settings, for example `port = 8001` and `in-memory = true`; paths in it are relative to the "
        "working directory",
        metavar="FILE",
    )
    ready_file: str = _setting(
        Group.PROCESS,
        "",
        "file with the server's URL, which exists only while the server answers requests",
        metavar="FILE",
    )
    exit_with_parent: bool = _setting(
        Group.PROCESS, default=False, text="stop when the process that started the server has ended"
    )
    log_level: str = _setting(
        Group.LOG, "info", "how much to log", choices=("critical", "error", "warning", "info", "debug", "trace")
    )
    log_format: str = _setting(Group.LOG, "text", "form of the log: lines of text or of JSON", choices=("text", "json"))
    log_requests: bool = _setting(
        Group.LOG, default=False, text="log a line for each request, with the reason if it failed or was slow"
    )
    keep_requests: bool = _setting(
        Group.LOG,
        default=False,
        text="keep the last thousand requests for GET /_emulator/requests; --log-requests keeps them too",
    )
    metrics: bool = _setting(
        Group.LOG, default=False, text="count requests for Prometheus, at /_emulator/metrics (extra `metrics`)"
    )
    advise: bool = _setting(
        Group.LOG,
        default=False,
        text="collect evidence of common mistakes for GET /_emulator/advice and the command `advise`",
    )
    record: str = _setting(
        Group.LOG,
        "",
        "append each request and its answer, with bodies, to this file, which `dynamodb-emulator replay` reads",
        metavar="FILE",
    )

    @property
    def folder(self) -> Path | None:
        """The data folder of this server, None if its engine has no data on disk.

        Code that locks or copies the folder, or writes files into it, uses this and not `data_dir`.
        """
        return None if self.in_memory else self.data_dir
