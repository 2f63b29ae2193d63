"""Recognises the entities of a single-table design by the prefixes of their keys. Pure functions.

Tables with several entities have keys such as `USER#42` and `ORDER#2024-01-01#7`. A prefix ends
with the first separator (`#`, `|`, `:` or `/`). A whole key in capital letters, such as `PROFILE`,
is a prefix too. A key without a prefix has the prefix `*`. The name of an entity is the list of the
prefixes of all key attributes: `USER#, ORDER#`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_PREFIX: Final = re.compile(r"([A-Za-z][A-Za-z_.-]*?)([#|:/])|([A-Z][A-Z_-]*)\Z")
_MOST_FACETS: Final = 50
_OTHER: Final = "*"

Item = Mapping[str, Any]
Prefixes = tuple[str, ...]


@dataclass(slots=True)
class Entity:
    """An entity, with facts about its items.

    prefixes: one for each key attribute. count: the number of items. example: one of the items.
    attributes: name of an attribute -> number of items that have it.
    """

    prefixes: Prefixes
    count: int = 0
    example: Item = field(default_factory=dict)
    attributes: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """The name of the entity, such as `USER#, ORDER#`."""
        return ", ".join(self.prefixes)


@dataclass(slots=True)
class Collection:
    """Items with the same partition key (an item collection).

    count: the number of the items.
    entities: name of an entity -> number of its items in the collection.
    """

    key: Mapping[str, Any]
    count: int = 0
    entities: Counter[str] = field(default_factory=Counter)


def prefix(value: Mapping[str, Any] | None) -> str:
    """Return the prefix of a key value, such as `USER#`, or `*` for a key without a prefix."""
    text = value.get("S") if value else None
    found = _PREFIX.match(text) if isinstance(text, str) else None
    if found is None:
        return _OTHER
    return found[3] or f"{found[1]}{found[2]}"


def entities(items: Iterable[Item], key_names: Sequence[str]) -> list[Entity]:
    """Return the entities of some items, the most frequent first."""
    found: dict[Prefixes, Entity] = {}
    for item in items:
        prefixes = tuple(prefix(item.get(name)) for name in key_names)
        entity = found.setdefault(prefixes, Entity(prefixes, example=item))
        entity.count += 1
        entity.attributes.update(item.keys() - set(key_names))
    return sorted(found.values(), key=lambda each: (-each.count, each.prefixes))[:_MOST_FACETS]


def collections(items: Iterable[Item], key_names: Sequence[str], most: int) -> list[Collection]:
    """Return the item collections of some items, the largest first.

    most: the maximum number of collections to return.
    """
    found: dict[str, Collection] = {}
    for item in items:
        partition = item[key_names[0]]
        collection = found.setdefault(repr(partition), Collection(partition))
        collection.count += 1
        collection.entities[", ".join(prefix(item.get(name)) for name in key_names)] += 1
    return sorted(found.values(), key=lambda each: -each.count)[:most]
