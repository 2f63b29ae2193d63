"""Each rule of the advisor finds its mistake, and finds nothing in similar requests that are right.

A case is a list of steps. Most steps are requests: (operation, request) or (operation, request,
headers). The other steps are ("wait", seconds), ("client", name) and ("place", text).
"""

from pathlib import Path

import pytest

from emulator.advisor.registry import rules
from tests.support.tables import index_request, table_request

S = "S"


def orders(**more):
    return "CreateTable", {**table_request("pk:S sk:S"), "TableName": "Orders", **more}


def key(pk, sk="x"):
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def put(pk, sk="x", /, table="Orders", **attributes):
    return "PutItem", {"TableName": table, "Item": {**key(pk, sk), **attributes}}


def get(pk, sk="x", table="Orders", **more):
    return "GetItem", {"TableName": table, "Key": key(pk, sk), **more}


def scan(**more):
    return "Scan", {"TableName": "Orders", **more}


def query(pk, **more):
    values = {":pk": {"S": pk}, **more.pop("values", {})}
    return "Query", {
        "TableName": "Orders",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": values,
        **more,
    }


def select(where="", **more):
    return "ExecuteStatement", {"Statement": f"SELECT * FROM Orders {where}", **more}


def equal(name, value="a"):
    return {"FilterExpression": f"{name} = :v", "ExpressionAttributeValues": {":v": {"S": value}}}


def table(name, keys="id:S", **more):
    return "CreateTable", {**table_request(keys), "TableName": name, **more}


def put_in(name, ident, /, **attributes):
    return "PutItem", {"TableName": name, "Item": {"id": {"S": ident}, **attributes}}


def get_from(name, ident):
    return "GetItem", {"TableName": name, "Key": {"id": {"S": ident}}}


def update(expression, pk="a", sk="x", table="Orders", names=None, condition=None, **values):
    request = {"TableName": table, "Key": key(pk, sk), "UpdateExpression": expression}
    request["ExpressionAttributeValues"] = {f":{name}": value for name, value in values.items()}
    if condition:
        request["ConditionExpression"] = condition
    if names:
        request["ExpressionAttributeNames"] = names
    return "UpdateItem", request


def n(number):
    return {"N": str(number)}


def with_index(*indexes, define="customer", **more):
    names = dict.fromkeys(("pk", "sk", *define.split()))
    definitions = [{"AttributeName": name, "AttributeType": "S"} for name in names]
    return orders(AttributeDefinitions=definitions, GlobalSecondaryIndexes=list(indexes), **more)


def provisioned(read, write):
    return {"ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}}


def transact(*actions):
    kinds = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}
    return "TransactWriteItems", {"TransactItems": [{kinds[operation]: request} for operation, request in actions]}


def retry(attempt, step, invocation="i-1"):
    return *step, {"amz_sdk_request": f"attempt={attempt}; max=3", "amz_sdk_invocation_id": invocation}


def values(**texts):
    return {"ExpressionAttributeValues": {f":{name}": {"S": text} for name, text in texts.items()}}


def log(number):
    return "PutItem", {"TableName": "Log", "Item": {"id": n(number)}}


def conditional(step):
    return step[0], {**step[1], "ConditionExpression": "attribute_exists(pk)"}


def times(count, *steps):
    return [step for _ in range(count) for step in steps]


BY_CUSTOMER = {
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "customer")],
    "GlobalSecondaryIndexes": [index_request("by-customer", "customer")],
}
INDEX = index_request("by-customer", "customer")
ON_INDEX = {
    "TableName": "Orders",
    "IndexName": "by-customer",
    "KeyConditionExpression": "customer = :c",
    "ExpressionAttributeValues": {":c": {"S": "a"}},
}
MANY = [put(f"p{n}", customer={"S": "a" if n < 3 else "b"}) for n in range(30)]
LARGE = [put("pp", f"s{n}", data={"S": "x" * 300_000}) for n in range(5)]
LIST = [put("pp", f"s{n}", ref={"S": f"c-{n}"}, amount=n_) for n, n_ in ((n, {"N": str(n)}) for n in range(8))]
CUSTOMERS = [table("Customers"), *(put_in("Customers", f"c-{n}", name={"S": "x"}) for n in range(8))]
SHOP = [
    table("Customers"),
    table("Sales"),
    table("Products"),
    *(put_in("Customers", f"c-{n}", name={"S": "x"}) for n in range(3)),
    *(put_in("Products", f"p-{n}", name={"S": "x"}) for n in range(3)),
    *(put_in("Sales", f"s-{n}", customer={"S": f"c-{n}"}, product={"S": f"p-{n}"}) for n in range(3)),
]
FOLLOWED = [
    step
    for n in range(3)
    for step in (get_from("Sales", f"s-{n}"), get_from("Customers", f"c-{n}"), get_from("Products", f"p-{n}"))
]
ACCOUNTS = [orders(), put("a", balance=n(100)), put("b", balance=n(100))]
TTL = (
    "UpdateTimeToLive",
    {"TableName": "Orders", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"}},
)
MEDIUM = [put("pp", f"s{n}", data={"S": "x" * 5_000}, title={"S": "t"}, customer={"S": "a"}) for n in range(4)]
TITLES = {"ProjectionExpression": "title"}
TITLES_OF_INDEX = ("Query", {**ON_INDEX, "ProjectionExpression": "title"})
TEN = {"S": "x" * 10_000}
BIG = [put(f"b{n}", data={"S": "x" * 100_000}) for n in range(10)]
READ_AND_PUT = [get("a"), put("a", amount=n(2))]

FOUND = {
    "scan-as-query": [
        ([orders(), *MANY, scan(**equal("pk", "p1"))], "certain", 1),
        ([orders(**BY_CUSTOMER), *MANY, scan(**equal("customer")), scan(**equal("customer"))], "certain", 2),
        ([orders(), *MANY, *[scan(**equal("customer"))] * 3], "likely", 3),
        (
            [
                orders(),
                *MANY,
                scan(ScanFilter={"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p1"}]}}),
            ],
            "certain",
            1,
        ),
        (
            [orders(**BY_CUSTOMER), ("ExecuteStatement", {"Statement": "SELECT * FROM Orders WHERE customer = 'a'"})],
            "certain",
            1,
        ),
        ([orders(), *MANY, *times(12, select("WHERE customer = 'zzz'"))], "likely", 12),
        ([orders(), *MANY, *times(3, select("WHERE customer = ?", Parameters=[{"S": "a"}]))], "likely", 3),
        ([orders(), *MANY, *times(3, select("WHERE customer = 'zzz'", Limit=10))], "likely", 3),
    ],
    "ignored-pages": [
        ([orders(), *LARGE, query("pp")], "likely", 1),
        ([orders(), *LARGE, scan(), scan()], "certain", 2),
        ([orders(), *LARGE, *[("ExecuteStatement", {"Statement": "SELECT * FROM Orders"})] * 2], "certain", 2),
    ],
    "unneeded-consistent-reads": [
        ([orders(), put("a"), ("wait", 6), *[get("a", ConsistentRead=True)] * 3], "possible", 3),
        ([orders(), *[get("a", ConsistentRead=True)] * 10], "likely", 10),
        ([orders(), put("b"), *[query("a", ConsistentRead=True)] * 3], "possible", 3),
    ],
    "discarding-filters": [
        (
            [
                orders(),
                *(put("pp", f"s{n:02}", amount=n_) for n, n_ in ((n, {"N": str(n)}) for n in range(30))),
                *times(2, query("pp", FilterExpression="amount > :t", values={":t": n(25)})),
            ],
            "likely",
            2,
        ),
        (
            [orders(), *MANY, *times(10, scan(FilterExpression="begins_with(pk, :p)", **values(p="p29")))],
            "certain",
            10,
        ),
        ([orders(), *MANY, *times(10, select("WHERE begins_with(pk, 'p29')"))], "certain", 10),
        ([orders(), *MANY, *times(10, select("WHERE sk > 'y'"))], "certain", 10),
    ],
    "n-plus-one": [
        ([orders(), *LIST, query("pp"), *(get("pp", f"s{n}") for n in range(6))], "likely", 6),
        ([orders(), *LIST, *times(3, query("pp"), *(get("pp", f"s{n}") for n in range(5)))], "certain", 15),
    ],
    "joins-by-hand": [
        ([orders(), *LIST, *CUSTOMERS, query("pp"), *(get_from("Customers", f"c-{n}") for n in range(6))], "likely", 6),
        (
            [
                orders(),
                *LIST,
                *CUSTOMERS,
                *(step for n in range(5) for step in (get("pp", f"s{n}"), get_from("Customers", f"c-{n}"))),
            ],
            "likely",
            5,
        ),
    ],
    "relational-tables": [([*SHOP, *FOLLOWED], "likely", 6)],
    "low-cardinality-keys": [
        ([orders(), *(put(("OPEN", "PAID", "SENT")[n % 3], f"s{n}") for n in range(60))], "possible", 60),
        (
            [
                with_index(index_request("by-state", "state sk"), define="state"),
                *(put(f"p{n}", state={"S": ("open", "closed")[n % 2]}) for n in range(50)),
            ],
            "possible",
            50,
        ),
        (
            [
                with_index(index_request("by-state", "state"), define="state"),
                *(put(f"p{n}", state={"S": ("open", "closed")[n % 2]}) for n in range(50)),
            ],
            "likely",
            50,
        ),
    ],
    "hot-partitions": [
        ([orders(), *(get("a" if n % 2 else f"p{n}") for n in range(600))], "possible", 600),
    ],
    "sequential-keys": [
        ([table("Log", "id:N"), *(log(1_700_000_000 + 60 * n) for n in range(12))], "likely", 12),
        ([table("Log"), *(put_in("Log", f"2026-01-{n + 1:02}T10:00:00Z") for n in range(12))], "likely", 12),
        ([table("Log", "id:N"), *(log(n) for n in range(12))], "possible", 12),
    ],
    "large-items": [
        ([orders(), put("a", data={"S": "x" * 310_000})], "certain", 1),
        ([orders(), put("a", picture={"B": "AAAA" * 25_000})], "likely", 1),
    ],
    "whole-item-reads": [
        ([orders(), *MEDIUM, *times(3, query("pp", **TITLES))], "likely", 3),
        ([orders(), *MEDIUM, *times(5, query("pp"))], "possible", 5),
    ],
    "unused-indexes": [([with_index(INDEX), *MANY], "possible", 30)],
    "overprojected-indexes": [
        ([with_index(INDEX), *MEDIUM, *times(5, TITLES_OF_INDEX)], "likely", 5),
        ([with_index(INDEX), *MEDIUM, *times(5, ("Query", {**ON_INDEX, "Select": "COUNT"}))], "likely", 5),
    ],
    "duplicate-indexes": [
        ([with_index(INDEX, index_request("same", "customer")), put("a")], "certain", 1),
        ([with_index(index_request("by-pk", "pk sk"), define=""), put("a")], "certain", 1),
        ([with_index(INDEX, index_request("sorted", "customer sk")), put("a")], "possible", 1),
        ([with_index(INDEX, index_request("keys", "customer", "KEYS_ONLY")), put("a")], "certain", 1),
    ],
    "index-capacity": [
        (
            [
                with_index({**INDEX, **provisioned(5, 1)}, BillingMode="PROVISIONED", **provisioned(5, 10)),
                *MANY[:8],
            ],
            "likely",
            8,
        ),
    ],
    "missing-conditions": [
        ([orders(), put("a", amount=n(1)), *READ_AND_PUT, get("a"), put("a", amount=n(3))], "likely", 2),
        ([orders(), get("a"), put("a")], "possible", 1),
        ([orders(), put("a", amount=n(1)), get("a"), update("SET amount = :t", t=n(2))], "possible", 1),
        (
            [orders(), put("a", amount=n(1)), get("a"), update("SET #t = :t", names={"#t": "amount"}, t=n(2))],
            "possible",
            1,
        ),
    ],
    "lost-updates": [
        (
            [
                orders(),
                put("a", amount=n(1), name={"S": "x"}),
                get("a"),
                ("client", "two"),
                put("a", amount=n(2), name={"S": "x"}),
                ("client", "one"),
                put("a", amount=n(1), name={"S": "y"}),
            ],
            "certain",
            1,
        ),
        (
            [
                orders(),
                put("a", amount=n(1)),
                get("a"),
                ("client", "two"),
                update("SET amount = amount + :t", t=n(5)),
                ("client", "one"),
                put("a", amount=n(1), name={"S": "y"}),
            ],
            "certain",
            1,
        ),
    ],
    "retried-updates": [
        (
            [orders(), *(retry(attempt, update("ADD hits :n", n=n(1))) for attempt in (1, 2))],
            "certain",
            1,
        ),
        ([orders(), put("a", hits=n(1)), retry(3, update("SET hits = hits + :n", n=n(1)))], "likely", 1),
    ],
    "needless-transactions": [
        ([orders(), *times(2, transact(put("a", amount=n(1))))], "likely", 2),
        ([orders(), ("TransactGetItems", {"TransactItems": [{"Get": get("a")[1]}]})], "likely", 1),
    ],
    "oversized-transactions": [
        ([orders(), transact(*(put(f"p{n}") for n in range(30)))], "likely", 1),
        ([orders(), transact(*(update("ADD hits :n", pk=f"p{n_}", n=n(1)) for n_ in range(25)))], "possible", 1),
    ],
    "missing-transactions": [
        (
            [
                *ACCOUNTS,
                *times(
                    2,
                    update("SET balance = balance - :n", n=n(5)),
                    update("SET balance = balance + :n", pk="b", n=n(5)),
                ),
            ],
            "likely",
            2,
        ),
        (
            [
                *ACCOUNTS,
                *times(2, update("ADD balance :n", n=n(-5)), update("ADD balance :n", pk="b", n=n(5))),
            ],
            "likely",
            2,
        ),
        (
            [
                *ACCOUNTS,
                *(
                    step
                    for n_ in range(3)
                    for step in (put(f"o-{n_}", owner={"S": "a"}), update("ADD sales :n", n=n(1)))
                ),
            ],
            "possible",
            3,
        ),
    ],
    "reserved-words": [
        ([orders(), update("SET status = :s", s={"S": "x"})], "certain", 1),
        ([orders(), scan(FilterExpression="Name = :v", **values(v="x"))], "certain", 1),
    ],
    "ttl-values": [
        ([orders(), TTL, put("a", expires=n(1_700_000_000_000))], "certain", 1),
        ([orders(), TTL, put("a", expires={"S": "2026-01-01"}), put("b", expires=n(3600))], "certain", 2),
        ([orders(), TTL, update("SET expires = :e", e=n(1_700_000_000_000))], "certain", 1),
    ],
    "billing-mode": [
        (
            [orders(BillingMode="PROVISIONED", **provisioned(500, 500)), *BIG, ("wait", 700), *BIG],
            "possible",
            20,
        ),
        ([orders(), *(step for _ in range(650) for step in (put("a", data=TEN), ("wait", 1)))], "possible", 650),
    ],
}
"""Rule -> cases: (steps, confidence of the rule's only finding, count of this finding)."""

QUIET = {
    "scan-as-query": [
        [orders(), *MANY, *times(12, select("WHERE pk = 'p1'"))],
        [orders(), *MANY, *times(12, select("WHERE customer = 'b'"))],
        [orders(), *times(12, select("WHERE customer = 'b'"))],
        [orders(), *MANY, scan()],
        [orders(), *MANY, *[scan(**equal("customer"))] * 2],  # two Scans are too few to suggest an index
        [orders(), *MANY, scan(FilterExpression="sk > :v", ExpressionAttributeValues={":v": {"S": "a"}})],
        [
            orders(),
            *MANY,
            scan(FilterExpression="pk = :v OR sk = :v", ExpressionAttributeValues={":v": {"S": "a"}}),
        ],
        [
            orders(**BY_CUSTOMER),
            *MANY,
            *times(5, query("p1", FilterExpression="customer = :v", values={":v": {"S": "a"}})),
        ],
    ],
    "ignored-pages": [
        [orders(), *LARGE, query("pp", Limit=2)],
        [orders(), put("a"), scan()],
        [orders(), *LARGE, query("pp"), query("pp", ExclusiveStartKey=key("pp", "s3"))],
    ],
    "unneeded-consistent-reads": [
        [orders(), *[get("a")] * 20],
        [orders(), *[get("a", ConsistentRead=True)] * 2],
        [orders(), *[step for _ in range(5) for step in (put("a"), get("a", ConsistentRead=True))]],
        [orders(), *[step for _ in range(5) for step in (put("a"), query("a", ConsistentRead=True))]],
        [orders(), *[("TransactGetItems", {"TransactItems": [{"Get": get("a")[1]}, {"Get": get("b")[1]}]})] * 10],
    ],
    "discarding-filters": [
        [orders(), *MANY, *times(12, select("WHERE pk = 'p1' AND amount > 5"))],
        [orders(), *MANY, *times(12, select())],
        [orders(), *MANY, *times(12, select("WHERE customer > 'a'"))],
        [orders(), *MANY, *times(10, scan(FilterExpression="begins_with(pk, :p)", **values(p="p")))],
        [orders(), *MANY, *times(10, scan())],
    ],
    "n-plus-one": [
        [orders(), *LIST, query("pp"), *(get("pp", f"s{n}") for n in range(4))],
        [orders(), *LIST, *(get("pp", f"s{n}") for n in range(8))],
        [
            orders(),
            *LIST,
            query("pp"),
            ("BatchGetItem", {"RequestItems": {"Orders": {"Keys": [key("pp", f"s{n}") for n in range(8)]}}}),
        ],
        [orders(), *LIST, query("pp"), ("wait", 60), *(get("pp", f"s{n}") for n in range(8))],
    ],
    "joins-by-hand": [
        [
            orders(),
            *LIST,
            *CUSTOMERS,
            *(step for n in range(8) for step in (get(f"c-{n}"), get_from("Customers", f"c-{n}"))),
        ],
        [
            orders(),
            *CUSTOMERS,
            *(put(f"c-{n}", "s1") for n in range(8)),
            *(query(f"c-{n}") for n in range(8)),
            *(get_from("Customers", f"c-{n}") for n in range(8)),
        ],
        [
            orders(),
            *CUSTOMERS,
            *(put(f"p{n}", customer={"S": f"c-{n}"}) for n in range(8)),
            *(scan(**equal("customer", f"c-{n}")) for n in range(8)),
            *(get_from("Customers", f"c-{n}") for n in range(8)),
        ],
        [orders(), *LIST, *CUSTOMERS, query("pp"), *(get_from("Customers", f"c-{n}") for n in range(4))],
        [orders(), *LIST, *CUSTOMERS, *(get_from("Customers", f"c-{n}") for n in range(8))],
        [orders(), *LIST, query("pp"), *(get("pp", f"s{n}") for n in range(8))],
    ],
    "relational-tables": [
        [orders(), *LIST, *CUSTOMERS, query("pp"), *(get_from("Customers", f"c-{n}") for n in range(8))],
        SHOP,
    ],
    "low-cardinality-keys": [
        [orders(), *(put(f"CUSTOMER#{n % 5}", f"s{n}") for n in range(60))],
        [orders(), *(put("OPEN", f"s{n}") for n in range(40))],
        [orders(), *times(60, put("OPEN", "one"))],
        [orders(), *(put(f"state {chr(97 + n % 26)}", f"s{n}") for n in range(60))],
    ],
    "hot-partitions": [
        [orders(), *(get(f"p{n % 20}") for n in range(600))],
        [orders(), *(get(f"p{n % 3}") for n in range(600))],
        [orders(), *(get("a" if n % 2 else f"p{n}") for n in range(400))],
    ],
    "sequential-keys": [
        [table("Log"), *(put_in("Log", f"o-{n:02}") for n in range(12))],
        [table("Log", "id:N"), *(log(n * 7919 % 101) for n in range(12))],
        [orders(), *(put(str(n), "x") for n in range(12))],
        [table("Log", "id:N"), *(log(n) for n in range(9))],
    ],
    "large-items": [
        [orders(), put("a", data={"S": "x" * 60_000})],
        [orders(), put("a", **{f"part{n}": {"S": "x" * 20_000} for n in range(10)})],
    ],
    "whole-item-reads": [
        [orders(), *MEDIUM, *times(2, query("pp", **TITLES))],
        [orders(), *MEDIUM, *times(4, query("pp"))],
        [orders(), *LIST, *times(10, query("pp"))],
        [orders(), *MEDIUM, *times(5, scan(**equal("customer")))],
        [orders(), *MEDIUM, *times(5, query("pp", ProjectionExpression="#d", ExpressionAttributeNames={"#d": "data"}))],
    ],
    "unused-indexes": [
        [with_index(INDEX), *MANY, ("Query", ON_INDEX)],
        [with_index(INDEX), *MANY[:10]],
        [with_index(INDEX), *(put(f"p{n}") for n in range(30))],
    ],
    "overprojected-indexes": [
        [with_index(INDEX), *MEDIUM, *times(9, TITLES_OF_INDEX), ("Query", ON_INDEX)],
        [with_index(index_request("by-customer", "customer", "INCLUDE", ["title"])), *times(9, TITLES_OF_INDEX)],
        [with_index(INDEX), *MANY, *times(9, TITLES_OF_INDEX)],
    ],
    "duplicate-indexes": [
        [with_index(INDEX, index_request("by-sk", "sk")), put("a")],
        [with_index(INDEX, index_request("sorted", "customer sk", "KEYS_ONLY")), put("a")],
        [with_index(index_request("turned", "sk pk"), define=""), put("a")],
    ],
    "index-capacity": [
        [with_index({**INDEX, **provisioned(5, 10)}, BillingMode="PROVISIONED", **provisioned(5, 10)), *MANY[:8]],
        [with_index(INDEX), *MANY],
        [
            with_index({**INDEX, **provisioned(5, 1)}, BillingMode="PROVISIONED", **provisioned(5, 10)),
            *(put(f"p{n}") for n in range(8)),
        ],
    ],
    "missing-conditions": [
        [orders(), put("a", amount=n(1)), get("a"), conditional(put("a", amount=n(2)))],
        [orders(), get("a"), update("ADD amount :n", n=n(1))],
        [orders(), put("a", amount=n(1)), get("a"), update("SET amount = amount + :n", n=n(1))],
        [orders(), put("a", name={"S": "x"}), get("a"), update("SET title = :t", t={"S": "y"})],
        [orders(), get("a"), ("client", "two"), put("a")],
        [orders(), get("a"), ("wait", 60), put("a")],
        [orders(), put("a"), get("a"), ("DeleteItem", {"TableName": "Orders", "Key": key("a")})],
        [orders(), ("place", "test_it.py:1"), get("a"), ("place", "app.py:7"), put("a")],
    ],
    "lost-updates": [
        [orders(), put("a", amount=n(1)), get("a"), put("a", amount=n(2))],
        [
            orders(),
            put("a", amount=n(1)),
            get("a"),
            ("client", "two"),
            put("a", amount=n(2)),
            ("client", "one"),
            get("a"),
            put("a", amount=n(2), name={"S": "y"}),
        ],
        [
            orders(),
            put("a", amount=n(1)),
            get("a"),
            ("client", "two"),
            put("a", amount=n(2)),
            ("client", "one"),
            conditional(put("a", amount=n(1), name={"S": "y"})),
        ],
        [
            orders(),
            put("a", amount=n(1)),
            get("a"),
            ("client", "two"),
            put("a", amount=n(1), name={"S": "y"}),
            ("client", "one"),
            put("a", amount=n(5), name={"S": "y"}),
        ],
    ],
    "retried-updates": [
        [orders(), retry(1, update("ADD hits :n", n=n(1)))],
        [orders(), *(retry(each, update("SET hits = :n", n=n(1))) for each in (1, 2))],
        [orders(), retry(2, update("ADD hits :n", condition="attribute_not_exists(hits)", n=n(1)))],
        [orders(), retry(2, update("ADD tags :t", t={"SS": ["a"]}))],
    ],
    "needless-transactions": [
        [orders(), transact(put("a"), put("b"))],
        [orders(), *times(3, transact(update("ADD hits :n", n=n(1))))],
        [orders(), ("TransactGetItems", {"TransactItems": [{"Get": get(pk)[1]} for pk in "ab"]})],
    ],
    "oversized-transactions": [
        [orders(), transact(*(put(f"p{n}") for n in range(24)))],
        [orders(), ("TransactGetItems", {"TransactItems": [{"Get": get(f"p{n}")[1]} for n in range(30)]})],
    ],
    "missing-transactions": [
        [
            *ACCOUNTS,
            *times(
                3,
                transact(
                    update("SET balance = balance - :n", n=n(5)), update("SET balance = balance + :n", pk="b", n=n(5))
                ),
            ),
        ],
        [*ACCOUNTS, *times(5, update("ADD hits :n", n=n(1)), update("ADD hits :n", pk="b", n=n(1)))],
        [
            *ACCOUNTS,
            *times(
                5,
                update("ADD balance :n", n=n(-5)),
                ("wait", 10),
                update("ADD balance :n", pk="b", n=n(5)),
                ("wait", 10),
            ),
        ],
        [
            *ACCOUNTS,
            *times(5, update("ADD balance :n", n=n(-5)), get("a"), update("ADD balance :n", pk="b", n=n(5)), get("a")),
        ],
    ],
    "reserved-words": [
        [orders(), update("SET #s = :s", names={"#s": "status"}, s={"S": "x"})],
        [orders(), update("SET state_of = :s +", s={"S": "x"})],
        [orders(), scan(FilterExpression="amount = :v", ExpressionAttributeValues={":w": n(1)})],
    ],
    "ttl-values": [
        [orders(), TTL, put("a", expires=n(1_700_000_000)), put("b")],
        [orders(), put("a", expires=n(1_700_000_000_000))],
    ],
    "billing-mode": [
        [orders(), *BIG, *BIG],
        [orders(), *BIG, ("wait", 700), *BIG],
    ],
}
"""Rule -> cases, each a list of steps in which the rule finds nothing."""


def run(advised, rule, steps):
    for step in steps:
        if step[0] == "wait":
            advised.pause(step[1])
        elif step[0] in ("client", "place"):
            setattr(advised, *step)
        else:
            operation, request, *headers = step
            answer = advised(operation, request, **(headers[0] if headers else {}))
            assert "__type" not in answer or rule == "reserved-words", (step, answer)


def cases(table):
    return [
        pytest.param(rule, case, id=f"{rule}-{number}") for rule in table for number, case in enumerate(table[rule])
    ]


@pytest.mark.parametrize(("rule", "case"), cases(FOUND))
def test_a_rule_finds_its_mistake(advised, rule, case):
    steps, confidence, count = case
    run(advised, rule, steps)
    found = [each for each in advised.findings() if each["Rule"] == rule]
    assert [(each["Confidence"], each["Count"]) for each in found] == [(confidence, count)]
    for each in found:
        assert each["Evidence"]
        assert each["Advice"]


@pytest.mark.parametrize(("rule", "case"), cases(QUIET))
def test_a_rule_finds_nothing_in_good_requests(advised, rule, case):
    run(advised, rule, case)
    assert [each for each in advised.findings() if each["Rule"] == rule] == []


@pytest.mark.parametrize("table", [FOUND, QUIET], ids=["found", "quiet"])
def test_every_rule_has_cases(table):
    assert sorted(table) == [rule.name for rule in rules()]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_every_rule_explains_itself(rule):
    assert len(rule.explanation.splitlines()) >= 5
    assert rule.link.startswith("https://docs.aws.amazon.com/")


def test_the_document_lists_all_rules():
    text = (Path(__file__).parents[3] / "docs" / "advice.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    for rule in rules():
        assert f"| `{rule.name}` | {rule.title} |" in rows


def test_scans_by_different_attributes_are_different_findings(advised):
    steps = [orders(), *MANY, scan(**equal("pk", "p1")), *times(3, scan(**equal("customer")))]
    run(advised, "scan-as-query", steps)
    found = [(each["Confidence"], each["Count"]) for each in advised.findings() if each["Rule"] == "scan-as-query"]
    assert found == [("certain", 1), ("likely", 3)]


def test_a_select_without_a_key_costs_as_much_as_the_scan(advised):
    steps = [*times(12, select("WHERE customer = 'zzz'")), *times(12, scan(**equal("customer", "zzz")))]
    run(advised, "scan-as-query", [orders(), *MANY, *steps])
    found = {each["Operation"]: each for each in advised.findings() if each["Rule"] == "scan-as-query"}
    statement, native = found["ExecuteStatement"], found["Scan"]
    assert statement["Units"] == native["Units"] == {"Read": 24.0, "Write": 0.0}
    assert statement["Evidence"] == [
        "12 SELECTs read about 360 items and returned 0 items.",
        "They cost about 24 units.",
    ]
    assert native["Evidence"] == ["12 Scans read 360 items and returned 0 items.", "They cost about 24 units."]


def test_the_text_says_whether_units_are_estimates(advised):
    """Units are estimates here: the answers are so large that the evidence has only some items."""
    items = [put(f"p{n}", data={"S": "x" * 5_000}) for n in range(30)]
    run(advised, "whole-item-reads", [orders(), *items, *times(10, scan())])
    [finding] = [each for each in advised.findings() if each["Rule"] == "whole-item-reads"]
    assert not finding["Exact"]
    assert "read whole items of 4.9 KB" in finding["Evidence"][0]
    assert finding["Evidence"][1].startswith("They cost about 19")
