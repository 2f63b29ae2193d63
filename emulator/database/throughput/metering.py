"""Counts the units that each caller consumes, so that tests can check budgets.

Counting begins with the first call of the control `consumption`.
"""


class Meter:
    """The units that requests to the tables of one caller have consumed."""

    __slots__ = ("read", "write")

    def __init__(self) -> None:
        self.read = 0.0
        self.write = 0.0


class Meters:
    """The meters of all callers: one for each access key and region that owns tables.

    A meter keeps its units when tables are deleted.
    """

    def __init__(self) -> None:
        self._meters: dict[tuple[str, str], Meter] = {}

    def of(self, access_key: str, region: str) -> Meter:
        """Return the meter that counts the units of a caller. The first call makes it."""
        return self._meters.setdefault((access_key, region), Meter())

    def total(self, access_key: str | None, region: str | None) -> tuple[float, float]:
        """Return a pair: the read units and the write units that some callers have consumed.

        access_key, region: None means all access keys or all regions.
        """
        chosen = [
            meter
            for owner, meter in self._meters.items()
            if access_key in (None, owner[0]) and region in (None, owner[1])
        ]
        return sum(meter.read for meter in chosen), sum(meter.write for meter in chosen)
