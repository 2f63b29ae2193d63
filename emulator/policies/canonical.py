"""The canonical text of a policy, as GetResourcePolicy returns it (control-plane 11.3).

Two policy documents are equivalent if their canonical texts are equal. If a document has no
Version, GetResourcePolicy adds the default Version. But AWS does not treat a document with the
default Version and a document without Version as equivalent. So the canonical text of a document
without Version has no Version, and `shown` adds the default Version for GetResourcePolicy.
"""

from typing import Any, Final

import orjson

from emulator.policies.document import Policy, Principals, Selection, Statement

_DEFAULT_VERSION: Final = "2008-10-17"


def text_of(policy: Policy) -> str:
    """Return the canonical text of a policy, as JSON. It has a Version only if the policy does."""
    document: dict[str, Any] = {}
    if policy.version is not None:
        document["Version"] = policy.version
    if policy.id is not None:
        document["Id"] = policy.id
    document["Statement"] = [_statement(each) for each in policy.statements]
    return orjson.dumps(document).decode()


def shown(text: str) -> str:
    """Return a canonical text as GetResourcePolicy returns it: always with a Version."""
    document = orjson.loads(text)
    if "Version" in document:
        return text
    return orjson.dumps({"Version": _DEFAULT_VERSION, **document}).decode()


def _statement(statement: Statement) -> dict[str, Any]:
    element: dict[str, Any] = {}
    if statement.sid is not None:
        element["Sid"] = statement.sid
    element["Effect"] = statement.effect
    principals = statement.principals
    element["NotPrincipal" if principals.excepted else "Principal"] = _principals(principals)
    element[_name("Action", statement.actions)] = _one_or_list(statement.printed_actions)
    element[_name("Resource", statement.resources)] = _one_or_list(statement.resources.texts)
    if statement.conditions:
        element["Condition"] = statement.conditions
    return element


def _name(element: str, selection: Selection) -> str:
    return f"Not{element}" if selection.excepted else element


def _principals(principals: Principals) -> object:
    if principals.named is None:
        return "*"
    return {kind: _one_or_list(names) for kind, names in principals.named.items()}


def _one_or_list(texts: tuple[str, ...]) -> object:
    return texts[0] if len(texts) == 1 else texts
