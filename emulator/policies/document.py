"""A parsed resource policy, and the scope of its statements (control-plane 11).

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
"""The kind of IAM's principals: accounts, users, roles and sessions."""


@dataclass(frozen=True, slots=True)
class Principals:
    """The principals to which a statement applies.

    named: kind (AWS, Service, Federated, CanonicalUser) -> principals; None means `"*"`. The ARN of
    an account's root stands for the whole account.
    excepted: whether the statement applies to all principals that are not in `named`
    (NotPrincipal).
    """

    named: Mapping[str, tuple[str, ...]] | None
    excepted: bool = False

    @property
    def are_anyone(self) -> bool:
        """Whether `named` means all principals: it is `"*"` or `{"AWS": "*"}`."""
        return self.named is None or ANYONE in self.named.get(AWS, ())

    def include(self, arn: str, account: str) -> bool:
        """Return whether the statement applies to a principal. account: the principal's account."""
        if self.are_anyone:
            return not self.excepted
        assert self.named is not None, "principals without names are anyone"
        is_named = not {arn, root_of(account)}.isdisjoint(self.named.get(AWS, ()))
        return is_named is not self.excepted

    def include_service(self, service: str) -> bool:
        """Return whether the statement applies to a service of AWS."""
        is_named = self.named is None or service in self.named.get("Service", ())
        return is_named is not self.excepted


@dataclass(frozen=True, slots=True)
class Selection:
    """The actions or the resources of a statement: texts with the wildcards `*` and `?`.

    excepted: whether the statement applies to all that do not match (NotAction, NotResource).
    """

    texts: tuple[str, ...]
    excepted: bool = False

    def includes(self, text: str) -> bool:
        """Return whether the statement applies to an action or resource. Case matters."""
        return any(_matches(pattern, text) for pattern in self.texts) is not self.excepted


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy.

    effect: ALLOW or DENY.
    actions: in lower case, because the case of their letters does not matter.
    printed_actions: the actions as in the request.
    conditions: operator -> condition key -> values, as in the request; {} if there are no
    conditions.
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
    """A parsed policy. version, id: None if the document does not have the element."""

    version: str | None
    id: str | None
    statements: tuple[Statement, ...]

    def denies(self, action: str, resource: str, arn: str, account: str) -> bool:
        """Return whether the policy denies a principal an action on a resource.

        arn, account: of the principal. Statements with conditions are ignored, because they may not
        apply.
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
        """Return whether the policy allows a service of AWS an action on a resource.

        Conditions are ignored: a statement with conditions applies.
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
    """Return the ARN that means a whole account."""
    return f"arn:aws:iam::{account}:root"


def unique(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts in their order, without repetitions."""
    return tuple(dict.fromkeys(texts))


def _matches(pattern: str, text: str) -> bool:
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
