"""The longest steps of background work, in process, by CPU time of their thread.

    .venv/bin/python -m tests.bench.longest_steps                    # all jobs, LMDB, 100,000 small items
    .venv/bin/python -m tests.bench.longest_steps --items 1000000 --jobs backup,restore,export
    .venv/bin/python -m tests.bench.longest_steps --kind large       # 500 items of 390 KB

A server answers other clients between two steps, so the longest step is the longest pause that a
job can cause. CPU time does not count the time in which other processes run. For each job, the
script prints the number of steps, and the median, p99 and longest step on the database's thread. It
also prints the longest call in the job's own thread, which shares the interpreter with requests.

| kind      | items                                                   |
|-----------|---------------------------------------------------------|
| `small`   | 200 bytes, six attributes                               |
| `large`   | 390 KB, of which 380 KB are one text                    |
| `numbers` | 390 KB: a list of numbers of one digit                  |
"""

import argparse
import gc
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from emulator.app import Emulator
from emulator.clock import ManualClock
from emulator.http.front import front
from emulator.s3_jobs.runner import Runner
from emulator.s3_jobs.work import Call
from emulator.slices import Sliced
from tests.bench.transfers import DEFINITIONS, KEYS, item
from tests.bench.vector_entries import make_table, search_request
from tests.support.buckets import Bucket
from tests.support.engines import settings_of_engine
from tests.support.tables import vector_index_request

COUNTS = {"small": 100_000, "large": 500, "numbers": 200}
TABLE = {"AttributeDefinitions": DEFINITIONS, "KeySchema": KEYS, "BillingMode": "PAY_PER_REQUEST"}
INDEXED = {
    **TABLE,
    "AttributeDefinitions": [*DEFINITIONS, {"AttributeName": "name", "AttributeType": "S"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "names",
            "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}


def items_of(kind, count):
    for number in range(count):
        made = item(number)
        if kind == "large":
            made["text"] = {"S": "x" * 389_000}
        elif kind == "numbers":
            made["list"] = {"L": [{"N": str(each % 10)} for each in range(128_000)]}
        yield made


class Steps:
    """The CPU times of the steps and calls of one job, in milliseconds."""

    def __init__(self):
        self.steps, self.calls = [], [0.0]

    def timed(self, step, into=None):
        begun = time.thread_time()
        try:
            return step()
        finally:
            (self.steps if into is None else into).append((time.thread_time() - begun) * 1000)

    def report(self, name):
        taken = sorted(self.steps)
        print(
            f"{name:34} {len(taken):6} steps   median {taken[len(taken) // 2]:5.1f}   "
            f"p99 {taken[int(len(taken) * 0.99)]:5.1f}   longest {taken[-1]:5.1f} ms   "
            f"longest call {max(self.calls):5.1f} ms",
            flush=True,
        )


class Bench:
    def __init__(self, engine, folder, kind, count):
        self.settings = settings_of_engine(engine, folder / "data", s3_dir=str(folder / "s3"))
        self.emulator = Emulator(self.settings, ManualClock())
        self.database = self.emulator.database
        self.caller = self.emulator.caller("AKID", "us-east-1")
        self.bucket = Bucket(folder / "s3" / "bucket")
        self.kind, self.count = kind, count
        self.extending = None
        self.runner = Runner(self.database, self.settings)

    def call(self, operation, **members):
        return json.loads(self.emulator.call(operation, members, self.caller))

    def background(self, name, begin):
        """Call `begin`, run the background work that it causes, and print the times."""
        steps = Steps()
        gc.collect()
        gc.freeze()  # as a server does at its start
        steps.timed(begin)
        while self.database.background.slices:
            self.prepare_pages(steps)
            steps.timed(self.database.run_slice)
        steps.report(name)

    def job(self, name, begin):
        """Run the export, import or bulk operation that `begin` starts, and print the times."""
        steps = Steps()
        gc.collect()
        gc.freeze()  # as a server does at its start
        steps.timed(begin)
        for work in list(self.runner.due()):
            step = work.__next__
            while True:
                try:
                    wanted = steps.timed(step)
                except StopIteration:
                    break
                step = work.__next__
                self.prepare_pages(steps)
                if isinstance(wanted, Call):
                    step = partial(work.send, steps.timed(wanted.function, steps.calls))
        steps.report(name)
        while self.database.run_slice():
            pass

    def prepare_pages(self, steps):
        """Prepare pages and room for new writes, as a server does (emulator/http/upkeep.py)."""
        store = self.database.upkeep
        if store is None:
            return
        work = store.preallocate()
        if work is not None:
            work()
        if self.extending is None:
            self.extending = store.extend()
        if self.extending is not None and steps.timed(lambda: next(self.extending, self)) is self:
            self.extending = None

    # --- jobs -------------------------------------------------------------------------------------

    def fill(self):
        for number in range(0, self.count, 20_000):
            part = list(items_of(self.kind, min(20_000, self.count)))[: self.count - number]
            if number:
                part = [{**each, "pk": {"S": f"customer-{number + at:08}"}} for at, each in enumerate(part)]
            self.bucket.put_items(f"seed/{number:08}", part)
        self.imported("table", "import DYNAMODB_JSON", "seed/", "DYNAMODB_JSON")
        on = {"PointInTimeRecoveryEnabled": True}
        self.call("UpdateContinuousBackups", TableName="table", PointInTimeRecoverySpecification=on)
        self.arn = self.call("DescribeTable", TableName="table")["Table"]["TableArn"]

    def imported(self, table, name, prefix, form, compression="NONE", creation=TABLE):
        source = {"S3Bucket": "bucket", "S3KeyPrefix": prefix}
        parameters = {**creation, "TableName": table}
        self.job(
            name,
            lambda: self.call(
                "ImportTable",
                S3BucketSource=source,
                InputFormat=form,
                InputCompressionType=compression,
                TableCreationParameters=parameters,
            ),
        )
        found = self.call("ListImports")["ImportSummaryList"][0]
        described = self.call("DescribeImport", ImportArn=found["ImportArn"])["ImportTableDescription"]
        assert described["ImportStatus"] == "COMPLETED", described

    def backup(self):
        self.background("CreateBackup", lambda: self.call("CreateBackup", TableName="table", BackupName="backup"))

    def restore(self):
        arn = self.call("ListBackups")["BackupSummaries"][0]["BackupArn"]
        self.background(
            "restore of a backup",
            lambda: self.call("RestoreTableFromBackup", TargetTableName="restored", BackupArn=arn),
        )
        self.background("deletion of that table", lambda: self.call("DeleteTable", TableName="restored"))

    def recovery(self):
        self.emulator.clock.advance(400)
        changed = [each["pk"] for each in items_of("small", min(self.count, 5000))]
        for key in changed:
            self.call("PutItem", TableName="table", Item={"pk": key, "v": {"N": "1"}})
        self.background(
            "restore to a time",
            lambda: self.call(
                "RestoreTableToPointInTime",
                SourceTableName="table",
                TargetTableName="recovered",
                UseLatestRestorableTime=True,
            ),
        )
        self.background("deletion of that table", lambda: self.call("DeleteTable", TableName="recovered"))

    def export(self, form="DYNAMODB_JSON", name="export", **members):
        self.job(
            f"{name} {form}",
            lambda: self.call(
                "ExportTableToPointInTime", TableArn=self.arn, S3Bucket="bucket", ExportFormat=form, **members
            ),
        )
        arn = self.call("ListExports")["ExportSummaries"][0]["ExportArn"]
        return self.call("DescribeExport", ExportArn=arn)["ExportDescription"]

    def filtered(self):
        expression = {"FilterExpression": "ok = :t", "ExpressionAttributeValues": {":t": {"BOOL": True}}}
        self.export(name="filtered export", FilterSpecification=expression)

    def incremental(self):
        self.emulator.clock.advance(3600)
        now = self.emulator.clock.now()
        window = {"ExportFromTime": now - 3000, "ExportToTime": now}
        self.export(name="incremental export", ExportType="INCREMENTAL_EXPORT", IncrementalExportSpecification=window)

    def ion(self):
        manifest = self.export("ION")["ExportManifest"]
        prefix = manifest.removesuffix("manifest-summary.json") + "data/"
        self.imported("ions", "import ION", prefix, "ION", "GZIP")

    def indexed(self):
        self.imported("indexed", "import with an index", "seed/", "DYNAMODB_JSON", creation=INDEXED)

    def index(self):
        (global_index,) = INDEXED["GlobalSecondaryIndexes"]
        self.background(
            "a new index",
            lambda: self.call(
                "UpdateTable",
                TableName="table",
                AttributeDefinitions=INDEXED["AttributeDefinitions"],
                GlobalSecondaryIndexUpdates=[{"Create": global_index}],
            ),
        )
        self.background(
            "deletion of that index",
            lambda: self.call(
                "UpdateTable", TableName="table", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "names"}}]
            ),
        )

    def queue(self):
        specification = {"AttributeName": "price", "Enabled": True}
        self.background(
            "time to live switched on",
            lambda: self.call("UpdateTimeToLive", TableName="table", TimeToLiveSpecification=specification),
        )

    def vectors(self):
        near = vector_index_request("near", "list", 1024, "COSINE", "KEYS_ONLY")
        self.background(
            "a new vector index",
            lambda: self.call("UpdateTable", TableName="table", VectorIndexUpdates=[{"Create": near}]),
        )

    def search(self):
        """Search 100,000 vectors, or as many as there are items, twice.

        Only the first search reads the vectors from the store.
        """
        make_table(self.emulator, self.caller, min(self.count, 100_000), "COSINE")
        for name in ("first search of vectors", "second search of vectors"):
            steps = Steps()
            self.database.sliced = True
            self.database.in_thread = front.in_thread
            try:
                steps.timed(lambda: self.call("SearchVectors", **search_request()))
            except Sliced as sliced:
                while (pause := steps.timed(lambda sliced=sliced: next(sliced.steps, self))) is not self:
                    time.sleep(pause or 0)
            self.database.sliced = False
            steps.report(name)

    def bulk(self):
        source = {"S3Bucket": "bucket", "S3KeyPrefix": "seed/", "InputFormat": "DYNAMODB_JSON"}
        self.job(
            "bulk put",
            lambda: self.call(
                "StartBulkPutItems",
                InputS3Configuration=source,
                OutputS3Configuration={"OutputType": ["ERROR"]},
                TableName="table",
            ),
        )

    def replica(self):
        self.background(
            "a new replica",
            lambda: self.call(
                "UpdateTable", TableName="table", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}]
            ),
        )


JOBS = (
    "fill",
    "backup",
    "restore",
    "export",
    "filtered",
    "ion",
    "indexed",
    "bulk",
    "index",
    "queue",
    "vectors",
    "search",
    "recovery",
    "incremental",
    "replica",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", default="small", choices=COUNTS)
    parser.add_argument("--items", type=int)
    parser.add_argument("--engine", default="lmdb")
    parser.add_argument("--jobs", default=",".join(JOBS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(options.engine, Path(name), options.kind, options.items or COUNTS[options.kind])
        for job in ("fill", *(each for each in options.jobs.split(",") if each != "fill")):
            getattr(bench, job)()
        bench.emulator.close()


if __name__ == "__main__":
    sys.exit(main())
