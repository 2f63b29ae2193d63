"""One table: its settings, and code to copy that creates a table with the same settings."""

from starlette.responses import Response

from emulator.http.site.console import described, lookups
from emulator.http.site.console.registry import page
from emulator.http.site.console.visit import Visit


@page("tables/{table}", title="Table", parent="tables")
async def overview(visit: Visit) -> Response:
    """Show the keys, indexes, settings and tags of a table."""
    name = visit.params["table"]
    table, settings = await lookups.described(visit, name), await lookups.settings(visit, name)
    tags = (await visit.call("ListTagsOfResource", {"ResourceArn": table["TableArn"]}))["Tags"]
    return visit.show(
        "tables/overview.html",
        title=name,
        name=name,
        table=table,
        keys=described.keys(table, table),
        mode=described.mode(table, on_demand=described.is_on_demand(table)),
        indexes=list(described.indexes(table)),
        stream=described.stream(table),
        settings=settings,
        tags=tags,
        replicas=described.replicas(table),
    )


@page("tables/{table}/code", title="Table as code", parent="tables")
async def code(visit: Visit) -> Response:
    """Show programs and templates that create a table with the same settings."""
    from emulator.snippets import (  # noqa: PLC0415 - keeps the first page fast
        boto3_code,
        cli,
        cloudformation,
        javascript,
        terraform,
    )
    from emulator.snippets.recreation import recreation  # noqa: PLC0415 - as above

    name = visit.params["table"]
    table, settings = await lookups.described(visit, name), await lookups.settings(visit, name)
    tags = (await visit.call("ListTagsOfResource", {"ResourceArn": table["TableArn"]}))["Tags"]
    calls = recreation(table, ttl=settings.ttl, recovery_days=settings.recovery, tags=tags, region=visit.region)
    target = lookups.target(visit)
    texts = [
        ("AWS CLI", cli.script(calls, target)),
        ("boto3", boto3_code.program(calls, target)),
        ("JavaScript", javascript.program(calls, target)),
        ("CloudFormation", cloudformation.template(calls)),
        ("Terraform", terraform.resource(calls)),
    ]
    return visit.show("tables/code.html", title=f"{name} as code", name=name, texts=texts)
