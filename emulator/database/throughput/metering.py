"""The units that each caller consumes, for budgets. The control `consumption` begins it."""

from emulator.database.throughput.usage import Usage


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


class MeteredUsage:
    """Counts the units of one table on the meter of its owner, and with another counter if any."""

    __slots__ = ("_also", "_meter")

    def __init__(self, meter: Meter, also: Usage | None = None) -> None:
        self._meter = meter
        self._also = also

    def read(self, source: str | None, units: float) -> None:
        """Count units that reads consumed."""
        self._meter.read += units
        if self._also is not None:
            self._also.read(source, units)

    def write(self, source: str | None, units: float) -> None:
        """Count units that writes consumed."""
        self._meter.write += units
        if self._also is not None:
            self._also.write(source, units)

    def throttled_read(self, source: str | None) -> None:
        """Pass a throttled read on. It consumes nothing."""
        if self._also is not None:
            self._also.throttled_read(source)

    def throttled_write(self, source: str | None) -> None:
        """Pass a throttled write on. It consumes nothing."""
        if self._also is not None:
            self._also.throttled_write(source)
