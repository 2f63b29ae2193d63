"""TagResource, UntagResource, ListTagsOfResource (behaviour 13).

Tables and streams have separate tags. The checks have the service's order: the ARN
(database/definitions/arns.py); the tags of the request; whether the resource exists; the tags that
the resource would have after the change.

After a change, the service refuses further changes of the same table for 1.6 seconds (control-plane
20.3). The emulator allows these changes, because refusing them would only make test suites slower.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions import arns
from emulator.database.definitions.tables import CREATING, DELETING
from emulator.model.request import Request
from emulator.operations import tag_rules
from emulator.operations.registry import Response, operation

Tags = Mapping[str, str]


class _Resource:
    """A table or stream: its current tags, and a function that stores other tags."""

    def __init__(self, tags: Tags, change: Callable[[Tags], object]) -> None:
        self.tags = tags
        self._change = change

    def change(self, tags: Tags) -> None:
        """Replace all tags of the resource.

        Raises ApiError if the new tags are too many or too large.
        """
        tag_rules.check_set(tags)
        if tags != self.tags:
            self._change(tags)


def _resource_of(database: Database, caller: Caller, arn: arns.Arn, *, to_change: bool) -> _Resource:
    """Return the table or stream that an ARN names. Raises ResourceNotFoundException.

    to_change: True if the request changes tags. If so, a table that is CREATING or DELETING raises
    ApiError too (control-plane 0.3).
    """
    if arn.kind == "stream":
        stream = database.streams.of_resource(caller.tenant, arns.resource(arn.text))
        if stream is None or stream.gone(database.clock.now()):
            raise errors.resource_arn_not_found(arn.text)
        return _Resource(stream.tags, lambda tags: database.streams.tag(stream, tags))
    table = database.catalog.find(caller, arn.table)
    if table is None or table.definition.is_restored:
        raise errors.resource_arn_not_found(arn.text)
    definition = table.definition
    if to_change and definition.status in (CREATING, DELETING):
        raise errors.being_changed(definition.name, definition.status)
    return _Resource(definition.tags, lambda tags: database.catalog.change(replace(definition, tags=tags)))


@operation("TagResource")
def tag_resource(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Add tags to a resource, or replace the values of existing tags. The response is empty."""
    arn = arns.tagged(request["ResourceArn"], caller.home)
    if not request["Tags"]:
        raise errors.no_tags("Tag")
    tag_rules.check_tags(request["Tags"])
    resource = _resource_of(database, caller, arn, to_change=True)
    resource.change({**resource.tags, **{tag["Key"]: tag["Value"] for tag in request["Tags"]}})
    return b""


@operation("UntagResource")
def untag_resource(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Remove tags from a resource, and ignore keys that it does not have. The response is empty."""
    arn = arns.tagged(request["ResourceArn"], caller.home)
    if not request["TagKeys"]:
        raise errors.no_tags("Tag Key")
    tag_rules.check_keys(request["TagKeys"])
    resource = _resource_of(database, caller, arn, to_change=True)
    removed = set(request["TagKeys"])
    resource.change({key: value for key, value in resource.tags.items() if key not in removed})
    return b""


@operation("ListTagsOfResource")
def list_tags_of_resource(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return all tags of a resource, without pages.

    A resource has at most fifty tags. The response has no NextToken, and a NextToken in the request
    is ignored (behaviour 13).
    """
    resource = _resource_of(database, caller, arns.tagged(request["ResourceArn"], caller.home), to_change=False)
    return {"Tags": [{"Key": key, "Value": value} for key, value in resource.tags.items()]}
