"""Scopes: which resources a reset or a snapshot is about."""

from dataclasses import dataclass
from typing import Self

from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.database.store import keyspace
from storage.keycode import prefix_end

Range = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that the callers of this server can reach, or a part of it.

    access_key, region: whose resources; None means all access keys, all regions. With `--shared-db`
    both are empty: all callers share one tenant.
    """

    access_key: str | None = None
    region: str | None = None

    @classmethod
    def of(cls, access_key: str | None, region: str | None, *, shared: bool) -> Self:
        """Return the scope of an access key and region. shared: whether there is one tenant."""
        return cls(*SHARED) if shared else cls(access_key, region)

    def owns(self, tenant: Tenant) -> bool:
        """Say whether the resources of a tenant are in the scope."""
        if self.access_key is None:
            return tenant != SHARED
        return tenant[0] == self.access_key and self.region in (None, tenant[1])

    def tables(self) -> Range:
        """Return the range of the storage keys of the tables."""
        return self._range(keyspace.owned_tables)

    def mappings(self) -> Range:
        """Return the range of the storage keys of the event source mappings."""
        return self._range(keyspace.owned_mappings)

    def tokens(self) -> Range | None:
        """Return the range of the remembered ClientRequestTokens, None for all of them."""
        if self.access_key in (None, SHARED[0]):
            return None
        return self._range(keyspace.owned_tokens)

    def _range(self, owned: "keyspace.Owned") -> Range:
        if self.access_key is None:  # all but those of the shared tenant, which come first
            return prefix_end(owned(keyspace.owner(*SHARED))), prefix_end(owned(b""))
        prefix = owned(keyspace.owner(self.access_key, self.region))
        return prefix, prefix_end(prefix)
