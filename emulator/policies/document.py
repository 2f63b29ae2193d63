"""A parsed resource policy: to whom, and to what, its statements apply (control-plane 11).

`parsing.py` makes these objects. `canonical.py` prints them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

ALLOW: Final = "Allow"
DENY: Final = "Deny"

ANYONE: Final = "*"
AWS: Final = "AWS"
"""The kind of the principals that belong to IAM: accounts, users, roles and sessions."""


@dataclass(frozen=True, slots=True)
class Principals:
    """The principals to which a statement applies.

    named: kind (AWS, Service, Federated, CanonicalUser) -> principals of this kind. None means
    `"*"`: all principals. The ARN of an account's root means the whole account.
    excepted: True for NotPrincipal: the statement applies to all principals that are not named.
    """

    named: Mapping[str, tuple[str, ...]] | None
    excepted: bool = False

    @property
    def are_anyone(self) -> bool:
        """True if `named` means all principals: the policy has `"*"` or `{"AWS": "*"}`."""
        return self.named is None or ANYONE in self.named.get(AWS, ())

    def include(self, arn: str, account: str) -> bool:
        """Return True if the statement applies to a principal of IAM.

        arn: the ARN of the principal. account: the number of the principal's account.
        """
        if self.are_anyone:
            return not self.excepted
        assert self.named is not None, "a statement that does not apply to all principals must name some"
        is_named = not {arn, root_of(account)}.isdisjoint(self.named.get(AWS, ()))
        return is_named is not self.excepted

    def include_service(self, service: str) -> bool:
        """Return True if the statement applies to a service, such as "dynamodb.amazonaws.com"."""
        is_named = self.named is None or service in self.named.get("Service", ())
        return is_named is not self.excepted


@dataclass(frozen=True, slots=True)
class Selection:
    """The actions or the resources to which a statement applies.

    texts: names of actions or ARNs of resources, with the wildcards `*` and `?`.
    excepted: True for NotAction and NotResource: the statement applies to all actions or resources
    that match none of the texts.
    """

    texts: tuple[str, ...]
    excepted: bool = False

    def includes(self, text: str) -> bool:
        """Return True if the statement applies to an action or resource.

        text: the name of the action, or the ARN of the resource. Its case matters.
        """
        return any(_matches(pattern, text) for pattern in self.texts) is not self.excepted


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy.

    sid: the id of the statement, or None.
    effect: ALLOW or DENY.
    actions: the actions in lower case, because policies ignore the case of actions.
    printed_actions: the actions as in the request.
    conditions: operator -> condition key -> values, as in the request; empty without conditions.
    """

    sid: str | None
    effect: str
    principals: Principals
    actions: Selection
    printed_actions: tuple[str, ...]
    resources: Selection
    conditions: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy. version, id: None if the document has no Version or Id."""

    version: str | None
    id: str | None
    statements: tuple[Statement, ...]

    def denies(self, action: str, resource: str, arn: str, account: str) -> bool:
        """Return True if the policy denies an action on a resource to a principal.

        arn, account: the ARN and the account of the principal.

        Statements with conditions are ignored, because their conditions may not be met.
        """
        return any(
            statement.effect == DENY
            and not statement.conditions
            and statement.principals.include(arn, account)
            and statement.actions.includes(action.lower())
            and statement.resources.includes(resource)
            for statement in self.statements
        )

    def allows_service(self, action: str, resource: str, service: str) -> bool:
        """Return True if the policy allows an action on a resource to a service of AWS.

        The conditions of statements are ignored, as if all of them were met.
        """
        effects = {
            statement.effect
            for statement in self.statements
            if statement.principals.include_service(service)
            and statement.actions.includes(action.lower())
            and statement.resources.includes(resource)
        }
        return effects == {ALLOW}


def root_of(account: str) -> str:
    """Return the ARN of an account's root, which means the whole account."""
    return f"arn:aws:iam::{account}:root"


def unique(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the texts in the same order, without repetitions."""
    return tuple(dict.fromkeys(texts))


def _matches(pattern: str, text: str) -> bool:
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
