"""A local server that answers as Amazon DynamoDB does.

`python -m dynamodb_emulator` runs it. `dynamodb_emulator.asgi:app` is the same server as an ASGI
application, for another ASGI server. Importing this package imports no module of the server.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    __version__: str

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Return the version. Reading it takes longer than the import, so it is read at first use."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415

        return version("dynamodb-emulator")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
