"""What the database knows about event source mappings, whose definitions event_sources/ reads."""

import orjson


def consumer(uuid: str) -> str:
    """Return the name under which a mapping's checkpoints are stored."""
    return f"lambda {uuid}"


def stream_of(stored: bytes) -> int:
    """Return the id of the stream that a mapping reads. stored: its stored definition."""
    number: int = orjson.loads(stored)["stream_id"]
    return number
