// The same file runs under vitest and under jest.
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";

// Each process that runs tests has an access key, and so tables, of its own.
process.env.AWS_ACCESS_KEY_ID = `worker-${process.env.VITEST_POOL_ID ?? process.env.JEST_WORKER_ID}`;

const client = new DynamoDBClient({});

beforeAll(async () => {
  await client.send(
    new CreateTableCommand({
      TableName: "Orders",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    }),
  );
});

afterAll(() => client.destroy());

test("an order is stored", async () => {
  const order = { id: { S: "o-1" }, state: { S: "paid" } };
  await client.send(new PutItemCommand({ TableName: "Orders", Item: order }));
  const { Item } = await client.send(new GetItemCommand({ TableName: "Orders", Key: { id: order.id } }));
  expect(Item).toEqual(order);
});
