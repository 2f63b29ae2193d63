"""Charts of metrics in the last hour, and lists of the most accessed and most throttled keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from starlette.responses import Response

from emulator.http.site.console.registry import action, page
from emulator.http.site.console.visit import Visit

_MINUTE: Final = 60  # seconds
_MINUTES: Final = 60  # the number of minutes in a chart
_KEYS: Final = 20  # the maximum number of keys in each list of hot keys

Point = Mapping[str, Any]
Metric = Mapping[str, Any]


class Line(NamedTuple):
    """A line of a chart, with one value for each minute.

    metrics: names of CloudWatch metrics.
    figure: how a value is computed from the data points that these metrics have in a minute.
    `_figure` computes Sum, SampleCount, Mean, Maximum and PerSecond; `_values` computes Level.
    """

    label: str
    metrics: tuple[str, ...]
    figure: str = "Sum"


class Chart(NamedTuple):
    """A chart with its lines.

    owned: True if the chart shows only tables of the page's account, False if it shows the whole
    server.
    """

    name: str
    title: str
    unit: str
    lines: tuple[Line, ...]
    owned: bool = True


_LATENCY: Final = "SuccessfulRequestLatency"
CHARTS: Final = (
    Chart(
        "requests",
        "Requests of all accounts",
        "for each minute",
        (
            Line("succeeded", (_LATENCY,), "SampleCount"),
            Line("errors", ("UserErrors", "SystemErrors", "ConditionalCheckFailedRequests", "TransactionConflict")),
        ),
        owned=False,
    ),
    Chart(
        "latency",
        "Latency of all accounts",
        "milliseconds",
        (Line("mean", (_LATENCY,), "Mean"), Line("longest", (_LATENCY,), "Maximum")),
        owned=False,
    ),
    Chart(
        "reads",
        "Read units",
        "for each second",
        (
            Line("consumed", ("ConsumedReadCapacityUnits",), "PerSecond"),
            Line("provisioned", ("ProvisionedReadCapacityUnits",), "Level"),
        ),
    ),
    Chart(
        "writes",
        "Write units",
        "for each second",
        (
            Line("consumed", ("ConsumedWriteCapacityUnits",), "PerSecond"),
            Line("provisioned", ("ProvisionedWriteCapacityUnits",), "Level"),
        ),
    ),
    Chart(
        "throttles",
        "Throttles",
        "for each minute",
        (Line("reads", ("ReadThrottleEvents",)), Line("writes", ("WriteThrottleEvents",))),
    ),
)


@page("charts", title="Charts", group="Insight", order=20)
async def charts(visit: Visit) -> Response:
    """Show the charts and the lists of hot keys."""
    table = visit.query.text("table").strip()
    times, drawn = await _drawn(visit, table)
    insights = (await visit.control("insights"))["Insights"]
    own = [each for each in insights if visit.owns(each) and table in ("", each["TableName"])]
    rows = [
        (time, [line["values"][number] for chart in drawn for line in chart["lines"]])
        for number, time in enumerate(times)
    ]
    return visit.show(
        "charts/charts.html",
        table=table,
        charts=drawn,
        rows=[row for row in rows if any(row[1])][::-1],
        hot=[(each, list(_lists(each))) for each in own],
    )


@page("charts/series", title="Charts", parent="charts")
async def series(visit: Visit) -> Response:
    """Return the values of the charts as JSON, for the script that draws them."""
    times, drawn = await _drawn(visit, visit.query.text("table").strip())
    return visit.json({"times": times, "charts": drawn})


async def _drawn(visit: Visit, table: str) -> tuple[list[int], list[dict[str, Any]]]:
    """Return the minutes of the last hour, in seconds since 1970, and the charts with values."""
    selection = {**visit.owner, **({"TableName": table} if table else {})}
    metrics = (await visit.control("find_cloudwatch", selection))["Metrics"]
    now = int((await visit.control("clock"))["Now"]) // _MINUTE
    minutes = range(now - _MINUTES + 1, now + 1)
    # Leave out metrics with the dimension Source: their writes are also counted by a metric without
    # this dimension.
    own = [each for each in metrics if "TableName" in each["Dimensions"] and "Source" not in each["Dimensions"]]
    drawn = [
        {
            "name": chart.name,
            "title": chart.title,
            "unit": chart.unit,
            "lines": [
                {"label": line.label, "values": _values(line, own if chart.owned else metrics, minutes)}
                for line in chart.lines
            ],
        }
        for chart in CHARTS
    ]
    return [minute * _MINUTE for minute in minutes], drawn


def _values(line: Line, metrics: Sequence[Metric], minutes: range) -> list[float]:
    """Return the values of a line of a chart, one for each minute."""
    points: dict[int, list[Point]] = {}
    for metric in metrics:
        if metric["MetricName"] in line.metrics:
            for point in metric["Datapoints"]:
                points.setdefault(_minute_of(point), []).append(point)
    if line.figure == "Level":  # a level has one data point, of the current minute; show it for all minutes
        level = sum(point["Sum"] for point in points.get(minutes[-1], ()))
        return [level] * len(minutes)
    return [_figure(line.figure, points.get(minute, ())) for minute in minutes]


def _figure(name: str, points: Sequence[Point]) -> float:
    total = float(sum(point["Sum"] for point in points))
    count = sum(point["SampleCount"] for point in points)
    match name:
        case "SampleCount":
            return float(count)
        case "Mean":
            return round(total / count, 3) if count else 0.0
        case "Maximum":
            return round(float(max((point["Maximum"] for point in points), default=0.0)), 3)
        case "PerSecond":
            return round(total / _MINUTE, 3)
    return total


def _minute_of(point: Point) -> int:
    return int(datetime.fromisoformat(point["Timestamp"]).timestamp()) // _MINUTE


def _lists(counted: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return the lists of hot keys of a table or index, as pairs of title and keys."""
    found = []
    for report, what in (("PartitionKeys", "partition keys"), ("Keys", "keys")):
        for event, how in (("MostAccessed", "Most accessed"), ("MostThrottled", "Most throttled")):
            keys = counted.get(report, {}).get(event)
            if keys:
                found.append((f"{how} {what}", keys[:_KEYS]))
    return found


@action("charts/insights", title="Charts", parent="charts")
async def insights(visit: Visit) -> Response:
    """Start or stop counting how often each key of a table or index is used and throttled."""
    name, index = visit.form.required("table", "Table"), visit.form.text("index").strip()
    enabled = visit.form.chosen("enabled", ("yes", "no")) == "yes"
    request = {"TableName": name, "ContributorInsightsAction": "ENABLE" if enabled else "DISABLE"}
    if index:
        request["IndexName"] = index
    await visit.call("UpdateContributorInsights", request)
    return visit.done("charts", f"The keys of table {name} are {'now counted' if enabled else 'no longer counted'}.")
