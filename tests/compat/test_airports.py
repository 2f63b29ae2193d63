"""Real data: all airports of the package airportsdata in one table, on LMDB, with a restart.

| | partition key | sort key | purpose |
|---|---|---|---|
| table | `COUNTRY#US` | `AIRPORT#KJFK` | an airport; item `META` has their number |
| index `by_zone` | `ZONE#America/New_York` | elevation | highest and lowest airports of a zone |
| index `by_iata` | `IATA#J` | `JFK` | the names of airports, only those with an IATA code |

Each access pattern is a pair of functions that answer the same question: one queries the table, the
other searches the package's own records, a mapping from code to record.
"""

from collections import Counter
from decimal import Decimal

import airportsdata
import boto3
from boto3.dynamodb.conditions import Attr, Key

from tests.support.http_clients import boto_options
from tests.support.servers import running
from tests.support.tables import index_request, table_request

REQUEST = table_request(
    "PK:S SK:S",
    define="zone:S elevation:N iata_page:S iata:S",
    GlobalSecondaryIndexes=[
        index_request("by_zone", "zone elevation"),
        index_request("by_iata", "iata_page iata", "INCLUDE", ["name"]),
    ],
)
TABLE = REQUEST["TableName"]
NUMBERS = ("elevation", "lat", "lon")


def item_of(airport):
    """Return the item for a record of the package; empty fields of the record are left out."""
    known = {name: value for name, value in airport.items() if value not in ("", None)}
    item = known | {name: Decimal(str(airport[name])) for name in NUMBERS}
    item |= {"PK": f"COUNTRY#{airport['country']}", "SK": f"AIRPORT#{airport['icao']}", "zone": f"ZONE#{airport['tz']}"}
    if airport["iata"]:
        item["iata_page"] = f"IATA#{airport['iata'][0]}"
    return item


def country_items(airports):
    """Return an item for each country, in the same partition as its airports."""
    counts = Counter(airport["country"] for airport in airports.values())
    return [{"PK": f"COUNTRY#{country}", "SK": "META", "airports": n} for country, n in counts.items()]


def all_items(read, **request):
    """Return all items of a query or scan, read page by page."""
    items = []
    while True:
        answer = read(**request)
        items += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return items
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def icao_codes(items):
    return [item["SK"].removeprefix("AIRPORT#") for item in items]


def single_airports(table):
    keys = [("DE", "EDDF"), ("NP", "VNLK"), ("US", "KJFK"), ("US", "00AA"), ("BR", "SBGR")]
    return [table.get_item(Key={"PK": f"COUNTRY#{c}", "SK": f"AIRPORT#{i}"})["Item"] for c, i in keys]


def single_airports_asked_of_the_data(airports):
    return [item_of(airports[code]) for code in ("EDDF", "VNLK", "KJFK", "00AA", "SBGR")]


def country_counts(table):
    metas = all_items(table.scan, FilterExpression=Attr("SK").eq("META"))
    return {item["PK"].removeprefix("COUNTRY#"): int(item["airports"]) for item in metas}


def country_counts_asked_of_the_data(airports):
    return dict(Counter(airport["country"] for airport in airports.values()))


def largest_country(table):
    condition = Key("PK").eq("COUNTRY#US") & Key("SK").begins_with("AIRPORT#")
    return icao_codes(all_items(table.query, KeyConditionExpression=condition))


def largest_country_asked_of_the_data(airports):
    return sorted(code for code, airport in airports.items() if airport["country"] == "US")


def german_airports_with_ed(table):
    condition = Key("PK").eq("COUNTRY#DE") & Key("SK").between("AIRPORT#EDA", "AIRPORT#EDE")
    return all_items(table.query, KeyConditionExpression=condition, ScanIndexForward=False)


def german_airports_with_ed_asked_of_the_data(airports):
    found = sorted(code for code, a in airports.items() if a["country"] == "DE" and "EDA" <= code <= "EDE")
    return [item_of(airports[code]) for code in reversed(found)]


def highest_of_a_zone(table):
    condition = Key("zone").eq("ZONE#Asia/Kathmandu") & Key("elevation").gte(8000)
    found = all_items(table.query, IndexName="by_zone", KeyConditionExpression=condition, ScanIndexForward=False)
    return [item["elevation"] for item in found], sorted(icao_codes(found))


def highest_of_a_zone_asked_of_the_data(airports):
    found = [item_of(a) for a in airports.values() if a["tz"] == "Asia/Kathmandu" and a["elevation"] >= 8000]
    return sorted((item["elevation"] for item in found), reverse=True), sorted(icao_codes(found))


def below_the_sea(table):
    condition = Key("zone").eq("ZONE#Europe/Amsterdam") & Key("elevation").lt(0)
    found = all_items(table.query, IndexName="by_zone", KeyConditionExpression=condition, ProjectionExpression="SK")
    return sorted(icao_codes(found))


def below_the_sea_asked_of_the_data(airports):
    return sorted(code for code, a in airports.items() if a["tz"] == "Europe/Amsterdam" and a["elevation"] < 0)


def codes_that_begin_alike(table):
    condition = Key("iata_page").eq("IATA#L") & Key("iata").begins_with("LH")
    return all_items(table.query, IndexName="by_iata", KeyConditionExpression=condition)


def codes_that_begin_alike_asked_of_the_data(airports):
    found = sorted((item_of(a) for a in airports.values() if a["iata"].startswith("LH")), key=lambda item: item["iata"])
    return [{name: item[name] for name in ("PK", "SK", "iata_page", "iata", "name")} for item in found]


def all_codes_by_parallel_scan(table):
    segments = [all_items(table.scan, IndexName="by_iata", Segment=n, TotalSegments=3) for n in range(3)]
    return sorted(item["iata"] for segment in segments for item in segment)


def all_codes_by_parallel_scan_asked_of_the_data(airports):
    return sorted(a["iata"] for a in airports.values() if a["iata"])


def tropical_international_airports(table):
    condition = Attr("lat").between(Decimal("-23.4"), Decimal("23.4")) & Attr("name").contains("International")
    return sorted(icao_codes(all_items(table.scan, FilterExpression=condition & Attr("iata").exists())))


def tropical_international_airports_asked_of_the_data(airports):
    return sorted(
        code for code, a in airports.items() if -23.4 <= a["lat"] <= 23.4 and "International" in a["name"] and a["iata"]
    )


def live_counts(table):
    table.load()
    return table.item_count, {index["IndexName"]: index["ItemCount"] for index in table.global_secondary_indexes}


def live_counts_asked_of_the_data(airports):
    countries = len({airport["country"] for airport in airports.values()})
    indexes = {"by_zone": len(airports), "by_iata": sum(bool(airport["iata"]) for airport in airports.values())}
    return len(airports) + countries, indexes


PATTERNS = [
    (single_airports, single_airports_asked_of_the_data),
    (country_counts, country_counts_asked_of_the_data),
    (largest_country, largest_country_asked_of_the_data),
    (german_airports_with_ed, german_airports_with_ed_asked_of_the_data),
    (highest_of_a_zone, highest_of_a_zone_asked_of_the_data),
    (below_the_sea, below_the_sea_asked_of_the_data),
    (codes_that_begin_alike, codes_that_begin_alike_asked_of_the_data),
    (all_codes_by_parallel_scan, all_codes_by_parallel_scan_asked_of_the_data),
    (tropical_international_airports, tropical_international_airports_asked_of_the_data),
    (live_counts, live_counts_asked_of_the_data),
]


def answers(url):
    """Return the table's answer for each access pattern, by the name of the pattern."""
    table = boto3.resource("dynamodb", **boto_options(url)).Table(TABLE)
    return {ask.__name__: ask(table) for ask, _ in PATTERNS}


def test_access_patterns_agree_with_the_data_before_and_after_a_restart(tmp_path):
    airports = airportsdata.load("ICAO")
    expected = {ask.__name__: same_question(airports) for ask, same_question in PATTERNS}
    assert all(expected.values())
    arguments = ("--data-dir", str(tmp_path))
    with running(*arguments) as server:
        table = boto3.resource("dynamodb", **boto_options(server.url)).create_table(**REQUEST)
        table.wait_until_exists()
        with table.batch_writer() as batch:
            for item in (*map(item_of, airports.values()), *country_items(airports)):
                batch.put_item(Item=item)
        assert answers(server.url) == expected
        assert server.stop() == 0
    with running(*arguments) as server:
        assert answers(server.url) == expected
