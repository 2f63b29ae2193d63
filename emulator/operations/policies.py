"""PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy (control-plane 11).

Tables and streams have separate policies. The service makes its checks in this order (partly
inferred): the ARN; the policy document; whether the resource exists; the expected revision; whether
the document differs from the current one; whether the state of the resource allows a change.

With the setting `delay_transient_statuses`, a change of a policy is pending for a while, as on the
service. While it is pending, GetResourcePolicy returns the previous policy, and further changes are
refused. Afterwards the new policy is in force, but further changes are throttled until 15 seconds
after the request that made the change. Without the setting, a change is in force immediately, and
further changes are never refused.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions import arns
from emulator.database.definitions.arns import Arn
from emulator.database.definitions.policies import MILLISECONDS, AttachedPolicy, changed
from emulator.database.definitions.tables import DELETING, TableDefinition
from emulator.model.request import Request
from emulator.operations.registry import Response, operation
from emulator.policies import canonical
from emulator.policies.document import root_of
from emulator.policies.parsing import parsed

NO_POLICY: Final = "NO_POLICY"
"""The ExpectedRevisionId of a request that expects no policy."""

PUT: Final = "dynamodb:PutResourcePolicy"

# After a change, the service throttles further changes for this many milliseconds.
_PAUSE: Final = 15_000


class _Resource:
    """A table or stream and its policy.

    kind: "Table" or "Stream".
    name: the name of the table, or the label of the stream.
    attach: a function that stores a changed policy.
    deleting: the name of the table if its status is DELETING, otherwise None.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        policy: AttachedPolicy | None,
        attach: Callable[[AttachedPolicy], object],
        deleting: str | None = None,
    ) -> None:
        self.kind = kind
        self.name = name
        self.policy = policy
        self.attach = attach
        self.deleting = deleting

    @property
    def printed(self) -> str:
        """The kind and name of the resource, as error messages print them."""
        return f"{self.kind.lower()} {self.name}"


@operation("PutResourcePolicy")
def put_resource_policy(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Attach a policy to a table or stream, or replace its policy.

    A policy that is equivalent to the current one changes nothing, so its revision stays the same.
    """
    arn = arns.with_policy(request["ResourceArn"], caller.home)
    policy = parsed(request["Policy"], arn.kind)
    if not request.get("ConfirmRemoveSelfResourceAccess", False):
        resource = arn.text
        if policy.denies(PUT, resource, root_of(caller.account), caller.account):
            raise errors.policy_locks_out()
    return _changed(database, caller, arn, request, canonical.text_of(policy))


@operation("GetResourcePolicy")
def get_resource_policy(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return the canonical text and the revision of a policy."""
    arn = arns.with_policy(request["ResourceArn"], caller.home)
    policy = _resource(database, caller, arn).policy
    text, revision = (None, 0) if policy is None else (policy.text, policy.revision)
    if policy is not None and not database.catalog.has_passed(policy.until):
        text, revision = policy.before_text, policy.before_revision
    if text is None:
        raise errors.policy_missing(arn.text)
    return {"Policy": canonical.shown(text), "RevisionId": str(revision)}


@operation("DeleteResourcePolicy")
def delete_resource_policy(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Remove a policy. The response has the revision of the removed policy.

    If there is no policy, the response has the revision of the last deletion. If there was no
    deletion either, the response is empty.
    """
    arn = arns.with_policy(request["ResourceArn"], caller.home)
    return _changed(database, caller, arn, request, None)


def _changed(database: Database, caller: Caller, arn: Arn, request: Request, text: str | None) -> Response:
    """Replace the policy of a table or stream by `text`; return the response.

    If `text` is None, remove the policy.
    """
    resource = _resource(database, caller, arn)
    current = resource.policy
    _check_expected(resource, request.get("ExpectedRevisionId"))
    if text == (None if current is None else current.text):
        return {} if current is None else {"RevisionId": str(current.revision)}
    if resource.deleting is not None:
        raise errors.being_changed(resource.deleting, DELETING)
    now = database.clock.now()
    if current is not None and database.catalog.delays:
        _check_pause(database, resource, current, now)
    attached = changed(current, text, now, database.catalog.until())
    resource.attach(attached)
    removed = current if text is None else None
    return {"RevisionId": str((removed or attached).revision)}


def _resource(database: Database, caller: Caller, arn: Arn) -> _Resource:
    """Return the table or stream that an ARN names. Raises ResourceNotFoundException."""
    if arn.kind == "stream":
        stream = database.streams.of_resource(caller.tenant, arns.resource(arn.text))
        if stream is None or stream.gone(database.clock.now()):
            database.described(caller, arn.table)
            raise errors.policy_stream_missing(arn.name, arn.table)
        return _Resource("Stream", arn.name, stream.policy, lambda policy: database.streams.attach(stream, policy))
    definition = database.described(caller, arn.table).definition
    return _Resource(
        "Table",
        definition.name,
        definition.policy,
        lambda policy: _attach(database, definition, policy),
        definition.name if definition.status == DELETING else None,
    )


def _attach(database: Database, definition: TableDefinition, policy: AttachedPolicy) -> None:
    """Store the policy of a table.

    In a global table of several accounts, the policy also permits or ends replication.
    """
    if definition.membership is None:
        database.catalog.change(replace(definition, policy=policy))
        return
    from emulator.database.jobs import replication  # noqa: PLC0415 - few tables have replicas
    from emulator.operations.replicas import accounts  # noqa: PLC0415 - few tables have replicas

    database.catalog.change(accounts.with_policy(definition, policy))
    replication.begin_all(database)


def _check_expected(resource: _Resource, expected: str | None) -> None:
    """Raise ApiError if the policy does not have the revision that the request expects."""
    policy = resource.policy
    current = None if policy is None or policy.text is None else str(policy.revision)
    if expected is None or expected == current:
        return
    if expected == NO_POLICY:
        if current is not None:
            raise errors.policy_present(resource.printed, current)
    elif current is None:
        raise errors.policy_revision_missing(resource.printed, expected)
    else:
        raise errors.policy_revision_differs(resource.printed, expected, current)


def _check_pause(database: Database, resource: _Resource, current: AttachedPolicy, now: float) -> None:
    """Raise ApiError if the last change of the policy is pending or less than 15 seconds old."""
    if not database.catalog.has_passed(current.until):
        raise errors.policy_pending(resource.kind, resource.name)
    if 0 <= now * MILLISECONDS - current.revision < _PAUSE:
        raise errors.policy_throttled(resource.printed, _PAUSE, (current.revision + _PAUSE) / MILLISECONDS)
