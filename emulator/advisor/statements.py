"""Turns a PartiQL statement into an access of a native operation, such as Query or UpdateItem."""

from collections.abc import Callable, Mapping
from typing import Any

from emulator.advisor.calls import Access, key_text, text_of
from emulator.advisor.conditions import changes_of, equal_attributes
from emulator.advisor.tables import TableFacts
from emulator.errors import ApiError
from emulator.expressions import ast
from emulator.partiql import where
from emulator.partiql.ast import DeleteStatement, Exists, Insert, Select, UpdateStatement
from emulator.partiql.prepare import PreparedStatement, prepare_statement

Json = Mapping[str, Any]
Find = Callable[[str], TableFacts | None]


def access_of(request: Json, find: Find) -> Access | None:
    """Return the access of a statement, None if it does not parse or its table is unknown.

    request: a dictionary with Statement and Parameters. The caller of this function sets the units,
    counts and sizes of the access.
    """
    try:
        prepared = prepare_statement(request["Statement"], request.get("Parameters") or ())
    except ApiError:
        return None
    name = prepared.relation.table
    facts = find(name.rpartition("/")[2] if name.startswith("arn:") else name)
    if facts is None:
        return None
    access = _access(prepared, facts)
    access.facts, access.statement = facts, True
    access.consistent = bool(request.get("ConsistentRead"))
    return access


def _access(prepared: PreparedStatement, facts: TableFacts) -> Access:
    statement = prepared.statement
    match statement:
        case Insert():
            return _insert(prepared, facts)
        case Select():
            return _select(prepared, statement, facts)
        case UpdateStatement():
            access = _of_key("UpdateItem", prepared, prepared.program.where, facts)
            access.changes, access.assigned = changes_of(statement.update, {}, prepared.values)
        case DeleteStatement():
            access = _of_key("DeleteItem", prepared, prepared.program.where, facts)
        case Exists():
            access = _of_key("ConditionCheckItem", prepared, prepared.program.where, facts)
    return access


def _insert(prepared: PreparedStatement, facts: TableFacts) -> Access:
    """Return the access of an INSERT: a PutItem with the condition that no item has its key."""
    statement = prepared.statement
    assert isinstance(statement, Insert), "_insert was called for another kind of statement"
    item = prepared.values[statement.item.name].get("M", {})
    access = Access("PutItem", facts.name, condition=True, item=item)
    access.key = key_text(item, facts.keys)
    access.partition = text_of(item.get(facts.hash, {}))
    return access


def _select(prepared: PreparedStatement, statement: Select, facts: TableFacts) -> Access:
    condition = prepared.program.where
    index = statement.relation.index or ""
    if not index:
        access = _of_key("GetItem", prepared, condition, facts)
        if access.key:
            access.filtered = access.condition
            return _with_projection(access, statement)
    names = facts.hash_of(index)
    key, _ = where.key_of(condition, names)
    access = Access("Query" if len(key) == len(names) else "Scan", facts.name, index)
    access.partition = text_of(prepared.values[key[0][1]]) if key else ""
    equal = equal_attributes(condition)
    keys = facts.indexes[index].keys if index in facts.indexes else facts.keys
    others = [part for part in _parts(condition) if not _is_about(part, keys)]
    access.filtered = bool(others) if access.action == "Query" else condition is not None
    access.equal = tuple(name for name in equal if access.action == "Scan" or name not in keys)
    return _with_projection(access, statement)


def _with_projection(access: Access, statement: Select) -> Access:
    if statement.paths is not None:
        access.whole = False
        access.wanted = tuple({str(path[0]): None for path in statement.paths})
    return access


def _of_key(action: str, prepared: PreparedStatement, condition: ast.ConditionTree | None, facts: TableFacts) -> Access:
    """Return an access to the item whose primary key a WHERE condition compares with `=`.

    If the condition does not have all attributes of the key, the key of the access is "".
    """
    key, rest = where.key_of(condition, facts.keys)
    item = {name: prepared.values[placeholder] for name, placeholder in key}
    access = Access(action, facts.name, condition=rest is not None)
    access.key = key_text(item, facts.keys)
    access.partition = text_of(item.get(facts.hash, {}))
    return access


def _parts(condition: ast.ConditionTree | None) -> list[ast.ConditionTree]:
    return [] if condition is None else list(ast.chain(condition, ast.And))


def _is_about(part: ast.ConditionTree, names: tuple[str, ...]) -> bool:
    paths = [each for each in ast.inner_first(part) if isinstance(each, ast.DocumentPath)]
    return all(len(path.steps) == 1 and path.steps[0] in names for path in paths)
