"""A program for orders and stock with transactions: with sixteen clients, all sums stay right.

An order takes all of its products or none. Clients read with TransactGetItems and write on the
condition that nothing has changed since (`version`). If something has changed, they begin again.
Sometimes a client behaves as if an answer was lost: it sends the request again with the same token,
which must have no further effect.
"""

import random
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from boto3.dynamodb.conditions import Key
from boto3.dynamodb.types import TypeSerializer

from tests.support.tables import index_request, table_request

CLIENTS = 16
ORDERS_EACH = 4
PRODUCTS = {f"product-{number}": 10 + number for number in range(6)}
"""Name -> price."""
STOCK = 15

_serialize = TypeSerializer().serialize


def wire(values):
    return {name: _serialize(value) for name, value in values.items()}


class Shop:
    """A client of the shop. `attempts` has the number of attempts of each order that it placed."""

    def __init__(self, session, endpoint, tables):
        self.client = session.client("dynamodb", endpoint_url=endpoint)
        self.tables = tables
        self.attempts = []

    def update(self, table, key, expression, condition=None, **values):
        extra = {} if condition is None else {"ConditionExpression": condition}
        values = {f":{name}": value for name, value in values.items()}
        return {
            "Update": {
                "TableName": self.tables[table],
                "Key": wire({"id": key}),
                "UpdateExpression": expression,
                "ExpressionAttributeValues": wire(values),
                **extra,
            }
        }

    def snapshot(self, products):
        """Return the products and the total as of one moment, or None after a conflict."""
        keys = [("stock", product) for product in products] + [("customers", "TOTAL")]
        gets = [{"Get": {"TableName": self.tables[table], "Key": wire({"id": key})}} for table, key in keys]
        try:
            found = self.client.transact_get_items(TransactItems=gets)["Responses"]
        except self.client.exceptions.TransactionCanceledException as error:
            check_codes(error, {"None", "TransactionConflict"})
            return None
        items = [{name: int(value["N"]) for name, value in each["Item"].items() if "N" in value} for each in found]
        return dict(zip(products, items, strict=False)), items[-1]

    def order(self, customer, lines, lose_answer):
        """Order amounts of products; return the order's id, or None if the stock is too low."""
        attempts = 0
        while True:
            attempts += 1
            seen = self.snapshot(lines)
            if seen is None:
                continue
            stock, _ = seen
            if any(stock[product]["stock"] < amount for product, amount in lines.items()):
                return None
            order = str(uuid.uuid4())
            if self.write(self.order_actions(customer, order, lines, stock), order, lose_answer):
                self.attempts.append(attempts)
                return order

    def order_actions(self, customer, order, lines, stock):
        price = sum(PRODUCTS[product] * amount for product, amount in lines.items())
        item = {"customer": customer, "id": order, "state": "open", "lines": lines, "price": price}
        put = {
            "TableName": self.tables["orders"],
            "Item": wire(item),
            "ConditionExpression": "attribute_not_exists(customer)",
        }
        taken = [
            self.update(
                "stock",
                product,
                "SET stock = stock - :n, version = version + :one ADD sold :n",
                "version = :seen AND stock >= :n",
                n=amount,
                one=1,
                seen=stock[product]["version"],
            )
            for product, amount in lines.items()
        ]
        known = {
            "TableName": self.tables["customers"],
            "Key": wire({"id": "OPEN"}),
            "ConditionExpression": "attribute_exists(id)",
        }
        spent = [
            self.update("customers", each, "ADD orders :one, spent :price", one=1, price=price)
            for each in (customer, "TOTAL")
        ]
        return [{"ConditionCheck": known}, {"Put": put}, *taken, *spent]

    def cancel(self, customer, order, lose_answer):
        """Cancel an order; return whether it was still open."""
        key = wire({"customer": customer, "id": order})
        found = self.client.get_item(TableName=self.tables["orders"], Key=key, ConsistentRead=True)["Item"]
        lines = {product: int(amount["N"]) for product, amount in found["lines"]["M"].items()}
        price = int(found["price"]["N"])
        close = {
            "TableName": self.tables["orders"],
            "Key": key,
            "UpdateExpression": "SET #state = :canceled",
            "ConditionExpression": "#state = :open",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": wire({":canceled": "canceled", ":open": "open"}),
        }
        returned = [
            self.update("stock", product, "ADD stock :n, sold :minus, version :one", n=amount, minus=-amount, one=1)
            for product, amount in lines.items()
        ]
        refunded = [
            self.update("customers", each, "ADD orders :minus, spent :price", minus=-1, price=-price)
            for each in (customer, "TOTAL")
        ]
        for _ in range(1000):
            try:
                return self.send([{"Update": close}, *returned, *refunded], str(uuid.uuid4()), lose_answer)
            except self.client.exceptions.TransactionCanceledException as error:
                if "ConditionalCheckFailed" in codes(error):
                    return False
        raise AssertionError("a cancellation is tried for ever")

    def write(self, actions, token, lose_answer):
        """Send a transaction; return False if another client has changed an item or is writing."""
        try:
            return self.send(actions, token, lose_answer)
        except self.client.exceptions.TransactionCanceledException as error:
            check_codes(error, {"None", "ConditionalCheckFailed", "TransactionConflict"})
            return False

    def send(self, actions, token, lose_answer):
        for _ in range(1 + lose_answer):
            self.client.transact_write_items(TransactItems=actions, ClientRequestToken=token)
        return True


def codes(error):
    return {reason["Code"] for reason in error.response["CancellationReasons"]}


def check_codes(error, allowed):
    assert codes(error) <= allowed


@pytest.fixture
def session():
    return boto3.Session("test", "secret", region_name="us-east-1")


@pytest.fixture
def tables(client):
    """The names of three tables: products with their stock, customers, and orders (empty)."""
    requests = {
        "stock": table_request("id:S"),
        "customers": table_request("id:S"),
        "orders": table_request(
            "customer:S id:S", define="state:S", GlobalSecondaryIndexes=[index_request("by_state", "state")]
        ),
    }
    names = {table: request["TableName"] for table, request in requests.items()}
    for request in requests.values():
        client.create_table(**request)
    for name in names.values():
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    for product in PRODUCTS:
        item = {"id": product, "stock": STOCK, "sold": 0, "version": 0}
        client.put_item(TableName=names["stock"], Item=wire(item))
    for special in ("OPEN", "TOTAL"):
        client.put_item(TableName=names["customers"], Item=wire({"id": special, "orders": 0, "spent": 0}))
    yield names
    for name in names.values():
        client.delete_table(TableName=name)


def test_books_balance(session, endpoint, resource, tables):
    shops = [Shop(session, endpoint, tables) for _ in range(CLIENTS)]
    observer = Shop(session, endpoint, tables)
    finished = threading.Event()

    def work(number):
        """Place and cancel orders; return open orders, and how many failed for lack of stock."""
        choose = random.Random(number)
        shop, customer = shops[number], f"customer-{number % (CLIENTS // 2)}"
        orders, sold_out = {}, 0
        for _ in range(ORDERS_EACH):
            lines = {product: choose.randint(1, 3) for product in choose.sample(sorted(PRODUCTS), choose.randint(1, 3))}
            order = shop.order(customer, lines, choose.random() < 0.3)
            if order is None:
                sold_out += 1
            else:
                orders[order] = (customer, lines)
            if orders and choose.random() < 0.2:
                order, _ = orders.popitem()
                assert shop.cancel(customer, order, choose.random() < 0.5)
                assert not shop.cancel(customer, order, lose_answer=False)
        return orders, sold_out

    def observe():
        """Read snapshots repeatedly, and check that each unit is either in stock or sold."""
        looks = 0
        while not (finished.is_set() and looks):
            seen = observer.snapshot(PRODUCTS)
            if seen is not None:
                stock, total = seen
                assert all(each["stock"] >= 0 and each["stock"] + each["sold"] == STOCK for each in stock.values())
                assert total["spent"] == sum(PRODUCTS[product] * each["sold"] for product, each in stock.items())
                looks += 1
        return looks

    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        observed = pool.submit(observe)
        try:
            results = list(pool.map(work, range(CLIENTS)))
        finally:
            finished.set()
        assert observed.result() > 0

    left = {order: line for orders, _ in results for order, line in orders.items()}
    sold = Counter()
    spent, counts = Counter(), Counter()
    for customer, lines in left.values():
        sold.update(lines)
        counts[customer] += 1
        spent[customer] += sum(PRODUCTS[product] * amount for product, amount in lines.items())
    stock, total = observer.snapshot(PRODUCTS)
    assert {product: each["sold"] for product, each in stock.items()} == {
        product: sold[product] for product in PRODUCTS
    }
    assert all(each["stock"] + each["sold"] == STOCK for each in stock.values())
    assert (total["orders"], total["spent"]) == (len(left), sum(spent.values()))
    customers = resource.Table(tables["customers"]).scan(ConsistentRead=True)["Items"]
    found = {item["id"]: (item["orders"], item["spent"]) for item in customers if item["id"] not in ("OPEN", "TOTAL")}
    assert {customer: figures for customer, figures in found.items() if figures != (0, 0)} == {
        customer: (counts[customer], spent[customer]) for customer in counts
    }
    orders = resource.Table(tables["orders"])
    is_open = orders.query(IndexName="by_state", KeyConditionExpression=Key("state").eq("open"))["Items"]
    assert {item["id"]: (item["customer"], item["lines"]) for item in is_open} == left
    assert all(item["state"] in ("open", "canceled") for item in orders.scan(ConsistentRead=True)["Items"])
    # An attempt fails only if another client has written in between, so attempts are limited.
    attempts = [count for shop in shops for count in shop.attempts]
    assert max(attempts) <= 2 * CLIENTS * ORDERS_EACH
    assert sum(sold_out for _, sold_out in results) > 0, "no order failed for lack of stock"
