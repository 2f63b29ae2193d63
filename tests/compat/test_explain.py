"""The control `explain` over HTTP, on each kind of server: its query string and its body."""

from urllib.parse import urlencode


def test_a_query_string_and_a_body_are_explained_alike(client, declare, make_table):
    table = make_table("pk:S sk:N")
    for number in range(4):
        client.put_item(TableName=table, Item={"pk": {"S": "a b&c"}, "sk": {"N": str(number)}})
    statement = f'SELECT * FROM "{table}" WHERE pk = ? AND sk > 1'
    query = {"Statement": statement, "Parameters": '[{"S": "a b&c"}]', "ConsistentRead": "true"}
    status, found = declare(f"explain?{urlencode(query)}", b"", "GET")
    assert (status, found["Operation"], found["TableName"]) == (200, "Query", table)
    assert found["Reads"] == [{"KeyCondition": "pk = 'a b&c' AND sk > 1"}]
    assert (found["Cost"]["Items"], found["Cost"]["ReadUnits"]) == (2, 1.0)
    body = {"Statement": statement, "Parameters": [{"S": "a b&c"}], "ConsistentRead": True}
    assert declare("explain", body) == (200, found)


def test_a_query_string_that_is_wrong(declare):
    for query, text in (
        ("", "the member Statement is missing or of a wrong type"),
        ("?Statement=SELECT", "Statement wasn't well formed, can't be processed: Unexpected term"),
        ("?Statement=SELECT&Limit=5", "there is no member Limit; there are: Statement, Parameters"),
    ):
        status, answer = declare(f"explain{query}", b"", "GET")
        assert (status, answer["message"][: len(text)]) == (400, text)
