// Orders and stock with transactions of lib-dynamodb, from sixteen clients at once. The argument is the endpoint.
// test_javascript.py runs it; by hand: node tests/clients/orders.mjs http://127.0.0.1:8000

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  IdempotentParameterMismatchException,
  TransactionCanceledException,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  ScanCommand,
  TransactGetCommand,
  TransactWriteCommand,
} from "@aws-sdk/lib-dynamodb";

const CLIENTS = 16;
const STOCK = 12;
const PRODUCTS = ["apple", "pear", "plum"];
const TableName = `js_orders_${randomUUID()}`;

const client = () =>
  DynamoDBDocumentClient.from(
    new DynamoDBClient({
      endpoint: process.argv[2],
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "secret" },
    }),
  );
const first = client();

before(async () => {
  await first.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    }),
  );
  const { state } = await waitUntilTableExists({ client: first, maxWaitTime: 300 }, { TableName });
  assert.equal(state, "SUCCESS");
});

after(() => first.send(new DeleteTableCommand({ TableName })));

const write = (documents, TransactItems, ClientRequestToken) =>
  documents.send(new TransactWriteCommand({ TransactItems, ClientRequestToken }));

/** The error that a promise must end with. */
async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("the command succeeded");
}

/** Products and the sum of all that was sold, as they are at one moment; nothing while others write them. */
async function snapshot(documents) {
  const TransactItems = [...PRODUCTS, "TOTAL"].map((id) => ({ Get: { TableName, Key: { id } } }));
  try {
    const { Responses } = await documents.send(new TransactGetCommand({ TransactItems }));
    const items = Responses.map(({ Item }) => Item);
    return { products: items.slice(0, -1), total: items.at(-1) };
  } catch (error) {
    assert.ok(error instanceof TransactionCanceledException);
    assert.ok(error.CancellationReasons.every(({ Code }) => ["None", "TransactionConflict"].includes(Code)));
    return undefined;
  }
}

/** Buy some of each wanted product, or nothing; answer the order's id, or nothing where too little is left. */
async function order(documents, wanted) {
  for (;;) {
    const seen = await snapshot(documents);
    if (seen === undefined) continue;
    const products = seen.products.filter(({ id }) => id in wanted);
    if (products.some(({ id, stock }) => stock < wanted[id])) return undefined;
    const id = randomUUID();
    const amount = Object.values(wanted).reduce((sum, n) => sum + n);
    const taken = products.map((product) => ({
      Update: {
        TableName,
        Key: { id: product.id },
        UpdateExpression: "SET stock = stock - :n, version = version + :one ADD sold :n",
        ConditionExpression: "version = :seen",
        ExpressionAttributeValues: { ":n": wanted[product.id], ":one": 1, ":seen": product.version },
      },
    }));
    const total = {
      Update: {
        TableName,
        Key: { id: "TOTAL" },
        UpdateExpression: "ADD sold :n, orders :one",
        ExpressionAttributeValues: { ":n": amount, ":one": 1 },
      },
    };
    const put = { Put: { TableName, Item: { id, wanted }, ConditionExpression: "attribute_not_exists(id)" } };
    try {
      // The request is sent twice with one token, as if the first answer had been lost.
      for (let times = 0; times < 2; times++) await write(documents, [put, ...taken, total], id);
      return id;
    } catch (error) {
      assert.ok(error instanceof TransactionCanceledException);
      const allowed = ["None", "ConditionalCheckFailed", "TransactionConflict"];
      assert.ok(error.CancellationReasons.every(({ Code }) => allowed.includes(Code)));
    }
  }
}

test("sixteen clients oversell nothing and their totals add up", async () => {
  for (const id of PRODUCTS) {
    await first.send(new PutCommand({ TableName, Item: { id, stock: STOCK, sold: 0, version: 0 } }));
  }
  await first.send(new PutCommand({ TableName, Item: { id: "TOTAL", sold: 0, orders: 0 } }));
  let open = CLIENTS;
  const observe = async () => {
    const documents = client();
    let looks = 0;
    while (open || !looks) {
      const seen = await snapshot(documents);
      if (seen === undefined) continue;
      assert.ok(seen.products.every(({ stock, sold }) => stock >= 0 && stock + sold === STOCK));
      assert.equal(seen.total.sold, seen.products.reduce((sum, { sold }) => sum + sold, 0));
      looks++;
    }
  };
  const work = async (_, number) => {
    const documents = client();
    const results = [];
    try {
      for (let n = 0; n < 3; n++) {
        const wanted = { [PRODUCTS[(number + n) % 3]]: 1, [PRODUCTS[(number + n + 1) % 3]]: (number % 2) + 1 };
        results.push([await order(documents, wanted), wanted]);
      }
    } finally {
      open--;
      documents.destroy();
    }
    return results;
  };
  const [results] = await Promise.all([Promise.all(Array.from({ length: CLIENTS }, work)), observe()]);
  const made = results.flat().filter(([id]) => id !== undefined);
  assert.ok(made.length < 3 * CLIENTS, "there was more stock than wishes");
  const { products, total } = await snapshot(first);
  for (const { id, stock, sold } of products) {
    assert.equal(sold, made.reduce((sum, [, wanted]) => sum + (wanted[id] ?? 0), 0));
    assert.equal(stock, STOCK - sold);
  }
  assert.equal(total.orders, made.length);
  const { Items } = await first.send(new ScanCommand({ TableName, ConsistentRead: true }));
  const stored = Items.filter(({ wanted }) => wanted).map(({ id, wanted }) => [id, wanted]);
  assert.deepEqual(Object.fromEntries(stored), Object.fromEntries(made));
});

test("a cancelled transaction tells its reasons", async () => {
  const Item = { id: `there-${randomUUID()}`, n: 1 };
  await first.send(new PutCommand({ TableName, Item }));
  const error = await failure(
    write(first, [
      { Put: { TableName, Item: { id: randomUUID() } } },
      {
        ConditionCheck: {
          TableName,
          Key: { id: Item.id },
          ConditionExpression: "n > :n",
          ExpressionAttributeValues: { ":n": 1 },
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        },
      },
    ]),
  );
  assert.ok(error instanceof TransactionCanceledException);
  assert.equal(
    error.message,
    "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]",
  );
  assert.equal(error.$metadata.httpStatusCode, 400);
  assert.equal(error.$metadata.attempts, 1);
  const [none, failed] = error.CancellationReasons;
  assert.deepEqual({ ...none }, { Code: "None" });
  assert.deepEqual([failed.Code, failed.Message], ["ConditionalCheckFailed", "The conditional request failed"]);
  assert.deepEqual(failed.Item.n.N ?? failed.Item.n, failed.Item.n.N ? "1" : 1);
});

test("a token stands for one request", async () => {
  const Key = { id: `counter-${randomUUID()}` };
  const token = randomUUID();
  const add = (n) =>
    write(
      first,
      [{ Update: { TableName, Key, UpdateExpression: "ADD n :n", ExpressionAttributeValues: { ":n": n } } }],
      token,
    );
  await Promise.all([add(1), add(1)].map((sent) => sent.catch((error) => assert.match(error.name, /InProgress/))));
  await add(1);
  const mismatch = await failure(add(2));
  assert.ok(mismatch instanceof IdempotentParameterMismatchException);
  assert.equal(mismatch.$metadata.httpStatusCode, 400);
  const { Item } = await first.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
  assert.equal(Item.n, 1);
});
