"""Calls of one emulator in several regions, for tests of replicas."""

import json
from typing import Any

from emulator.settings import Settings
from tests.support.in_process import InProcess

REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")
TABLE = {
    "TableName": "music",
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


class Regions:
    """An emulator in process. `regions(region, operation, **members)` calls it in a region."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.inside = InProcess(settings or Settings(in_memory=True))
        self.database = self.inside.emulator.database
        self.clock = self.inside.clock

    def __call__(self, region: str, operation: str, /, **members: Any) -> Any:
        """Call an operation in a region; return its answer."""
        self._in(region)
        return self.inside(operation, members)

    def error(self, region: str, operation: str, /, **members: Any) -> tuple[str, str | None]:
        """Call an operation that must fail; return its code and message."""
        self._in(region)
        return self.inside.error(operation, members)

    def _in(self, region: str) -> None:
        self.inside.caller = self.inside.emulator.caller("test", region)

    def replicate(self, *regions: str, table: str = "music") -> None:
        """Create replicas of a table of the first region (`REGIONS[0]`) in these regions."""
        for region in regions:
            self(REGIONS[0], "UpdateTable", TableName=table, ReplicaUpdates=[{"Create": {"RegionName": region}}])
            self.drain()

    def drain(self) -> None:
        """Run all background work, so that all writes are replicated."""
        self.database.background.run_all()

    def items(self, region: str, table: str = "music") -> list[Any]:
        """Return the items of a region's table, sorted."""
        return sorted(self(region, "Scan", TableName=table)["Items"], key=json.dumps)

    def described(self, region: str, table: str = "music") -> Any:
        """Return what DescribeTable says about a region's table."""
        return self(region, "DescribeTable", TableName=table)["Table"]

    def replicas(self, region: str) -> dict[str, str]:
        """Return region -> ReplicaStatus, as DescribeTable in one region says."""
        return {each["RegionName"]: each["ReplicaStatus"] for each in self.described(region).get("Replicas", ())}
