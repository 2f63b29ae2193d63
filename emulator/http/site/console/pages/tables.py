"""The list of tables, and the form that creates a table."""

from typing import Any, Final

from starlette.responses import Response

from emulator.errors import ApiError
from emulator.http.site.console import described, lookups
from emulator.http.site.console.forms import Fields
from emulator.http.site.console.registry import action, page
from emulator.http.site.console.visit import Visit

_AT_ONCE: Final = 100  # the maximum number of tables on one page of the list
_PROJECTIONS: Final = ("ALL", "KEYS_ONLY", "INCLUDE")
_OFF: Final = "off"


@page("tables", title="Tables", group="Data", order=10)
async def tables(visit: Visit) -> Response:
    """Show one page of the tables of the account and region."""
    request: dict[str, Any] = {"Limit": _AT_ONCE}
    if visit.query.text("after"):
        request["ExclusiveStartTableName"] = visit.query.text("after")
    found = await visit.call("ListTables", request)
    rows = [row for name in found["TableNames"] if (row := await _row(visit, name)) is not None]
    return visit.show("tables/list.html", rows=rows, after=found.get("LastEvaluatedTableName"))


async def _row(visit: Visit, name: str) -> dict[str, Any] | None:
    """Return the template's variables for one row of the list, or None if the table is gone."""
    try:
        table, settings = await lookups.described(visit, name), await lookups.settings(visit, name)
    except ApiError:
        return None
    return {
        "name": name,
        "keys": described.keys(table, table),
        "items": table["ItemCount"],
        "size": table["TableSizeBytes"],
        "status": table["TableStatus"],
        "mode": described.mode(table, on_demand=described.is_on_demand(table)),
        "indexes": [each.name for each in described.indexes(table)],
        "stream": described.stream(table),
        "ttl": settings.ttl,
        "recovery": settings.recovery,
        "replicas": described.replicas(table),
    }


@page("tables/create", title="Create a table", parent="tables")
async def create_form(visit: Visit) -> Response:
    """Show the form that creates a table."""
    return visit.show("tables/create.html", types=described.TYPES, views=described.VIEWS, classes=described.CLASSES)


@page("tables/create/index", title="Create a table", parent="tables")
async def index_form(visit: Visit) -> Response:
    """Return the fields of one more index, which htmx adds to the form of a new table."""
    number = visit.query.number("number", 1)
    return visit.fragment(
        "tables/index_fields.html", number=number, types=described.TYPES, projections=_PROJECTIONS, local=True
    )


@action("tables/create", title="Create a table", parent="tables")
async def create(visit: Visit) -> Response:
    """Create a table. Then set its time to live and its point-in-time recovery."""
    form = visit.form
    request = create_request(form)
    await visit.call("CreateTable", request)
    name = request["TableName"]
    ttl = form.text("ttl").strip()
    if ttl:
        setting = {"Enabled": True, "AttributeName": ttl}
        await visit.call("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": setting})
    if form.flag("recovery"):
        recovery = {"PointInTimeRecoveryEnabled": True}
        await visit.call("UpdateContinuousBackups", {"TableName": name, "PointInTimeRecoverySpecification": recovery})
    return visit.done(f"tables/{name}", f"The table {name} has been created.")


def create_request(form: Fields) -> dict[str, Any]:
    """Return the request for CreateTable that the fields of a form describe.

    Raises BadForm if a field is wrong.
    """
    types: dict[str, str] = {}
    request: dict[str, Any] = {
        "TableName": form.text("name").strip(),
        "KeySchema": key_schema(form, "", types),
        "BillingMode": form.chosen("mode", ("PAY_PER_REQUEST", "PROVISIONED")),
    }
    provisioned = request["BillingMode"] == "PROVISIONED"
    if provisioned:
        request["ProvisionedThroughput"] = throughput(form, "")
    for number in form.texts("index"):
        index = index_request(form, f"index-{number}-", types, provisioned=provisioned)
        kind = form.chosen(f"index-{number}-kind", ("Global", "Local"))
        request.setdefault(f"{kind}SecondaryIndexes", []).append(index)
    request["AttributeDefinitions"] = [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]
    stream = form.chosen("stream", (_OFF, *described.VIEWS))
    if stream != _OFF:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": stream}
    request["TableClass"] = form.chosen("class", described.CLASSES)
    if form.flag("protected"):
        request["DeletionProtectionEnabled"] = True
    return request


def key_schema(form: Fields, prefix: str, types: dict[str, str]) -> list[dict[str, str]]:
    """Return the KeySchema for the fields of a form. Raises BadForm for an unknown type.

    prefix: the beginning of the fields' names. types: the function adds the name and type of each
    key attribute to this dict.
    """
    schema = []
    for part, kind in (("partition", "HASH"), ("sort", "RANGE")):
        name = form.text(f"{prefix}{part}").strip()
        if name:
            types[name] = form.chosen(f"{prefix}{part}-type", [each for each, _ in described.TYPES])
            schema.append({"AttributeName": name, "KeyType": kind})
    return schema


def index_request(form: Fields, prefix: str, types: dict[str, str], *, provisioned: bool) -> dict[str, Any]:
    """Return the index in a form, as CreateTable and UpdateTable describe an index.

    Raises BadForm if a field is wrong. prefix: the beginning of the fields' names. types: the
    function adds the name and type of each key attribute to this dict. provisioned: True to include
    the throughput.
    """
    projection: dict[str, Any] = {"ProjectionType": form.chosen(f"{prefix}projection", _PROJECTIONS)}
    names = [each.strip() for each in form.text(f"{prefix}attributes").split(",") if each.strip()]
    if projection["ProjectionType"] == "INCLUDE":
        projection["NonKeyAttributes"] = names
    index = {
        "IndexName": form.text(f"{prefix}name").strip(),
        "KeySchema": key_schema(form, prefix, types),
        "Projection": projection,
    }
    if provisioned and form.text(f"{prefix}kind", "Global") == "Global":
        index["ProvisionedThroughput"] = throughput(form, prefix)
    return index


def throughput(form: Fields, prefix: str) -> dict[str, int]:
    """Return the member ProvisionedThroughput for the fields of a form.

    Raises BadForm if a field is not an integer. prefix: the beginning of the fields' names.
    """
    return {
        "ReadCapacityUnits": form.number(f"{prefix}read", 5),
        "WriteCapacityUnits": form.number(f"{prefix}write", 5),
    }
