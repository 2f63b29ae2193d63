"""What the database must know of an event source mapping: its consumer, and its stream.

event_sources/mapping.py has the whole definition of a mapping.
"""

import orjson


def consumer(uuid: str) -> str:
    """Return the name under which the checkpoints of an event source mapping are stored."""
    return f"lambda {uuid}"


def stream_of(stored: bytes) -> int:
    """Return the id of the stream that an event source mapping reads.

    stored: the mapping's stored definition.
    """
    number: int = orjson.loads(stored)["stream_id"]
    return number
