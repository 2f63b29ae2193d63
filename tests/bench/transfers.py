"""Rates of exports, imports and bulk puts, and the latency of another client meanwhile.

    .venv/bin/python -m tests.bench.transfers                      # 200,000 items on LMDB
    .venv/bin/python -m tests.bench.transfers --items 1000000 --format ION

The server runs on one core, if the machine has two: `taskset` pins it to the first, and the other
client to the second. Items have some 200 bytes. For each job, the script prints items a second,
the p50, p99 and maximum of GetItem's latency, and the growth of the server's anonymous memory. The
first line, `nothing`, shows GetItem while no job runs.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import boto3

from tests.support.buckets import Bucket
from tests.support.http_clients import AUTHORIZATION, boto_options
from tests.support.servers import running

KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}]
DEFINITIONS = [{"AttributeName": "pk", "AttributeType": "S"}]


def item(number):
    return {
        "pk": {"S": f"customer-{number:08}"},
        "name": {"S": f"item {number} " + "x" * 90},
        "price": {"N": f"{number}.25"},
        "tags": {"SS": ["a", "b"]},
        "ok": {"BOOL": True},
        "l": {"L": [{"N": "1"}, {"S": "y"}]},
    }


def anonymous(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    return 0.0


def measure(url, stop, results):
    """Repeat GetItem with pauses of 5 ms until `stop` is set; put the latencies into `results`."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    body = json.dumps({"TableName": "probe", "Key": {"pk": {"S": "a"}}})
    headers = {
        "X-Amz-Target": "DynamoDB_20120810.GetItem",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": AUTHORIZATION.format(key="test", region="us-east-1"),
    }
    taken = []
    while not stop.is_set():
        begun = time.perf_counter()
        connection.request("POST", "/", body, headers)
        connection.getresponse().read()
        taken.append(time.perf_counter() - begun)
        time.sleep(0.005)
    results.put(sorted(taken))


class Probe:
    def __init__(self, url, pid):
        self.url, self.pid = url, pid

    def __enter__(self):
        self.before = anonymous(self.pid)
        self.stop, self.results = multiprocessing.Event(), multiprocessing.Queue()
        self.process = multiprocessing.Process(target=measure, args=(self.url, self.stop, self.results))
        self.process.start()
        return self

    def __exit__(self, *_):
        after = anonymous(self.pid)
        self.stop.set()
        taken = self.results.get()
        self.process.join()
        self.text = (
            f"GetItem p50 {taken[len(taken) // 2] * 1e3:.2f} ms, p99 {taken[int(len(taken) * 0.99)] * 1e3:.1f} ms, "
            f"max {taken[-1] * 1e3:.1f} ms; memory {after - self.before:+.0f} MB"
        )


def rate(name, count, description, probe):
    seconds = (description["EndTime"] - description["StartTime"]).total_seconds()
    print(f"{name:28} {count / seconds:9,.0f} items/s   {probe.text}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--format", default="DYNAMODB_JSON", choices=("DYNAMODB_JSON", "ION"))
    parser.add_argument("--in-memory", action="store_true")
    options = parser.parse_args()
    count, form = options.items, options.format
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bucket = Bucket(folder / "s3" / "bucket")
        for begin in range(0, count, 50_000):
            bucket.put_items(f"seed/{begin:08}", map(item, range(begin, min(count, begin + 50_000))))
        data = ["--in-memory"] if options.in_memory else ["--data-dir", str(folder / "data")]
        with running(*data, "--s3-dir", str(folder / "s3")) as server:
            pid = server.process.pid
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(pid, {min(os.sched_getaffinity(0))})
            client = boto3.client("dynamodb", **boto_options(server.url))
            client.create_table(
                TableName="probe", AttributeDefinitions=DEFINITIONS, KeySchema=KEYS, BillingMode="PAY_PER_REQUEST"
            )
            client.put_item(TableName="probe", Item={"pk": {"S": "a"}})
            wait = {"Delay": 0.2, "MaxAttempts": 100_000}

            def imported(table, prefix, input_format, compression):
                with Probe(server.url, pid) as probe:
                    arn = client.import_table(
                        S3BucketSource={"S3Bucket": "bucket", "S3KeyPrefix": prefix},
                        InputFormat=input_format,
                        InputCompressionType=compression,
                        TableCreationParameters={
                            "TableName": table,
                            "AttributeDefinitions": DEFINITIONS,
                            "KeySchema": KEYS,
                            "BillingMode": "PAY_PER_REQUEST",
                        },
                    )["ImportTableDescription"]["ImportArn"]
                    client.get_waiter("import_completed").wait(ImportArn=arn, WaiterConfig=wait)
                found = client.describe_import(ImportArn=arn)["ImportTableDescription"]
                assert found["ImportedItemCount"] == count
                rate(f"import {input_format} {compression}", count, found, probe)

            with Probe(server.url, pid) as probe:
                time.sleep(3)
            print(f"{'nothing':28} {'':9}           {probe.text}", flush=True)
            imported("first", "seed/", "DYNAMODB_JSON", "NONE")
            enabled = {"PointInTimeRecoveryEnabled": True}
            client.update_continuous_backups(TableName="first", PointInTimeRecoverySpecification=enabled)
            table = client.describe_table(TableName="first")["Table"]["TableArn"]
            with Probe(server.url, pid) as probe:
                arn = client.export_table_to_point_in_time(TableArn=table, S3Bucket="bucket", ExportFormat=form)[
                    "ExportDescription"
                ]["ExportArn"]
                client.get_waiter("export_completed").wait(ExportArn=arn, WaiterConfig=wait)
            found = client.describe_export(ExportArn=arn)["ExportDescription"]
            assert found["ItemCount"] == count
            rate(f"export {form}", count, found, probe)
            prefix = found["ExportManifest"].removesuffix("manifest-summary.json") + "data/"
            imported("second", prefix, form, "GZIP")
            with Probe(server.url, pid) as probe:
                arn = client.start_bulk_put_items(
                    InputS3Configuration={"S3Bucket": "bucket", "S3KeyPrefix": "seed/", "InputFormat": "DYNAMODB_JSON"},
                    OutputS3Configuration={"OutputType": ["ERROR"]},
                    TableName="second",
                )["BulkOperationDescription"]["BulkOperationArn"]
                client.get_waiter("bulk_operation_completed").wait(BulkOperationArn=arn, WaiterConfig=wait)
            found = client.describe_bulk_operation(BulkOperationArn=arn)["BulkOperationDescription"]
            rate("bulk put DYNAMODB_JSON", count, found, probe)


if __name__ == "__main__":
    sys.exit(main())
