"""Two applications with the same features, for tests of the advisor.

Each is a shop with customers, products and orders, and uses boto3 as users do. `RelationalShop` has
many common mistakes; `Shop` has none.
"""

from typing import Any

CUSTOMERS = 8
ORDERS = 24
PRODUCTS = 6


def text(value: str) -> dict[str, str]:
    """Return a text as an attribute value."""
    return {"S": value}


def number(value: int) -> dict[str, str]:
    """Return a number as an attribute value."""
    return {"N": str(value)}


class RelationalShop:
    """A shop as a person writes it who knows only relational databases.

    The docstrings of the methods name the mistakes. Call `prepare` some time before `run`.
    """

    def __init__(self, client: Any) -> None:
        self.client = client

    def create_tables(self) -> None:
        """Create four tables.

        Mistakes: a table for each kind of item, as in a relational database; an index with far less
        write capacity than its table.
        """
        for name in ("Customers", "Products", "Orders", "Lines"):
            extra: dict[str, Any] = {"BillingMode": "PAY_PER_REQUEST"}
            names = ["id"]
            if name == "Orders":
                names = ["id", "state"]
                few = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 1}
                extra = {
                    "BillingMode": "PROVISIONED",
                    "ProvisionedThroughput": {"ReadCapacityUnits": 50, "WriteCapacityUnits": 50},
                    "GlobalSecondaryIndexes": [
                        {
                            "IndexName": "by-state",
                            "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
                            "Projection": {"ProjectionType": "ALL"},
                            "ProvisionedThroughput": few,
                        }
                    ],
                }
            self.client.create_table(
                TableName=name,
                AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in names],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                **extra,
            )

    def fill(self) -> None:
        """Write the customers, products and orders.

        Mistake: the partition key of the index has only three values.
        """
        for n in range(CUSTOMERS):
            self.client.put_item(TableName="Customers", Item={"id": text(f"c-{n}"), "name": text("Ann")})
        for n in range(PRODUCTS):
            self.client.put_item(TableName="Products", Item={"id": text(f"p-{n}"), "price": number(n)})
        for n in range(3 * ORDERS):
            order = {
                "id": text(f"o-{n}"),
                "state": text(("open", "paid", "sent")[n % 3]),
                "customer": text(f"c-{n % CUSTOMERS}"),
                "product": text(f"p-{n % PRODUCTS}"),
                "notes": text("x" * 3_000),
                "stock": number(n),
            }
            self.client.put_item(TableName="Orders", Item=order)

    def orders_of(self, customer: str) -> list[Any]:
        """Return the orders of a customer.

        Mistakes: a Scan instead of a Query, of which only the first page is read.
        """
        answer = self.client.scan(
            TableName="Orders",
            FilterExpression="customer = :c",
            ExpressionAttributeValues={":c": text(customer)},
            ConsistentRead=True,
        )
        items: list[Any] = answer["Items"]
        return items

    def order_by_id(self, order: str) -> Any:
        """Return the orders with this id.

        Mistake: a Scan for an item whose primary key is known.
        """
        return self.client.scan(
            TableName="Orders", FilterExpression="id = :i", ExpressionAttributeValues={":i": text(order)}
        )["Items"]

    def details(self, order: str) -> tuple[Any, Any, Any]:
        """Return an order, its customer and its product.

        Mistake: the program joins tables, with a read for each item.
        """
        found = self._get("Orders", order)
        return found, self._get("Customers", found["customer"]["S"]), self._get("Products", found["product"]["S"])

    def _get(self, table: str, ident: str) -> Any:
        return self.client.get_item(TableName=table, Key={"id": text(ident)}, ConsistentRead=True)["Item"]

    def prepare(self) -> None:
        """Create and fill a table whose items never change afterwards."""
        self.client.create_table(
            TableName="Currencies",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        self.client.put_item(TableName="Currencies", Item={"id": text("EUR"), "digits": number(2)})

    def currency(self, ident: str) -> Any:
        """Return a currency.

        Mistake: a consistent read of an item that never changes.
        """
        return self._get("Currencies", ident)

    def open_orders(self) -> Any:
        """Return the customers of all open orders.

        Mistake: the index projects all attributes of large items, but only one is read.
        """
        return self.client.query(
            TableName="Orders",
            IndexName="by-state",
            KeyConditionExpression="#s = :s",
            ProjectionExpression="customer",
            ExpressionAttributeNames={"#s": "state"},
            ExpressionAttributeValues={":s": text("open")},
        )["Items"]

    def set_picture(self, product: str) -> None:
        """Store the picture of a product.

        Mistake: a large binary value in an item.
        """
        item = {"id": text(product), "picture": {"B": b"\0" * 200_000}}
        self.client.put_item(TableName="Products", Item=item)

    def rename(self, customer: str, name: str) -> None:
        """Rename a customer.

        Mistake: the item is read and written back without a condition.
        """
        item = self._get("Customers", customer)
        self.client.put_item(TableName="Customers", Item={**item, "name": text(name)})

    def ship(self, order: str) -> None:
        """Mark an order as sent.

        Mistake: the first expression contains a reserved word, so it is refused.
        """
        request: dict[str, Any] = {"TableName": "Orders", "Key": {"id": text(order)}}
        values = {":s": text("sent")}
        try:
            self.client.update_item(**request, UpdateExpression="SET state = :s", ExpressionAttributeValues=values)
        except self.client.exceptions.ClientError:
            self.client.update_item(
                **request,
                UpdateExpression="SET #s = :s",
                ExpressionAttributeNames={"#s": "state"},
                ExpressionAttributeValues=values,
            )

    def import_lines(self) -> None:
        """Write 60 lines of orders.

        Mistake: one large transaction for items that do not depend on each other.
        """
        puts = [{"Put": {"TableName": "Lines", "Item": {"id": text(f"l-{n}")}}} for n in range(60)]
        self.client.transact_write_items(TransactItems=puts)

    def fill_with_notes(self) -> list[Any]:
        """Write 1.6 MB of notes, and scan the table twice.

        Mistake: only the first page of each Scan is read, so items are missing.
        """
        for n in range(40):
            self.client.put_item(TableName="Lines", Item={"id": text(f"n-{n}"), "notes": text("x" * 40_000)})
        for _ in range(2):
            items: list[Any] = self.client.scan(TableName="Lines")["Items"]
        return items

    def run(self) -> None:
        """Use all features."""
        self.create_tables()
        self.fill()
        for n in range(6):
            self.orders_of(f"c-{n}")
            self.open_orders()
            self.currency("EUR")
        self.order_by_id("o-1")
        for n in range(10):
            self.details(f"o-{n}")
        self.set_picture("p-1")
        for customer in ("c-1", "c-2"):
            self.rename(customer, "Bob")
        self.ship("o-2")
        self.import_lines()
        self.fill_with_notes()


class Shop:
    """The same shop as a person writes it who knows DynamoDB: one table, designed for its reads."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def create_table(self) -> None:
        """Create the table, in which a customer and their orders have the same partition key."""
        self.client.create_table(
            TableName="Shop",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "gpk", "gsk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "open-orders",
                    "KeySchema": [
                        {"AttributeName": "gpk", "KeyType": "HASH"},
                        {"AttributeName": "gsk", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["customerName"]},
                }
            ],
        )
        self.client.update_time_to_live(
            TableName="Shop", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
        )

    def add_customer(self, customer: str) -> None:
        """Add a customer, only if there is none with this id."""
        self.client.put_item(
            TableName="Shop",
            Item={"pk": text(f"CUSTOMER#{customer}"), "sk": text("PROFILE"), "name": text("Ann"), "orders": number(0)},
            ConditionExpression="attribute_not_exists(pk)",
        )

    def order(self, customer: str, ident: str, day: str) -> None:
        """Add an order and increase the customer's number of orders, in one transaction."""
        item = {
            "pk": text(f"CUSTOMER#{customer}"),
            "sk": text(f"ORDER#{day}#{ident}"),
            "gpk": text(f"OPEN#{ident[-1]}"),
            "gsk": text(day),
            "customerName": text("Ann"),
            "notes": text("x" * 500),
            "expires": number(1_900_000_000),
        }
        count = {
            "TableName": "Shop",
            "Key": {"pk": text(f"CUSTOMER#{customer}"), "sk": text("PROFILE")},
            "UpdateExpression": "SET orders = orders + :one",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": {":one": number(1)},
        }
        put = {"TableName": "Shop", "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
        self.client.transact_write_items(TransactItems=[{"Put": put}, {"Update": count}])

    def orders_of(self, customer: str) -> list[Any]:
        """Return the orders of a customer, all pages, the newest first."""
        pages = self.client.get_paginator("query").paginate(
            TableName="Shop",
            KeyConditionExpression="pk = :p AND begins_with(sk, :o)",
            ExpressionAttributeValues={":p": text(f"CUSTOMER#{customer}"), ":o": text("ORDER#")},
            ScanIndexForward=False,
        )
        return [item for page in pages for item in page["Items"]]

    def open_orders(self) -> list[Any]:
        """Return the first open orders of each of the ten partition keys of the index."""
        return [
            item
            for shard in range(10)
            for item in self.client.query(
                TableName="Shop",
                IndexName="open-orders",
                KeyConditionExpression="gpk = :g",
                ExpressionAttributeValues={":g": text(f"OPEN#{shard}")},
                Limit=20,
            )["Items"]
        ]

    def rename(self, customer: str, name: str) -> None:
        """Rename a customer: update only this attribute, if the customer exists."""
        self.client.update_item(
            TableName="Shop",
            Key={"pk": text(f"CUSTOMER#{customer}"), "sk": text("PROFILE")},
            UpdateExpression="SET #name = :name",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#name": "name"},
            ExpressionAttributeValues={":name": text(name)},
        )

    def customers(self, names: list[str]) -> Any:
        """Return several customers in one request."""
        keys = [{"pk": text(f"CUSTOMER#{name}"), "sk": text("PROFILE")} for name in names]
        return self.client.batch_get_item(RequestItems={"Shop": {"Keys": keys}})["Responses"]["Shop"]

    def run(self) -> None:
        """Use all features."""
        self.create_table()
        for n in range(CUSTOMERS):
            self.add_customer(f"c-{n}")
        for n in range(ORDERS):
            self.order(f"c-{n % CUSTOMERS}", f"o-{n}", f"2026-01-{n % 28 + 1:02}")
        for n in range(CUSTOMERS):
            assert len(self.orders_of(f"c-{n}")) == ORDERS // CUSTOMERS
        assert len(self.open_orders()) == ORDERS
        self.rename("c-1", "Bob")
        assert len(self.customers([f"c-{n}" for n in range(CUSTOMERS)])) == CUSTOMERS
