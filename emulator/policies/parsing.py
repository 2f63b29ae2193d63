"""Parses the policy in a request, and raises AWS's errors (control-plane 11.2).

The checks have this order: size, JSON, the elements of the document, the elements of each
statement, unique statement ids, actions, resources, principals, unlimited access for everyone. The
order is inferred, because we have observed only documents with a single error.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from emulator import errors, limits
from emulator.policies import actions, positions
from emulator.policies.document import (
    ALLOW,
    ANYONE,
    AWS,
    DENY,
    Policy,
    Principals,
    Selection,
    Statement,
    root_of,
    unique,
)
from emulator.policies.positions import Path

_VERSIONS: Final = ("2008-10-17", "2012-10-17")
_DOCUMENT: Final = frozenset(("Version", "Id", "Statement"))
_PAIRS: Final = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
_STATEMENT: Final = frozenset(("Sid", "Effect", "Condition", *(name for pair in _PAIRS for name in pair)))
_KINDS: Final = frozenset((AWS, "Service", "Federated", "CanonicalUser"))
_EFFECTS: Final = {ALLOW.lower(): ALLOW, DENY.lower(): DENY}

_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_IAM: Final = re.compile(r"arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:(root|(user|role|assumed-role|federated-user)/.+)")
# In stored policies, AWS replaces the ARN of a deleted user or role with a unique id of this form.
_UNIQUE_ID: Final = re.compile(r"A[A-Z0-9]{15,127}")
_RELATIVE_ID: Final = re.compile(r"(table|global-table)/.+|\*|table\*|[*?].*")

_BOUNDS: Final = frozenset(
    (
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
    )
)
"""Condition keys, in lower case. A condition on one of them limits access that all principals have.

Source: AWS's documentation, "Blocking public access with resource-based policies in DynamoDB".
"""


def parsed(text: str, kind: str) -> Policy:
    """Return the parsed policy. Raises ApiError.

    text: the policy document in a request. kind: the resource that gets it, "table" or "stream".
    """
    if len(text.encode()) > limits.RESOURCE_POLICY:
        raise errors.policy_too_large(limits.RESOURCE_POLICY)
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise errors.policy_not_json() from None
    if isinstance(document, list):
        raise errors.policy_not_json()
    if not isinstance(document, dict):
        raise errors.policy_not_a_policy()
    policy = _Parser(text).policy(document)
    _check(policy, kind)
    return policy


def _check(policy: Policy, kind: str) -> None:
    """Raise ApiError for the first wrong content of a policy whose form is correct."""
    ids = [statement.sid for statement in policy.statements if statement.sid is not None]
    if len(set(ids)) < len(ids):
        raise errors.policy_sids_repeated()
    invalid = [name for each in policy.statements for name in actions.invalid_names(each.printed_actions, kind)]
    if invalid:
        raise errors.policy_actions_invalid(unique(invalid))
    for statement in policy.statements:
        for resource in statement.resources.texts:
            _check_resource(resource)
    for statement in policy.statements:
        for name in (statement.principals.named or {}).get(AWS, ()):
            if not (name == ANYONE or _IAM.fullmatch(name) or _UNIQUE_ID.fullmatch(name)):
                raise errors.policy_principal_invalid()
    if any(map(_is_unbounded, policy.statements)):
        raise errors.policy_unbounded()


def _check_resource(text: str) -> None:
    if text == ANYONE:
        return
    parts = text.split(":", 5)
    if parts[0] != "arn" or len(parts) < len(("arn", "partition", "service", "region", "account", "resource")):
        raise errors.policy_resource_not_an_arn(text)
    if not _RELATIVE_ID.fullmatch(parts[5]):
        raise errors.policy_relative_id_invalid(parts[5], text)


def _is_unbounded(statement: Statement) -> bool:
    """Return True if a statement allows access to all principals, without a limiting condition.

    Conditions on the keys in _BOUNDS limit the access.
    """
    if statement.effect != ALLOW or not (statement.principals.are_anyone or statement.principals.excepted):
        return False
    keys = {key.lower() for tests in statement.conditions.values() for key in tests}
    return _BOUNDS.isdisjoint(keys)


class _Parser:
    """Converts a policy document to a Policy.

    text: the text of the document. Errors report positions in it.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def policy(self, document: Mapping[str, Any]) -> Policy:
        """Return the policy in a document, which is a JSON object. Raises ApiError."""
        for name, value in document.items():
            if name not in _DOCUMENT or (name == "Id" and not isinstance(value, str)):
                raise self._misplaced((name,))
        if "Statement" not in document:
            raise self._misplaced(())
        if "Version" in document and document["Version"] not in _VERSIONS:
            raise self._misplaced(("Version",))
        given = document["Statement"]
        listed: list[tuple[Path, Any]] = [(("Statement",), given)]
        if isinstance(given, list):
            listed = [(("Statement", number), each) for number, each in enumerate(given)]
        if not listed:
            raise errors.policy_without_statement()
        statements = tuple(self._statement(each, path) for path, each in listed)
        return Policy(document.get("Version"), document.get("Id"), statements)

    def _statement(self, given: object, path: Path) -> Statement:
        if not isinstance(given, dict):
            raise self._misplaced(path)
        for name in given:
            if name not in _STATEMENT:
                raise self._misplaced((*path, name))
        if "Effect" not in given:
            raise errors.policy_field_missing("Effect")
        for pair in _PAIRS:
            if given.keys().isdisjoint(pair):
                raise errors.policy_field_missing(pair[0])
            if given.keys() >= set(pair):
                raise self._misplaced((*path, pair[1]))
        sid, effect = given.get("Sid"), given["Effect"]
        if "Sid" in given and not isinstance(sid, str):
            raise self._misplaced((*path, "Sid"))
        if not isinstance(effect, str) or effect.lower() not in _EFFECTS:
            raise self._misplaced((*path, "Effect"))
        printed = self._selection(given, "Action", path)
        return Statement(
            sid,
            _EFFECTS[effect.lower()],
            self._principals(given, path),
            Selection(tuple(name.lower() for name in printed.texts), excepted=printed.excepted),
            printed.texts,
            self._selection(given, "Resource", path),
            self._conditions(given.get("Condition", {}), (*path, "Condition")),
        )

    def _principals(self, given: Mapping[str, Any], path: Path) -> Principals:
        excepted = "NotPrincipal" in given
        name = "NotPrincipal" if excepted else "Principal"
        path, value = (*path, name), given[name]
        if value == ANYONE:
            return Principals(None, excepted)
        if not isinstance(value, dict) or not value or not value.keys() <= _KINDS:
            raise self._misplaced(path)
        named = {kind: self._texts(names, (*path, kind)) for kind, names in value.items()}
        if AWS in named:
            accounts = (root_of(name) if _ACCOUNT.fullmatch(name) else name for name in named[AWS])
            named[AWS] = unique(accounts)
        return Principals(named, excepted)

    def _selection(self, given: Mapping[str, Any], element: str, path: Path) -> Selection:
        """Return the actions or resources of a statement.

        given: the statement. element: "Action" or "Resource". path: the path of the statement.
        """
        excepted = f"Not{element}" in given
        name = f"Not{element}" if excepted else element
        return Selection(self._texts(given[name], (*path, name)), excepted)

    def _conditions(self, value: object, path: Path) -> Mapping[str, Mapping[str, Any]]:
        """Check the Condition of a statement; return it unchanged.

        It is a mapping: operator -> condition key -> a scalar or a list of scalars.
        """
        if not isinstance(value, dict):
            raise self._misplaced(path)
        for operator, tests in value.items():
            if not isinstance(tests, dict):
                raise self._misplaced((*path, operator))
            for key, values in tests.items():
                if not all(map(_is_scalar, values if isinstance(values, list) else [values])):
                    raise self._misplaced((*path, operator, key))
        return value

    def _texts(self, value: object, path: Path) -> tuple[str, ...]:
        """Return the texts of an element without repetitions.

        The element is one text, or a list of at least one text. Raises ApiError otherwise.
        """
        texts: Iterable[object] = value if isinstance(value, list) else (value,)
        found = tuple(text for text in texts if isinstance(text, str))
        if not found or len(found) < len(tuple(texts)):
            raise self._misplaced(path)
        return unique(found)

    def _misplaced(self, path: Path) -> errors.ApiError:
        return errors.policy_syntax(*positions.after(self._text, path))


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float)
