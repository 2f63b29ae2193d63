"""Raises the limit of open files, because each connection needs a file descriptor.

On many systems, a program starts with a soft limit of 1,024, which the program itself may raise.
"""

from typing import Final

_MOST: Final = 1 << 20
_MACOS: Final = 10_240
"""The highest soft limit that macOS accepts, even if the hard limit is higher."""


def raise_limit() -> None:
    """Raise the soft limit of open files of this process as far as possible."""
    try:
        import resource  # noqa: PLC0415 - Windows does not have this module
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
