"""A table whose indexes have key attributes of each type (behaviour 2.5, 3.8)."""

from typing import Any

from tests.support.tables import index_request

INDEXES_ON_EACH_TYPE: dict[str, Any] = {
    "define": "x:S n:N b:B l:S",
    "GlobalSecondaryIndexes": [
        index_request("second", "x n"),
        index_request("first", "x", "KEYS_ONLY"),
        index_request("third", "b"),
    ],
    "LocalSecondaryIndexes": [index_request("local", "pk l")],
}
"""Arguments of `table_request`.

An error about the attribute x names the index `first`, although `second` has this attribute too.
"""


def index_key_mismatch(name: str, expected: str, actual: str, index: str) -> str:
    """Return the text of the error for an index key of a wrong type."""
    return (
        "One or more parameter values were invalid: "
        f"Type mismatch for Index Key {name} Expected: {expected} Actual: {actual} IndexName: {index}"
    )
