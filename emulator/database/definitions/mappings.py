"""Functions about stored event source mappings that the database needs.

event_sources/mapping.py has the whole definition.
"""

import orjson


def consumer(uuid: str) -> str:
    """Return the name under which a mapping's checkpoints are stored."""
    return f"lambda {uuid}"


def stream_of(stored: bytes) -> int:
    """Return the id of the stream that a mapping reads. stored: the mapping's stored definition."""
    number: int = orjson.loads(stored)["stream_id"]
    return number
