// The everyday patterns with the AWS SDK for JavaScript v3 and lib-dynamodb. The argument is the endpoint.
// test_javascript.py runs it; by hand: node tests/clients/everyday.mjs http://127.0.0.1:8000

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ResourceNotFoundException,
  UpdateTableCommand,
  paginateListTables,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  NumberValue,
  PutCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
  paginateQuery,
  paginateScan,
} from "@aws-sdk/lib-dynamodb";

const options = {
  endpoint: process.argv[2],
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "secret" },
  maxAttempts: 1,
};
const client = new DynamoDBClient(options);
const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
// A document client changes the options of its base client, so this one gets a base client of its own.
const exact = DynamoDBDocumentClient.from(new DynamoDBClient(options), { unmarshallOptions: { wrapNumbers: NumberValue.from } });
const TableName = `js_${randomUUID()}`;
const atMost = { client, maxWaitTime: 300 };

const ORDERS = [
  ["2024-01-15", "ord-001", "shipped", 59.97],
  ["2024-01-20", "ord-002", "shipped", 5],
  ["2024-02-03", "ord-003", "open", 120.5],
].map(([day, number, status, total]) => ({
  PK: "USER#alice",
  SK: `ORDER#${day}#${number}`,
  GSI1PK: `STATUS#${status}`,
  GSI1SK: day,
  total,
}));

before(async () => {
  const made = await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: ["PK", "SK", "GSI1PK", "GSI1SK"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: [
        { AttributeName: "PK", KeyType: "HASH" },
        { AttributeName: "SK", KeyType: "RANGE" },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: "GSI1",
          KeySchema: [
            { AttributeName: "GSI1PK", KeyType: "HASH" },
            { AttributeName: "GSI1SK", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "ALL" },
        },
      ],
    }),
  );
  assert.equal(made.TableDescription.TableStatus, "CREATING");
  assert.ok(made.TableDescription.CreationDateTime instanceof Date);
  assert.equal((await waitUntilTableExists(atMost, { TableName })).state, "SUCCESS");
  const puts = ORDERS.map((Item) => ({ PutRequest: { Item } }));
  const written = await documents.send(new BatchWriteCommand({ RequestItems: { [TableName]: puts } }));
  assert.deepEqual(written.UnprocessedItems, {});
});

after(async () => {
  await client.send(new DeleteTableCommand({ TableName }));
  assert.equal((await waitUntilTableNotExists(atMost, { TableName })).state, "SUCCESS");
});

/** The error that a command must end with. */
async function failure(command) {
  try {
    await documents.send(command);
  } catch (error) {
    return error;
  }
  return assert.fail("the command succeeded");
}

test("an item comes back as it was put", async () => {
  const Item = {
    PK: "item",
    SK: "everything",
    text: "Grüße 🎉 \u0000",
    empty: "",
    number: -12.5,
    yes: true,
    nothing: null,
    bytes: new Uint8Array([0, 1, 254, 255]),
    strings: new Set(["a", "b"]),
    numbers: new Set([1, 2.5]),
    binaries: new Set([new Uint8Array([7])]),
    list: [1, "two", [true, []], { deep: { deeper: null } }],
    map: {},
  };
  await documents.send(new PutCommand({ TableName, Item: { ...Item, left_out: undefined } }));
  const Key = { PK: "item", SK: "everything" };
  const read = await documents.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
  assert.deepEqual(read.Item, Item);
  const missing = await documents.send(new GetCommand({ TableName, Key: { PK: "item", SK: "none" } }));
  assert.equal(missing.Item, undefined);
  const removed = await documents.send(new DeleteCommand({ TableName, Key, ReturnValues: "ALL_OLD" }));
  assert.deepEqual(removed.Attributes, Item);
});

test("numbers keep all 38 digits", async () => {
  const value = NumberValue.from("12345678901234567890.123456789012345678");
  await exact.send(new PutCommand({ TableName, Item: { PK: "number", SK: "0", value } }));
  const added = await exact.send(
    new UpdateCommand({
      TableName,
      Key: { PK: "number", SK: "0" },
      UpdateExpression: "ADD #value :one",
      ExpressionAttributeNames: { "#value": "value" },
      ExpressionAttributeValues: { ":one": 1n },
      ReturnValues: "UPDATED_NEW",
    }),
  );
  assert.equal(added.Attributes.value.toString(), "12345678901234567891.123456789012345678");
});

test("a table and its index are queried by access pattern", async () => {
  const query = (input) => documents.send(new QueryCommand({ TableName, ...input }));
  const january = await query({
    KeyConditionExpression: "PK = :pk AND begins_with(SK, :prefix)",
    ExpressionAttributeValues: { ":pk": "USER#alice", ":prefix": "ORDER#2024-01" },
  });
  assert.deepEqual(january.Items, ORDERS.slice(0, 2));
  const newest = await query({
    KeyConditionExpression: "PK = :pk",
    ExpressionAttributeValues: { ":pk": "USER#alice" },
    ScanIndexForward: false,
    Limit: 1,
  });
  assert.deepEqual(newest.Items, [ORDERS[2]]);
  assert.deepEqual(newest.LastEvaluatedKey, { PK: "USER#alice", SK: ORDERS[2].SK });
  const shipped = await query({
    IndexName: "GSI1",
    KeyConditionExpression: "GSI1PK = :status AND begins_with(GSI1SK, :month)",
    FilterExpression: "#total > :least",
    ProjectionExpression: "SK, #total",
    ExpressionAttributeNames: { "#total": "total" },
    ExpressionAttributeValues: { ":status": "STATUS#shipped", ":month": "2024-01", ":least": 50 },
  });
  assert.deepEqual(shipped.Items, [{ SK: ORDERS[0].SK, total: 59.97 }]);
  assert.deepEqual([shipped.Count, shipped.ScannedCount], [1, 2]);
});

test("paginators go through every page", async () => {
  const numbers = Array.from({ length: 120 }, (_, n) => n);
  for (let from = 0; from < numbers.length; from += 25) {
    const puts = numbers.slice(from, from + 25).map((n) => ({ PutRequest: { Item: { PK: "pages", SK: `${1000 + n}`, n } } }));
    await documents.send(new BatchWriteCommand({ RequestItems: { [TableName]: puts } }));
  }
  const sizes = [];
  const found = [];
  const pages = paginateQuery(
    { client: documents, pageSize: 50 },
    { TableName, KeyConditionExpression: "PK = :pk", ExpressionAttributeValues: { ":pk": "pages" } },
  );
  for await (const page of pages) {
    sizes.push(page.Count);
    found.push(...page.Items.map((item) => item.n));
  }
  assert.deepEqual(sizes, [50, 50, 20]);
  assert.deepEqual(found, numbers);

  const scanned = [];
  const filter = { FilterExpression: "PK = :pk", ExpressionAttributeValues: { ":pk": "pages" } };
  for await (const page of paginateScan({ client: documents, pageSize: 31 }, { TableName, ...filter })) {
    scanned.push(...page.Items.map((item) => item.n));
  }
  assert.deepEqual(scanned, numbers);

  const tables = [];
  for await (const page of paginateListTables({ client, pageSize: 1 }, {})) tables.push(...page.TableNames);
  assert.ok(tables.includes(TableName));
});

test("batches read and delete", async () => {
  const Keys = ORDERS.map(({ PK, SK }) => ({ PK, SK }));
  const read = await documents.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys } } }));
  assert.deepEqual(read.UnprocessedKeys, {});
  assert.deepEqual(read.Responses[TableName].sort((a, b) => (a.SK < b.SK ? -1 : 1)), ORDERS);
  const Item = { PK: "batch", SK: "0" };
  await documents.send(new PutCommand({ TableName, Item }));
  await documents.send(
    new BatchWriteCommand({ RequestItems: { [TableName]: [{ DeleteRequest: { Key: Item } }] } }),
  );
  assert.equal((await documents.send(new GetCommand({ TableName, Key: Item }))).Item, undefined);
});

test("a failed condition carries the item", async () => {
  const command = new PutCommand({
    TableName,
    Item: { PK: ORDERS[0].PK, SK: ORDERS[0].SK },
    ConditionExpression: "attribute_not_exists(PK)",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });
  const error = await failure(command);
  assert.ok(error instanceof ConditionalCheckFailedException);
  assert.equal(error.name, "ConditionalCheckFailedException");
  assert.equal(error.message, "The conditional request failed");
  assert.equal(error.Item.SK.S, ORDERS[0].SK);
  assert.equal(error.$metadata.httpStatusCode, 400);
  assert.equal(error.$metadata.requestId.length, 52);
});

test("errors have the service's names and messages", async () => {
  const missing = await failure(new GetCommand({ TableName: "there-is-none", Key: { PK: "a" } }));
  assert.ok(missing instanceof ResourceNotFoundException);
  assert.equal(missing.message, "Requested resource not found");
  const schema = await failure(new GetCommand({ TableName, Key: { PK: "a" } }));
  assert.deepEqual([schema.name, schema.message], ["ValidationException", "The provided key element does not match the schema"]);
  const syntax = await failure(new ScanCommand({ TableName, FilterExpression: "a =" }));
  assert.deepEqual(
    [syntax.name, syntax.message],
    ["ValidationException", 'Invalid FilterExpression: Syntax error; token: "<EOF>", near: "="'],
  );
});

test("conditional decrements sell no more than there is", async () => {
  const Key = { PK: "stock", SK: "apple" };
  await documents.send(new PutCommand({ TableName, Item: { ...Key, quantity: 20 } }));
  const buy = () =>
    documents.send(
      new UpdateCommand({
        TableName,
        Key,
        UpdateExpression: "SET quantity = quantity - :dec",
        ConditionExpression: "quantity >= :dec",
        ExpressionAttributeValues: { ":dec": 1 },
        ReturnValues: "UPDATED_NEW",
      }),
    );
  const outcomes = await Promise.allSettled(Array.from({ length: 30 }, buy));
  const left = outcomes.filter(({ status }) => status === "fulfilled").map(({ value }) => value.Attributes.quantity);
  assert.deepEqual(left.sort((a, b) => a - b), Array.from({ length: 20 }, (_, n) => n));
  const refused = outcomes.filter(({ status }) => status === "rejected");
  assert.ok(refused.every(({ reason }) => reason.name === "ConditionalCheckFailedException"));
  assert.equal((await documents.send(new GetCommand({ TableName, Key }))).Item.quantity, 0);
});

test("an index is added to a table with items", async () => {
  await client.send(
    new UpdateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: "SK", AttributeType: "S" }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: "by_sort_key",
            KeySchema: [{ AttributeName: "SK", KeyType: "HASH" }],
            Projection: { ProjectionType: "KEYS_ONLY" },
          },
        },
      ],
    }),
  );
  let status;
  do {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    status = Table.GlobalSecondaryIndexes.find(({ IndexName }) => IndexName === "by_sort_key").IndexStatus;
  } while (status !== "ACTIVE");
  const { PK, SK } = ORDERS[0];
  const found = await documents.send(
    new QueryCommand({
      TableName,
      IndexName: "by_sort_key",
      KeyConditionExpression: "SK = :sk",
      ExpressionAttributeValues: { ":sk": SK },
    }),
  );
  assert.deepEqual(found.Items, [{ PK, SK }]);
});

test("the plain client speaks attribute values", async () => {
  const Item = { PK: { S: "plain" }, SK: { S: "0" }, bytes: { B: new Uint8Array([255, 0]) }, n: { N: "1.50" }, no: { NULL: true } };
  await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: [{ PutRequest: { Item } }] } }));
  const read = await client.send(
    new GetItemCommand({ TableName, Key: { PK: Item.PK, SK: Item.SK }, ReturnConsumedCapacity: "TOTAL" }),
  );
  assert.deepEqual(read.Item, { ...Item, n: { N: "1.5" } });
  assert.deepEqual({ ...read.ConsumedCapacity }, { TableName, CapacityUnits: 0.5 });
});
