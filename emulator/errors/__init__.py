"""Factories of the service's errors, with the service's texts: `errors.table_not_found("t")`.

`base` has the error class, and `forms` has factories that several families share. The other modules
are families of factories. Texts follow the documents in emulator/reference/ (each family names its
sections). The comment `sic` marks a mistake in the service's own text.

To add an error, write a function in the family that fits. Callers import the functions of all
families from this package. The families that the start of a server needs are loaded with the
package. All others are loaded together when one of their names is first used. This saves 0.4 ms at
the start.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from emulator.errors.base import *  # noqa: F403
from emulator.errors.protocol import *  # noqa: F403 - parsers of requests refer to them
from emulator.errors.requests import *  # noqa: F403 - validators of requests are made with their texts
from emulator.errors.values import *  # noqa: F403 - values/problems.py refers to their texts

_AT_FIRST_USE: Final = (
    "account_groups",
    "arns",
    "auto_scaling",
    "backups",
    "decoding",
    "expressions",
    "global_tables",
    "indexes",
    "insights",
    "items",
    "kinesis",
    "legacy",
    "partiql",
    "policies",
    "reads",
    "replica_scaling",
    "s3_jobs",
    "streams",
    "strong_groups",
    "tables",
    "tags",
    "throughput",
    "transactions",
    "vectors",
)
"""The families that are loaded together when a factory of one of them is first used.

The imports below are only for the type checker.
"""

if TYPE_CHECKING:
    from emulator.errors.account_groups import *  # noqa: F403
    from emulator.errors.arns import *  # noqa: F403
    from emulator.errors.auto_scaling import *  # noqa: F403
    from emulator.errors.backups import *  # noqa: F403
    from emulator.errors.decoding import *  # noqa: F403
    from emulator.errors.expressions import *  # noqa: F403
    from emulator.errors.global_tables import *  # noqa: F403
    from emulator.errors.indexes import *  # noqa: F403
    from emulator.errors.insights import *  # noqa: F403
    from emulator.errors.items import *  # noqa: F403
    from emulator.errors.kinesis import *  # noqa: F403
    from emulator.errors.legacy import *  # noqa: F403
    from emulator.errors.partiql import *  # noqa: F403
    from emulator.errors.policies import *  # noqa: F403
    from emulator.errors.reads import *  # noqa: F403
    from emulator.errors.replica_scaling import *  # noqa: F403
    from emulator.errors.s3_jobs import *  # noqa: F403
    from emulator.errors.streams import *  # noqa: F403
    from emulator.errors.strong_groups import *  # noqa: F403
    from emulator.errors.tables import *  # noqa: F403
    from emulator.errors.tags import *  # noqa: F403
    from emulator.errors.throughput import *  # noqa: F403
    from emulator.errors.transactions import *  # noqa: F403
    from emulator.errors.vectors import *  # noqa: F403
else:

    def __getattr__(name: str) -> object:
        """Import the modules in _AT_FIRST_USE, and return the object in them that has this name.

        Raises AttributeError if none of the modules has the name.
        """
        namespace = globals()
        if not name.startswith("_"):
            for family in _AT_FIRST_USE:
                names = vars(import_module(f"{__name__}.{family}"))
                namespace.update({public: names[public] for public in names if not public.startswith("_")})
        if name not in namespace:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return namespace[name]
