"""The settings of a server.

Flags and environment variables are named after the fields of `Settings`.

The metadata of a field:

    group, help       the heading in --help, and the text of the setting below this heading
    metavar           the name of the value in --help
    choices           the allowed values
    between           the lowest and the highest allowed number
    check             a function that raises ValueError for a wrong text
    localstack        the name of LocalStack's variable for the same setting
    localstack_on     for a setting that is not a switch: its value if LocalStack's variable is on
    localstack_off    for a setting that is not a switch: its value if LocalStack's variable is off
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
"""Two settings that exclude each other: a source may have only one of them.

The first source that has either of them decides, and both are ignored in later sources.
"""

DEFAULT_ACCOUNT: Final = "123456789012"
"""The account in AWS's own examples. AWS has no account 000000000000, which DynamoDB Local uses."""

_DATA: Final = Path("data")
_NEVER: Final = 1e9  # seconds (31 years): longer than any server runs

# These patterns are compiled at first use. Most starts of a server do not use them, and so save a
# millisecond.
_ORIGIN: Final = r"\*|[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?/?"
_HOST: Final = r"[a-z0-9._-]+|\[[0-9a-f:.]+\]|[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*"


def check_url(text: str) -> None:
    """Raise ValueError unless the text is an HTTP URL with a host and, optionally, a valid port."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - most starts do not need it

    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # For example, the port is not a number, or a bracket is not closed.
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
    """Return True if a text has the form of an AWS account ID: twelve digits."""
    return len(text) == 12 and text.isascii() and text.isdigit()  # noqa: PLR2004 - twelve digits


def _check_account(text: str) -> None:
    if not is_account(text):
        raise ValueError(f"{text!r} is not an AWS account ID: expected twelve digits")


def _setting(group: Group, default: Any, text: str, **metadata: Any) -> Any:  # noqa: ANN401 - a field of any type
    return field(default=default, metadata={"group": group, "help": text, **metadata})


class AnyPage(tuple[str, ...]):
    """The value of the setting `cors` for `-cors '*'` on a command line of DynamoDB Local.

    The value is an empty list, as is the default: pages of any origin may use the DynamoDB API, but
    not /_emulator/. Only the lines of DynamoDB Local tell the two apart (http/announcement.py).
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server.

    The data are in memory if `in_memory` is true or `data_dir` is None (see `folder`).
    """

    host: tuple[str, ...] = _setting(
        Group.NETWORK,
        ("localhost",),
        "address to listen on (repeatable); localhost means 127.0.0.1 and ::1",
        metavar="ADDRESS",
    )
    port: int = _setting(Group.NETWORK, 8000, "port to listen on; 0 means any free port", between=(0, 65_535))
    cors: tuple[str, ...] = _setting(
        Group.NETWORK,
        (),
        "origins of web pages that may use this server, separated by commas. By default, pages of any origin may use "
        "the DynamoDB API, but only pages of this server may use /_emulator/ and Lambda's API",
        metavar="LIST",
        check=_check_origin,
    )
    allowed_host: tuple[str, ...] = _setting(
        Group.NETWORK,
        (),
        "host name under which clients may call /_emulator/ and Lambda's API (repeatable); local names are always "
        "allowed",
        metavar="NAME",
        check=_check_host,
    )
    request_buffer: int = _setting(
        Group.NETWORK,
        256 << 20,
        "maximum number of bytes of incomplete request bodies in the memory of each process; beyond that, clients wait",
        between=(0, 1 << 40),
        metavar="BYTES",
    )
    data_dir: Path | None = _setting(Group.STORAGE, _DATA, "folder of the database; created if missing", metavar="DIR")
    in_memory: bool = _setting(
        Group.STORAGE,
        default=False,
        text="keep all data in memory only; they are lost at exit",
        localstack="DYNAMODB_IN_MEMORY",
    )
    init: tuple[str, ...] = _setting(
        Group.STORAGE,
        (),
        "file or folder with tables to load before the server is ready (repeatable); see the command `load` for the "
        "formats. Tables that exist already are not changed",
        metavar="PATH",
    )
    s3_dir: str = _setting(
        Group.STORAGE,
        "",
        "folder with the S3 buckets of exports, imports and bulk operations; each subfolder is a bucket. The default "
        "is `s3` in the data folder, or a temporary folder with --in-memory",
        metavar="DIR",
    )
    s3_endpoint: str = _setting(
        Group.STORAGE,
        "",
        "URL of an S3-compatible server; exports, imports and bulk operations use its buckets instead of --s3-dir "
        "(needs the extra `s3`)",
        metavar="URL",
        check=check_url,
    )
    durable: bool = _setting(
        Group.STORAGE, default=False, text="sync every commit to the disk: slower, but data survive a power cut"
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
        "account ID in ARNs, for access keys that are not themselves an account ID (twelve digits)",
        check=_check_account,
        metavar="ID",
    )
    as_dynamodb_local: bool = _setting(
        Group.BEHAVIOUR,
        default=False,
        text="announce, as DynamoDB Local does, that the server is ready: answer GET and HEAD of / with status 400, and "
        "print DynamoDB Local's lines to stdout",
    )
    delay_transient_statuses: bool = _setting(
        Group.BEHAVIOUR,
        default=False,
        text="show the statuses CREATING, UPDATING and DELETING for three seconds, as AWS shows them for a while",
        localstack="DYNAMODB_DELAY_TRANSIENT_STATUSES",
    )
    enforce_throughput: bool = _setting(
        Group.BEHAVIOUR,
        default=False,
        text="throttle requests beyond the provisioned throughput and other limits of a table",
    )
    error_probability: float = _setting(
        Group.BEHAVIOUR,
        0.0,
        "share of reads and writes to throttle, from 0 to 1; the control `faults` has more choices",
        between=(0, 1),
        localstack="DYNAMODB_ERROR_PROBABILITY",
        metavar="SHARE",
    )
    read_error_probability: float = _setting(
        Group.BEHAVIOUR,
        0.0,
        "share of reads to throttle, from 0 to 1",
        between=(0, 1),
        localstack="DYNAMODB_READ_ERROR_PROBABILITY",
        metavar="SHARE",
    )
    write_error_probability: float = _setting(
        Group.BEHAVIOUR,
        0.0,
        "share of writes to throttle, from 0 to 1",
        between=(0, 1),
        localstack="DYNAMODB_WRITE_ERROR_PROBABILITY",
        metavar="SHARE",
    )
    ongoing_transaction: str = _setting(
        Group.BEHAVIOUR,
        "",
        'simulate an ongoing transaction on an item: JSON {"TableName": .., "Key": .., "Seconds": ..}, or a list of '
        "such objects",
        metavar="JSON",
    )
    item_collection_limit: int = _setting(
        Group.BEHAVIOUR,
        10 << 30,
        "maximum number of bytes of an item collection in a table with local indexes",
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
        "number of open shards of a new stream; 0 means one for each partition that the table would have on AWS",
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
        "file for the server's URL; the server writes it when it is ready and removes it when it stops",
        metavar="FILE",
    )
    exit_with_parent: bool = _setting(
        Group.PROCESS, default=False, text="stop when the process that started the server ends"
    )
    log_level: str = _setting(
        Group.LOG, "info", "how much to log", choices=("critical", "error", "warning", "info", "debug", "trace")
    )
    log_format: str = _setting(Group.LOG, "text", "format of each log line", choices=("text", "json"))
    log_requests: bool = _setting(
        Group.LOG, default=False, text="log a line for each request, with the reason if it failed or was slow"
    )
    keep_requests: bool = _setting(
        Group.LOG,
        default=False,
        text="keep the last 1,000 requests, which GET /_emulator/requests returns; --log-requests also keeps them",
    )
    metrics: bool = _setting(
        Group.LOG,
        default=False,
        text="serve counts of requests for Prometheus at /_emulator/metrics (needs the extra `metrics`)",
    )
    advise: bool = _setting(
        Group.LOG,
        default=False,
        text="find common mistakes in requests; GET /_emulator/advice and the command `advise` report them",
    )
    record: str = _setting(
        Group.LOG,
        "",
        "append each request and its answer, with their bodies, to this file; `dynamodb-emulator replay` reads it",
        metavar="FILE",
    )

    @property
    def folder(self) -> Path | None:
        """The data folder of this server, or None if the data are in memory.

        Use this property instead of `data_dir`, which has a value also with --in-memory.
        """
        return None if self.in_memory else self.data_dir
