"""A stream consumer like the Kinesis Client Library's, during writes and shard rollover.

It reads all shards, parents first. It keeps a lease for each shard in a table, and writes a
checkpoint into the lease after every batch. After a few steps, a new consumer replaces it, which
knows only the leases. The effect of a batch and its checkpoint are written in one transaction. So
each record must be handled exactly once, and the records of an item in order.
"""

import json
import random
import threading
import urllib.request
from collections import defaultdict
from itertools import count, pairwise

import boto3
import pytest

from tests.support.engines import arguments_of_engine
from tests.support.http_clients import boto_options
from tests.support.servers import running
from tests.support.stream_reading import api, shards_of, stream_of
from tests.support.tables import table_request

WRITES = 240
ITEMS = 12
TURNS = 5  # moves of the clock, each by SHARD_LIFE: together less than a day, so records do not expire
SHARD_LIFE = 14_400
BATCH = 20
LIFE = 3  # steps of a consumer until a new consumer replaces it
END = "SHARD_END"
START = "TRIM_HORIZON"


class Writer:
    """Changes items at random.

    `log` has, for each item, its expected records in order: the value of `n`, or None for the
    deletion of the item.
    """

    def __init__(self, client, turn):
        self.client, self.turn = client, turn
        self.random = random.Random(7)
        self.log = defaultdict(list)
        self.failure = None
        self.done = False

    def run(self):
        try:
            for number in range(WRITES):
                if number % (WRITES // TURNS) == WRITES // TURNS // 2:
                    self.turn()
                self.write(number)
        except BaseException as failure:
            self.failure = failure
        finally:
            self.done = True

    def write(self, number):
        names = self.random.sample([f"item-{each}" for each in range(ITEMS)], 3)
        one = {"TableName": "items", "Key": {"id": {"S": names[0]}}}
        value = {"N": str(number)}
        kind = self.random.choice(["put", "update", "delete", "transaction"])
        if kind == "put":
            self.client.put_item(TableName="items", Item={**one["Key"], "n": value})
        elif kind == "update":
            self.client.update_item(**one, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": value})
        elif kind == "delete":
            if self.log[names[0]][-1:] in ([], [None]):
                return
            self.client.delete_item(**one)
            value = {"N": None}
        else:
            puts = [{"Put": {"TableName": "items", "Item": {"id": {"S": name}, "n": value}}} for name in names]
            self.client.transact_write_items(TransactItems=puts)
        for name in names if kind == "transaction" else names[:1]:
            self.log[name].append(value["N"])


class Consumer:
    """Reads a stream, from the checkpoints in its leases on."""

    def __init__(self, endpoint, arn):
        self.client = boto3.client("dynamodb", **boto_options(endpoint))
        self.streams = boto3.client("dynamodbstreams", **boto_options(endpoint))
        self.arn = arn
        self.iterators = {}
        self.leases = {
            item["id"]["S"]: item["checkpoint"]["S"]
            for item in self.client.scan(TableName="leases", ConsistentRead=True)["Items"]
        }

    def step(self):
        """Read a batch of each readable shard; return whether there was anything to do."""
        worked = False
        for shard in self.readable(shards_of(api(self.streams), self.arn)):
            worked |= self.read(shard)
        return worked

    def readable(self, shards):
        """Return the unfinished shards whose parents have been read to the end."""
        known = {shard["ShardId"] for shard in shards}
        return [
            shard["ShardId"]
            for shard in shards
            if self.leases.get(shard["ShardId"]) != END
            and (shard.get("ParentShardId") not in known or self.leases.get(shard["ParentShardId"]) == END)
        ]

    def read(self, shard):
        try:
            start = self.iterators.get(shard) or self.first_iterator(shard)
            answer = self.streams.get_records(ShardIterator=start, Limit=BATCH)
        except self.streams.exceptions.ExpiredIteratorException:  # because the clock has moved
            del self.iterators[shard]
            return True
        records, following = answer["Records"], answer.get("NextShardIterator")
        checkpoint = records[-1]["dynamodb"]["SequenceNumber"] if records else self.leases.get(shard, START)
        self.handle(records, shard, END if following is None else checkpoint)
        self.iterators[shard] = following
        return bool(records) or following is None

    def first_iterator(self, shard):
        checkpoint = self.leases.get(shard, START)
        place = {"ShardIteratorType": START}
        if checkpoint != START:
            place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": checkpoint}
        self.iterators[shard] = self.streams.get_shard_iterator(StreamArn=self.arn, ShardId=shard, **place)[
            "ShardIterator"
        ]
        return self.iterators[shard]

    def handle(self, records, shard, checkpoint):
        """Store the records of a batch with its checkpoint; fail if a record is stored already."""
        if checkpoint == self.leases.get(shard):
            return
        puts = [
            {
                "Put": {
                    "TableName": "handled",
                    "Item": {
                        "id": {"S": record["eventID"]},
                        "item": record["dynamodb"]["Keys"]["id"],
                        "number": record["dynamodb"].get("NewImage", {}).get("n", {"NULL": True}),
                        "shard": {"S": shard},
                        "order": {"N": record["dynamodb"]["SequenceNumber"]},
                    },
                    "ConditionExpression": "attribute_not_exists(id)",
                }
            }
            for record in records
        ]
        lease = {"Put": {"TableName": "leases", "Item": {"id": {"S": shard}, "checkpoint": {"S": checkpoint}}}}
        self.client.transact_write_items(TransactItems=[*puts, lease])
        self.leases[shard] = checkpoint


@pytest.mark.parametrize("shards", [1, 3])
def test_each_record_is_handled_once(engine_name, tmp_path, shards):
    data = arguments_of_engine(engine_name, tmp_path / "data")
    with running(*data, "--stream-shards", str(shards)) as server:
        client = boto3.client("dynamodb", **boto_options(server.url))
        images = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
        for name, extra in (("items", {"StreamSpecification": images}), ("leases", {}), ("handled", {})):
            client.create_table(**{**table_request("id:S", **extra), "TableName": name})
            client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        arn = stream_of(api(client), "items")
        writer = Writer(boto3.client("dynamodb", **boto_options(server.url)), lambda: turn(server.url))
        thread = threading.Thread(target=writer.run, daemon=True)
        thread.start()
        consumers = consume(server.url, arn, writer)
        thread.join(60)
        assert writer.failure is None
        assert consumers > TURNS // LIFE, "each generation of shards takes at least one step"
        streams = boto3.client("dynamodbstreams", **boto_options(server.url))
        lineage = shards_of(api(streams), arn)
        assert len(lineage) == shards * (TURNS + 1)
        check(handled(client), writer.log, lineage)


def turn(url):
    """Move the clock by the life of a shard, so that all open shards roll over."""
    request = urllib.request.Request(f"{url}/_emulator/clock", json.dumps({"Advance": SHARD_LIFE}).encode())
    with urllib.request.urlopen(request) as response:
        assert response.status == 200


def consume(url, arn, writer):
    """Run one consumer after another until everything is read; return how many there were."""
    consumer, consumers = Consumer(url, arn), 1
    for step in count(1):
        last = writer.done
        worked = consumer.step()
        if last and not worked:
            break
        if step % LIFE == 0:
            consumer, consumers = Consumer(url, arn), consumers + 1
    return consumers


def handled(client):
    pages = client.get_paginator("scan").paginate(TableName="handled", ConsistentRead=True)
    return sorted((item for page in pages for item in page["Items"]), key=lambda item: int(item["order"]["N"]))


def check(found, log, lineage):
    """Check that each change of an item has one record, in order.

    The shards of an item's records must also descend from each other.
    """
    recorded, shards = defaultdict(list), defaultdict(list)
    for record in found:
        name = record["item"]["S"]
        recorded[name].append(record["number"].get("N"))
        if shards[name][-1:] != [record["shard"]["S"]]:
            shards[name].append(record["shard"]["S"])
    assert recorded == {name: changes for name, changes in log.items() if changes}
    parents = {shard["ShardId"]: shard.get("ParentShardId") for shard in lineage}
    for line in shards.values():
        for earlier, later in pairwise(line):
            assert earlier in ancestors(later, parents)


def ancestors(shard, parents):
    """Return all ancestors of a shard, since an item may have no record in the parent."""
    found = []
    while (shard := parents[shard]) is not None:
        found.append(shard)
    return found
