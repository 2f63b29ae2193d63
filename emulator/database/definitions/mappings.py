"""What the database knows about event source mappings, whose definitions event_sources/ reads."""


def consumer(uuid: str) -> str:
    """Return the name under which a mapping's checkpoints are stored."""
    return f"lambda {uuid}"
