// Reads a table's stream with the AWS SDK for JavaScript v3. The argument is the endpoint.
// test_javascript.py runs it; by hand: node tests/clients/streams.mjs http://127.0.0.1:8000

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  UpdateTableCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  ResourceNotFoundException,
} from "@aws-sdk/client-dynamodb-streams";
import { DeleteCommand, DynamoDBDocumentClient, PutCommand, TransactWriteCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";

const options = {
  endpoint: process.argv[2],
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "secret" },
  maxAttempts: 1,
};
const client = new DynamoDBClient(options);
const documents = DynamoDBDocumentClient.from(client);
const streams = new DynamoDBStreamsClient(options);
const TableName = `js_streams_${randomUUID()}`;
let StreamArn;

before(async () => {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    }),
  );
  assert.equal((await waitUntilTableExists({ client, maxWaitTime: 300 }, { TableName })).state, "SUCCESS");
  StreamArn = (await client.send(new DescribeTableCommand({ TableName }))).Table.LatestStreamArn;
});

after(() => client.send(new DeleteTableCommand({ TableName })));

/** All shards, page by page. */
async function shardsOf() {
  const shards = [];
  let ExclusiveStartShardId;
  do {
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn, ExclusiveStartShardId }));
    shards.push(...StreamDescription.Shards);
    ExclusiveStartShardId = StreamDescription.LastEvaluatedShardId;
  } while (ExclusiveStartShardId !== undefined);
  return shards;
}

/** The records that a shard has by now, from a position on; `ended` once it is closed and read to its end. */
async function read(ShardId, position = { ShardIteratorType: "TRIM_HORIZON" }) {
  const records = [];
  let { ShardIterator } = await streams.send(new GetShardIteratorCommand({ StreamArn, ShardId, ...position }));
  while (ShardIterator !== undefined) {
    const { Records, NextShardIterator } = await streams.send(new GetRecordsCommand({ ShardIterator }));
    if (Records.length === 0 && NextShardIterator !== undefined) return { records, ended: false };
    records.push(...Records);
    ShardIterator = NextShardIterator;
  }
  return { records, ended: true };
}

/** What has happened to an item since `count` records of it were seen: [event, old image, new image]. */
async function changes(id, count = 0) {
  for (let round = 0; round < 1000; round += 1) {
    const found = [];
    for (const { ShardId } of await shardsOf()) found.push(...(await read(ShardId)).records);
    const own = found.filter(({ dynamodb }) => dynamodb.Keys.id.S === id);
    if (own.length >= count) {
      return own.map(({ eventName, dynamodb: { OldImage, NewImage } }) => [
        eventName,
        OldImage && unmarshall(OldImage),
        NewImage && unmarshall(NewImage),
      ]);
    }
  }
  return assert.fail("the records have not come");
}

test("the stream is listed and described", async () => {
  const { Streams } = await streams.send(new ListStreamsCommand({ TableName }));
  assert.deepEqual(Streams, [{ StreamArn, TableName, StreamLabel: StreamArn.split("/").at(-1) }]);
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  assert.ok(StreamDescription.CreationRequestDateTime instanceof Date);
  assert.equal(StreamDescription.StreamStatus, "ENABLED");
  assert.equal(StreamDescription.StreamViewType, "NEW_AND_OLD_IMAGES");
  assert.deepEqual(StreamDescription.KeySchema, [{ AttributeName: "id", KeyType: "HASH" }]);
  assert.ok(StreamDescription.Shards.length > 0);
});

test("an item's life is told in order", async () => {
  const id = randomUUID();
  const first = { id, text: "Grüße 🎉", bytes: new Uint8Array([0, 255]), list: [1, null, { deep: true }] };
  await documents.send(new PutCommand({ TableName, Item: first }));
  await documents.send(new PutCommand({ TableName, Item: first }));
  await documents.send(
    new UpdateCommand({
      TableName,
      Key: { id },
      UpdateExpression: "SET n = :n REMOVE #l",
      ExpressionAttributeNames: { "#l": "list" },
      ExpressionAttributeValues: { ":n": 1.5 },
    }),
  );
  await documents.send(new DeleteCommand({ TableName, Key: { id } }));
  const second = { id, text: first.text, bytes: first.bytes, n: 1.5 };
  assert.deepEqual(await changes(id, 3), [
    ["INSERT", undefined, first],
    ["MODIFY", first, second],
    ["REMOVE", second, undefined],
  ]);
});

test("each action of a transaction has its record", async () => {
  const ids = [randomUUID(), randomUUID(), randomUUID()];
  const TransactItems = ids.map((id, n) => ({ Put: { TableName, Item: { id, n } } }));
  await documents.send(new TransactWriteCommand({ TransactItems }));
  for (const [n, id] of ids.entries()) assert.deepEqual(await changes(id, 1), [["INSERT", undefined, { id, n }]]);
});

test("records have times and can be resumed at", async () => {
  const id = randomUUID();
  for (let n = 0; n < 5; n += 1) await documents.send(new PutCommand({ TableName, Item: { id, n } }));
  await changes(id, 5);
  for (const { ShardId } of await shardsOf()) {
    const { records } = await read(ShardId);
    for (const [position, { dynamodb }] of records.entries()) {
      assert.ok(dynamodb.ApproximateCreationDateTime instanceof Date);
      assert.ok(Math.abs(dynamodb.ApproximateCreationDateTime - Date.now()) < 600_000);
      const { SequenceNumber } = dynamodb;
      const at = await read(ShardId, { ShardIteratorType: "AT_SEQUENCE_NUMBER", SequenceNumber });
      assert.deepEqual(at.records, records.slice(position));
      const behind = await read(ShardId, { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber });
      assert.deepEqual(behind.records, records.slice(position + 1));
    }
  }
});

test("an unknown stream is an error of its own class", async () => {
  const unknown = StreamArn.replace(/[^/]*$/, "2001-01-01T00:00:00.000");
  await assert.rejects(streams.send(new DescribeStreamCommand({ StreamArn: unknown })), (error) => {
    assert.ok(error instanceof ResourceNotFoundException);
    assert.equal(error.message, `Requested resource not found: Stream: ${unknown} not found`);
    return true;
  });
});

test("a disabled stream comes to its end", async () => {
  await client.send(new UpdateTableCommand({ TableName, StreamSpecification: { StreamEnabled: false } }));
  assert.equal((await waitUntilTableExists({ client, maxWaitTime: 300 }, { TableName })).state, "SUCCESS");
  const shards = await shardsOf();
  assert.ok(shards.every(({ SequenceNumberRange }) => SequenceNumberRange.EndingSequenceNumber !== undefined));
  for (const { ShardId } of shards) assert.ok((await read(ShardId)).ended);
});
