"""Each rule finds its mistake, and nothing in requests that are like it but good.

A case is a list of requests. A request is (operation, request), with headers as a third part if it
has any. Two other steps: ("wait", seconds) and ("client", name).
"""

import pytest

from emulator.advisor.registry import rules
from tests.support.tables import index_request, table_request

S = "S"


def orders(**more):
    return "CreateTable", {**table_request("pk:S sk:S"), "TableName": "Orders", **more}


def key(pk, sk="x"):
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def put(pk, sk="x", table="Orders", **attributes):
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


def equal(name, value="a"):
    return {"FilterExpression": f"{name} = :v", "ExpressionAttributeValues": {":v": {"S": value}}}


BY_CUSTOMER = {
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "customer")],
    "GlobalSecondaryIndexes": [index_request("by-customer", "customer")],
}
MANY = [put(f"p{n}", customer={"S": "a" if n < 3 else "b"}) for n in range(30)]
LARGE = [put("p", f"s{n}", data={"S": "x" * 300_000}) for n in range(5)]

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
    ],
    "ignored-pages": [
        ([orders(), *LARGE, query("p")], "likely", 1),
        ([orders(), *LARGE, scan(), scan()], "certain", 2),
        ([orders(), *LARGE, *[("ExecuteStatement", {"Statement": "SELECT * FROM Orders"})] * 2], "certain", 2),
    ],
    "unneeded-consistent-reads": [
        ([orders(), put("a"), ("wait", 6), *[get("a", ConsistentRead=True)] * 3], "possible", 3),
        ([orders(), *[get("a", ConsistentRead=True)] * 10], "likely", 10),
        ([orders(), put("b"), *[query("a", ConsistentRead=True)] * 3], "possible", 3),
    ],
}
"""Rule -> cases: the requests, the confidence of its one finding, and its count."""

QUIET = {
    "scan-as-query": [
        [orders(), *MANY, scan()],
        [orders(), *MANY, *[scan(**equal("customer"))] * 2],  # too few to need an index
        [orders(), *MANY, scan(FilterExpression="sk > :v", ExpressionAttributeValues={":v": {"S": "a"}})],
        [
            orders(),
            *MANY,
            scan(FilterExpression="pk = :v OR sk = :v", ExpressionAttributeValues={":v": {"S": "a"}}),
        ],
        [orders(**BY_CUSTOMER), *MANY, *[query("p1", **equal("customer"), values={":v": {"S": "a"}})] * 5],
    ],
    "ignored-pages": [
        [orders(), *LARGE, query("p", Limit=2)],
        [orders(), put("a"), scan()],
        [orders(), *LARGE, query("p"), query("p", ExclusiveStartKey=key("p", "s3"))],
    ],
    "unneeded-consistent-reads": [
        [orders(), *[get("a")] * 20],
        [orders(), *[get("a", ConsistentRead=True)] * 2],
        [orders(), *[step for _ in range(5) for step in (put("a"), get("a", ConsistentRead=True))]],
        [orders(), *[step for _ in range(5) for step in (put("a"), query("a", ConsistentRead=True))]],
        [orders(), *[("TransactGetItems", {"TransactItems": [{"Get": get("a")[1]}, {"Get": get("b")[1]}]})] * 10],
    ],
}
"""Rule -> requests in which it finds nothing."""


def run(advised, steps):
    for step in steps:
        if step[0] == "wait":
            advised.pause(step[1])
        elif step[0] == "client":
            advised.client = step[1]
        else:
            operation, request, *headers = step
            advised(operation, request, **(headers[0] if headers else {}))


def cases(table):
    return [
        pytest.param(rule, case, id=f"{rule}-{number}") for rule in table for number, case in enumerate(table[rule])
    ]


@pytest.mark.parametrize(("rule", "case"), cases(FOUND))
def test_a_rule_finds_its_mistake(advised, rule, case):
    steps, confidence, count = case
    run(advised, steps)
    found = [each for each in advised.findings() if each["Rule"] == rule]
    expected = [] if confidence is None else [(confidence, count)]
    assert [(each["Confidence"], each["Count"]) for each in found] == expected
    for each in found:
        assert each["Evidence"]
        assert each["Advice"]
        assert each["TableName"] in (
            "Orders",
            *(step[1].get("TableName") for step in steps if step[0] == "CreateTable"),
        )


@pytest.mark.parametrize(("rule", "case"), cases(QUIET))
def test_a_rule_finds_nothing_in_good_requests(advised, rule, case):
    run(advised, case)
    assert [each for each in advised.findings() if each["Rule"] == rule] == []


@pytest.mark.parametrize("table", [FOUND, QUIET], ids=["found", "quiet"])
def test_every_rule_has_cases(table):
    assert sorted(table) == [rule.name for rule in rules()]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_every_rule_explains_itself(rule):
    assert len(rule.explanation.splitlines()) >= 5
    assert rule.link.startswith("https://docs.aws.amazon.com/")
