"""The units that each caller consumes, for budgets. The control `consumption` begins it."""


class Meter:
    """The units that the requests to the tables of one caller have consumed."""

    __slots__ = ("read", "write")

    def __init__(self) -> None:
        self.read = 0.0
        self.write = 0.0


class Meters:
    """The meters of all callers, by access key and region of their tables.

    They stay when tables are deleted.
    """

    def __init__(self) -> None:
        self._meters: dict[tuple[str, str], Meter] = {}

    def of(self, access_key: str, region: str) -> Meter:
        """Return the meter of a caller."""
        return self._meters.setdefault((access_key, region), Meter())

    def total(self, access_key: str | None, region: str | None) -> tuple[float, float]:
        """Return the read and write units of some callers. None means all."""
        chosen = [
            meter
            for owner, meter in self._meters.items()
            if access_key in (None, owner[0]) and region in (None, owner[1])
        ]
        return sum(meter.read for meter in chosen), sum(meter.write for meter in chosen)
