"""A local server that answers as Amazon DynamoDB does.

`python -m dynamodb_emulator` runs the server. `dynamodb_emulator.asgi:app` is the same server as an
ASGI application, for any ASGI server. Importing this package imports no module of the server.

For tests and scripts, `running` starts a server in a separate process:

    with dynamodb_emulator.running() as server:
        client = server.client()  # boto3's
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dynamodb_emulator._accounts import Account
    from dynamodb_emulator._budget import BudgetExceeded
    from dynamodb_emulator.server import ControlError, LoadError, Server, Snapshot, StartError, running

    __version__: str

__all__ = [
    "Account",
    "BudgetExceeded",
    "ControlError",
    "LoadError",
    "Server",
    "Snapshot",
    "StartError",
    "__version__",
    "running",
]

_MODULES = {"Account": "_accounts", "BudgetExceeded": "_budget"}
"""Name of a public object that is not in the module `server` -> the module that has the object."""


def __getattr__(name: str) -> object:
    """Return the public object with this name. Import its module at the first use."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415

        return version("dynamodb-emulator")
    if name in __all__:
        from importlib import import_module  # noqa: PLC0415

        return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'server')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
