"""Scopes: the resources that a reset or a snapshot covers."""

from dataclasses import dataclass
from typing import Self

from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.database.store import keyspace
from storage.keycode import prefix_end

Range = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that the callers of this server can reach, or a part of it.

    access_key, region: the owner of the resources. None means all access keys or all regions. With
    `--shared-db` both are empty texts, because all callers are one tenant.
    tables: if not None, the scope has only these tables and what belongs to them. Each table is
    given by access key, region and name. If `tables` is not None, `access_key` and `region` have no
    meaning.
    """

    access_key: str | None = None
    region: str | None = None
    tables: tuple[tuple[str, str, str], ...] | None = None

    @classmethod
    def of(cls, access_key: str | None, region: str | None, *, shared: bool) -> Self:
        """Return the scope of an access key and region.

        access_key, region: None means all access keys or all regions.
        shared: True if all callers are one tenant. Then the scope is everything of this tenant.
        """
        return cls(*SHARED) if shared else cls(access_key, region)

    def owns(self, tenant: Tenant) -> bool:
        """Return True if resources of this tenant (access key and region) are in the scope."""
        if self.tables is not None:
            return any(each[:2] == tenant for each in self.tables)
        if self.access_key is None:
            return tenant != SHARED
        return tenant[0] == self.access_key and self.region in (None, tenant[1])

    def meets(self, other: "Scope") -> bool:
        """Return True if there can be an access key that has resources in both scopes.

        If this scope is limited to some tables, `other` must have the owner of one of the tables.

        other: a scope that is not limited to some tables.
        """
        if self.tables is not None:
            return any(other.owns((access_key, region)) for access_key, region, _ in self.tables)
        return None in (self.access_key, other.access_key) or self.access_key == other.access_key

    def has(self, tenant: Tenant, table: str) -> bool:
        """Return True if a table is in the scope.

        tenant: the table's owner, for whom `owns` must have returned True. table: the table's name.
        """
        return self.tables is None or (*tenant, table) in self.tables

    def of_tables(self) -> list[Range]:
        """Return the ranges of storage keys that have the definitions of the scope's tables."""
        if self.tables is None:
            return [_owned(self, keyspace.owned_tables)]
        return [(key, key + b"\0") for key in (keyspace.table(*table) for table in self.tables)]

    def of_mappings(self) -> list[Range]:
        """Return the ranges of storage keys that have the event source mappings of this scope.

        If the scope is limited to some tables, the ranges also have the mappings of other tables of
        the same tenants.
        """
        return [_owned(scope, keyspace.owned_mappings) for scope in self._tenants()]

    def of_scalable_targets(self) -> list[Range]:
        """Return the ranges of storage keys that have the scalable targets of this scope.

        If the scope is limited to some tables, the ranges also have the targets of other tables of
        the same tenants.
        """
        return [_owned(scope, keyspace.owned_scalable_targets) for scope in self._tenants()]

    def of_tokens(self) -> list[Range] | None:
        """Return the ranges of storage keys that have the ClientRequestTokens of the scope.

        None means all tokens. The result is None if the scope has all access keys. With
        `--shared-db`, the result is always None: the storage key of a token has the access key of
        the caller who sent the token, and the scope does not know the access keys of callers.
        """
        if any(scope.access_key in (None, SHARED[0]) for scope in self._tenants()):
            return None
        return [_owned(scope, keyspace.owned_tokens) for scope in self._tenants()]

    def _tenants(self) -> "list[Scope]":
        """Return one scope for each tenant that owns a table of this scope.

        Each scope has all resources of its tenant. If this scope is not limited to some tables,
        return only this scope.
        """
        if self.tables is None:
            return [self]
        return [Scope(*tenant) for tenant in dict.fromkeys(table[:2] for table in self.tables)]


def _owned(scope: Scope, owned: keyspace.Owned) -> Range:
    """Return the range of storage keys of one kind of resources that a scope's tenants own.

    owned: a function that returns the key prefix of an owner's resources of this kind.
    """
    # Without an access key, the scope has all tenants except SHARED, the tenant of `--shared-db`.
    # SHARED's keys come before all other tenants' keys. So the range begins after SHARED's keys.
    if scope.access_key is None:
        return prefix_end(owned(keyspace.owner(*SHARED))), prefix_end(owned(b""))
    prefix = owned(keyspace.owner(scope.access_key, scope.region))
    return prefix, prefix_end(prefix)
