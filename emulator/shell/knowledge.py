"""Cached facts about tables: names, keys, indexes, and attributes in earlier results."""

from collections.abc import Iterable

from emulator.client.endpoint import HttpEndpoint, Refused, Response, Unreachable
from emulator.display.values import Item


class Knowledge:
    """Cached facts about the tables of an endpoint. Descriptions are kept until `forget`."""

    def __init__(self, endpoint: HttpEndpoint) -> None:
        self._endpoint = endpoint
        self._tables: list[str] | None = None
        self._described: dict[str, Response] = {}
        self._seen: dict[str, dict[str, None]] = {}

    def forget(self) -> None:
        """Forget what other programs may have changed. Names of attributes stay, as suggestions."""
        self._tables = None
        self._described.clear()

    def tables(self) -> list[str]:
        """Return the names of all tables. Raises Refused, Unreachable."""
        if self._tables is None:
            names: list[str] = []
            request: dict[str, str] = {}
            while True:
                page = self._endpoint.call("ListTables", request)
                names += page["TableNames"]
                if "LastEvaluatedTableName" not in page:
                    break
                request = {"ExclusiveStartTableName": page["LastEvaluatedTableName"]}
            self._tables = names
        return self._tables

    def describe(self, table: str) -> Response:
        """Return the description of a table. Raises Refused, Unreachable."""
        if table not in self._described:
            self._described[table] = self._endpoint.call("DescribeTable", {"TableName": table})["Table"]
        return self._described[table]

    def keys(self, table: str) -> list[str]:
        """Return the key attributes of a table, [] if there is no such table."""
        try:
            return [each["AttributeName"] for each in self.describe(table)["KeySchema"]]
        except (Refused, Unreachable):
            return []

    def indexes(self, table: str) -> list[str]:
        """Return the names of the indexes of a table, [] if there is no such table."""
        try:
            described = self.describe(table)
        except (Refused, Unreachable):
            return []
        kinds = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        return [index["IndexName"] for kind in kinds for index in described.get(kind, ())]

    def attributes(self, table: str) -> list[str]:
        """Return the attributes of a table: key attributes first, then those in earlier results."""
        try:
            defined = [each["AttributeName"] for each in self.describe(table)["AttributeDefinitions"]]
        except (Refused, Unreachable):
            defined = []
        return list(dict.fromkeys([*defined, *self._seen.get(table, ())]))

    def see(self, table: str, items: Iterable[Item]) -> None:
        """Store the attributes of items in a result."""
        seen = self._seen.setdefault(table, {})
        for item in items:
            seen.update(dict.fromkeys(item))
