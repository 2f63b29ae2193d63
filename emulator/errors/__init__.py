"""Every error the service answers with, verbatim, once: `errors.table_not_found("t")`.

`base` has the error itself, `forms` what several texts share, and the other files are families of
factories. Texts follow emulator/reference/behaviour.md (each family names its sections); `sic` marks the
service's own slips.

A new error is a function in the fitting family: this file makes one namespace of all families.
A server whose clients make no mistakes needs few of them, so the others are loaded together when one of
their names is first used. That keeps 0.4 ms from the start.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from emulator.errors.base import *  # noqa: F403
from emulator.errors.protocol import *  # noqa: F403 - parsers of requests refer to them
from emulator.errors.requests import *  # noqa: F403 - validators of requests are made with their texts
from emulator.errors.values import *  # noqa: F403 - values/problems.py refers to their texts

_AT_FIRST_USE: Final = (
    "arns",
    "expressions",
    "indexes",
    "items",
    "kinesis",
    "legacy",
    "partiql",
    "reads",
    "streams",
    "tables",
    "tags",
    "throughput",
    "transactions",
)
"""Families that are loaded when a name is used that is not here yet. The list below is for the type checker."""

if TYPE_CHECKING:
    from emulator.errors.arns import *  # noqa: F403
    from emulator.errors.expressions import *  # noqa: F403
    from emulator.errors.indexes import *  # noqa: F403
    from emulator.errors.items import *  # noqa: F403
    from emulator.errors.kinesis import *  # noqa: F403
    from emulator.errors.legacy import *  # noqa: F403
    from emulator.errors.partiql import *  # noqa: F403
    from emulator.errors.reads import *  # noqa: F403
    from emulator.errors.streams import *  # noqa: F403
    from emulator.errors.tables import *  # noqa: F403
    from emulator.errors.tags import *  # noqa: F403
    from emulator.errors.throughput import *  # noqa: F403
    from emulator.errors.transactions import *  # noqa: F403
else:

    def __getattr__(name: str) -> object:
        """Return what a family that is not loaded yet calls by this name. Raises AttributeError."""
        here = globals()
        if not name.startswith("_"):
            for family in _AT_FIRST_USE:
                names = vars(import_module(f"{__name__}.{family}"))
                here.update({each: names[each] for each in names if not each.startswith("_")})
        if name not in here:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return here[name]
