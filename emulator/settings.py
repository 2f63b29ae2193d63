"""What a user can set; command line flags and environment names derive from these fields.

Each field's metadata has its help text and, where they say more than the field's type, `choices`, the bounds of a number
(`between`) and the `metavar` of the help.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_DATA: Final = Path("data")


def _setting(default: Any, text: str, **metadata: Any) -> Any:  # noqa: ANN401 - a field of any type
    return field(default=default, metadata={"help": text, **metadata})


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one server. `data_dir` None means: in memory."""

    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8000, "port to listen on; 0 takes a free one")
    data_dir: Path | None = _setting(_DATA, "folder of the database, made when missing")
    in_memory: bool = _setting(default=False, text="keep everything in memory, forget it at the end")
    shared_db: bool = _setting(default=False, text="one database for all access keys and regions")
    delay_transient_statuses: bool = _setting(
        default=False, text="show CREATING, UPDATING and DELETING for a few seconds, as AWS does"
    )
    durable: bool = _setting(default=False, text="sync every commit to the disk (survives a power cut, slower)")
    enforce_throughput: bool = _setting(
        default=False, text="throttle tables at their provisioned throughput and other limits"
    )
    ongoing_transaction: str = _setting(
        "", 'declare a transaction under way: {"TableName": .., "Key": .., "Seconds": ..} as JSON, or a list of such'
    )
    item_collection_limit: int = _setting(
        10 << 30, "bytes an item collection with local indexes may have", between=(0, 1 << 60)
    )
    stream_shards: int = _setting(
        0, "open shards of a new stream; 0: one for each partition that the table would have on AWS", between=(0, 1000)
    )
    ttl_sweep_interval: float = _setting(
        60.0, "seconds of the clock between deletions of what has expired", between=(0.1, 1e9)
    )
    kinesis_endpoint: str = _setting(
        "", "URL of a Kinesis-compatible server that gets the records of Kinesis streaming destinations"
    )
    functions: str = _setting(
        "", "TOML file of the functions that streams can invoke: name = URL or module:callable", metavar="FILE"
    )
    workers: int = _setting(1, "processes that serve, over one store", between=(1, 64))
    log_level: str = _setting(
        "info", "how much to log", choices=("critical", "error", "warning", "info", "debug", "trace")
    )
