"""Caches facts about tables: their names, keys and indexes, and attributes in earlier results."""

from collections.abc import Iterable

from emulator.client.endpoint import HttpEndpoint, Refused, Response, Unreachable
from emulator.display.values import Item


class Knowledge:
    """Cached facts about the tables of an endpoint, until `forget` drops them."""

    def __init__(self, endpoint: HttpEndpoint) -> None:
        self._endpoint = endpoint
        self._tables: list[str] | None = None
        self._described: dict[str, Response] = {}
        self._seen: dict[str, dict[str, None]] = {}

    def forget(self) -> None:
        """Drop names and descriptions of tables, because other programs may have changed them.

        Names of attributes are kept: they are only suggestions.
        """
        self._tables = None
        self._described.clear()

    def tables(self) -> list[str]:
        """Return the names of all tables. Raises Refused or Unreachable if the server fails."""
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
        """Return the `Table` of DescribeTable's answer.

        Raises Refused for an error of the server, Unreachable if the server does not answer.
        """
        if table not in self._described:
            self._described[table] = self._endpoint.call("DescribeTable", {"TableName": table})["Table"]
        return self._described[table]

    def keys(self, table: str) -> list[str]:
        """Return the names of a table's key attributes, or [] if DescribeTable fails."""
        try:
            return [each["AttributeName"] for each in self.describe(table)["KeySchema"]]
        except (Refused, Unreachable):
            return []

    def indexes(self, table: str) -> list[str]:
        """Return the names of a table's indexes, or [] if DescribeTable fails."""
        try:
            described = self.describe(table)
        except (Refused, Unreachable):
            return []
        kinds = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        return [index["IndexName"] for kind in kinds for index in described.get(kind, ())]

    def attributes(self, table: str) -> list[str]:
        """Return names of a table's attributes: key attributes, then attributes in results."""
        try:
            defined = [each["AttributeName"] for each in self.describe(table)["AttributeDefinitions"]]
        except (Refused, Unreachable):
            defined = []
        return list(dict.fromkeys([*defined, *self._seen.get(table, ())]))

    def remember(self, table: str, items: Iterable[Item]) -> None:
        """Store the attribute names of a result's items, as later suggestions."""
        seen = self._seen.setdefault(table, {})
        for item in items:
            seen.update(dict.fromkeys(item))
