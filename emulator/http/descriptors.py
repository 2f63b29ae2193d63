"""The limit of file descriptors. The server needs one for each connection, and some for the store.

Many systems start a program with a soft limit of 1,024, which the program itself may raise.
"""

from typing import Final

_MOST: Final = 1 << 20
_MACOS: Final = 10_240
"""The most that macOS allows, whatever its hard limit says."""


def raise_limit() -> None:
    """Raise the soft limit of this process as far as possible."""
    try:
        import resource  # noqa: PLC0415 - which Windows does not have
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    endless = resource.RLIM_INFINITY
    highest = _MOST if hard == endless else min(hard, _MOST)
    for wanted in (highest, min(highest, _MACOS)):
        if soft == endless or soft >= wanted:
            return
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            continue
        return
