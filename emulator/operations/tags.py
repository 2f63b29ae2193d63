"""TagResource, UntagResource, ListTagsOfResource (service-behaviour.md 13)."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from typing import Any, Final

from emulator import errors, limits
from emulator.database.catalog import Caller
from emulator.database.database import Database
from emulator.database.schema import Table
from emulator.model.request import Request
from emulator.operations import tag_rules
from emulator.operations.registry import Response, operation

_TABLE_ARN: Final = re.compile(r"arn:aws[a-z-]*:dynamodb:[^:]*:[^:]*:table/([^/]+)(/.*)?")


def _table_of(database: Database, caller: Caller, arn: str) -> Table:
    """Return the table of a resource ARN."""
    if not arn.startswith("arn:"):
        raise errors.validation(
            "Invalid TableArn: Invalid ResourceArn provided as input " + arn + ": must start with arn:"
        )
    match = _TABLE_ARN.fullmatch(arn)
    if match is None:
        raise errors.validation(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
    name, rest = match.groups()
    if rest is not None and not rest.startswith("/stream/"):
        raise errors.invalid_parameters(
            f"Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {arn}"
        )
    table_arn = arn.removesuffix(rest or "")
    table = database.catalog.find(caller, table_arn)
    if table is None or table.name != name:
        raise errors.resource_not_found(f": ResourcArn: {arn} not found")  # sic
    return table


def _change(database: Database, table: Table, tags: dict[str, str]) -> None:
    if len(tags) > limits.TAGS_PER_RESOURCE:
        raise errors.too_many_tags()
    database.catalog.change(replace(table.definition, tags=tags))


def _check_tagging(request: Request) -> None:
    if not request["Tags"]:
        raise errors.validation("Atleast one Tag needs to be provided as Input.")  # sic
    tag_rules.check_tags(request["Tags"])


@operation("TagResource", check=_check_tagging)
def tag_resource(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Add or replace tags; the answer's body is empty."""
    table = _table_of(database, caller, request["ResourceArn"])
    added = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    _change(database, table, {**table.definition.tags, **added})
    return b""


def _check_untagging(request: Request) -> None:
    if not request["TagKeys"]:
        raise errors.validation("Atleast one Tag Key needs to be provided as Input.")  # sic
    tag_rules.check_keys(request["TagKeys"])


@operation("UntagResource", check=_check_untagging)
def untag_resource(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Remove tags, present or not; the answer's body is empty."""
    table = _table_of(database, caller, request["ResourceArn"])
    gone = set(request["TagKeys"])
    _change(database, table, {key: value for key, value in table.definition.tags.items() if key not in gone})
    return b""


@operation("ListTagsOfResource")
def list_tags_of_resource(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """List tags in key order, ten a page; a token of no page means the first one."""
    table = _table_of(database, caller, request["ResourceArn"])
    after = _after(request.get("NextToken"))
    tags = sorted(table.definition.tags.items())
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
