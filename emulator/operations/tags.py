"""TagResource, UntagResource, ListTagsOfResource (service-behaviour.md 13).

Tables and streams have tags, each its own. The order of the checks is the service's: first the ARN
(database/arns.py), then the tags of the request, then whether the resource is there, then the tags that
it would have.

After a change the service refuses others to the same table for 1.6 seconds (control-plane.md 20.3).
The emulator does not: that would only slow test suites down.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from emulator import errors, limits
from emulator.database import arns
from emulator.database.catalog import Caller
from emulator.database.database import Database
from emulator.model.request import Request
from emulator.operations import tag_rules
from emulator.operations.registry import Response, operation

Tags = Mapping[str, str]


class _Resource:
    """A resource with tags: those that it has, and how to give it others."""

    def __init__(self, tags: Tags, change: Callable[[Tags], object]) -> None:
        self.tags = tags
        self._change = change

    def change(self, tags: Tags) -> None:
        """Give the resource other tags. Raises what forbids them."""
        tag_rules.check_set(tags)
        if tags != self.tags:
            self._change(tags)


def _found(database: Database, caller: Caller, arn: arns.Arn) -> _Resource:
    """Return the table or stream that an ARN names. Raises ResourceNotFoundException."""
    if arn.kind == "stream":
        stream = database.streams.of_resource(caller.space, arns.resource(arn.text))
        if stream is None or stream.gone(database.clock.now()):
            raise errors.resource_arn_not_found(arn.text)
        return _Resource(stream.tags, lambda tags: database.streams.tag(stream, tags))
    table = database.catalog.find(caller, arn.table)
    if table is None:
        raise errors.resource_arn_not_found(arn.text)
    definition = table.definition
    return _Resource(definition.tags, lambda tags: database.catalog.change(replace(definition, tags=tags)))


@operation("TagResource")
def tag_resource(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Add or replace tags; the answer's body is empty."""
    arn = arns.tagged(request["ResourceArn"], caller.home)
    if not request["Tags"]:
        raise errors.no_tags("Tag")
    tag_rules.check_tags(request["Tags"])
    resource = _found(database, caller, arn)
    resource.change({**resource.tags, **{tag["Key"]: tag["Value"] for tag in request["Tags"]}})
    return b""


@operation("UntagResource")
def untag_resource(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Remove tags, present or not; the answer's body is empty."""
    arn = arns.tagged(request["ResourceArn"], caller.home)
    if not request["TagKeys"]:
        raise errors.no_tags("Tag Key")
    tag_rules.check_keys(request["TagKeys"])
    resource = _found(database, caller, arn)
    gone = set(request["TagKeys"])
    resource.change({key: value for key, value in resource.tags.items() if key not in gone})
    return b""


@operation("ListTagsOfResource")
def list_tags_of_resource(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """List tags in key order, ten a page; a token of no page means the first one."""
    resource = _found(database, caller, arns.tagged(request["ResourceArn"], caller.home))
    after = _after(request.get("NextToken"))
    tags = sorted(resource.tags.items())
    rest = [(key, value) for key, value in tags if after is None or key > after]
    page = rest[: limits.TAGS_PER_PAGE]
    answer: dict[str, Any] = {"Tags": [{"Key": key, "Value": value} for key, value in page]}
    if len(rest) > len(page):
        answer["NextToken"] = urlsafe_b64encode(page[-1][0].encode()).decode()
    return answer


def _after(token: str | None) -> str | None:
    """Return the last tag key of the page that a token ended; None for a bad token (ack-api-quirks, DDB-TABLE-073)."""
    try:
        return None if token is None else urlsafe_b64decode(token.encode()).decode()
    except ValueError:
        return None
