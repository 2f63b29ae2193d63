"""TagResource, UntagResource, ListTagsOfResource (service-behaviour.md 13)."""

import re

import pytest

ONE = "1 validation error detected: "
TOO_MANY = "Number of Tags exceed the current limit for the provided ResourceArn"


@pytest.fixture
def arn(client, make_table):
    name = make_table("pk:S")
    return client.describe_table(TableName=name)["Table"]["TableArn"]


def tags(client, arn):
    """Return all tags, page by page, as a dictionary; each page has at most ten."""
    found, token = {}, {}
    while True:
        page = client.list_tags_of_resource(ResourceArn=arn, **token)
        assert len(page["Tags"]) <= 10
        assert found.keys().isdisjoint(tag["Key"] for tag in page["Tags"])
        found |= {tag["Key"]: tag["Value"] for tag in page["Tags"]}
        if "NextToken" not in page:
            return found
        token = {"NextToken": page["NextToken"]}


def pairs(given):
    return [{"Key": key, "Value": value} for key, value in given.items()]


def test_adding_replacing_removing(client, arn):
    assert tags(client, arn) == {}
    client.tag_resource(ResourceArn=arn, Tags=pairs({"a": "1", "b": "2", "empty": ""}))
    client.tag_resource(ResourceArn=arn, Tags=pairs({"b": "3", "ключ": "значение"}))
    assert tags(client, arn) == {"a": "1", "b": "3", "empty": "", "ключ": "значение"}
    client.untag_resource(ResourceArn=arn, TagKeys=["a", "never there"])
    assert tags(client, arn) == {"b": "3", "empty": "", "ключ": "значение"}


def test_pages_of_ten_and_at_most_fifty(client, refused, arn):
    many = {f"key{number}": str(number) for number in range(50)}
    for start in range(0, 50, 25):
        part = dict(list(many.items())[start : start + 25])
        client.tag_resource(ResourceArn=arn, Tags=pairs(part))
    assert tags(client, arn) == many
    for more in ({"one more": ""}, {"key0": "new", "one more": ""}):
        assert refused("tag_resource", ResourceArn=arn, Tags=pairs(more)) == ("ValidationException", TOO_MANY)
    client.tag_resource(ResourceArn=arn, Tags=pairs({"key0": "replaced"}))
    assert tags(client, arn) == many | {"key0": "replaced"}


def test_the_longest_tag_and_unusual_characters(client, arn):
    given = {"k" * 128: "v" * 256, "a+b-c=d.e_f:g/h@i": "表\N{NO-BREAK SPACE}é 5", "not aws:": "aws:"}
    client.tag_resource(ResourceArn=arn, Tags=pairs(given))
    assert tags(client, arn) == given


def test_a_bad_token_means_the_first_page(client, arn):
    client.tag_resource(ResourceArn=arn, Tags=pairs({"a": "1"}))
    for token in ("nonsense", "/w=="):
        assert client.list_tags_of_resource(ResourceArn=arn, NextToken=token)["Tags"] == pairs({"a": "1"})


@pytest.mark.parametrize(
    ("call", "request_", "message"),
    [
        ("tag_resource", {"Tags": []}, "Atleast one Tag needs to be provided as Input."),
        ("untag_resource", {"TagKeys": []}, "Atleast one Tag Key needs to be provided as Input."),
        ("tag_resource", {}, ONE + "Value null at 'tags' failed to satisfy constraint: Member must not be null"),
        ("untag_resource", {}, ONE + "Value null at 'tagKeys' failed to satisfy constraint: Member must not be null"),
        *(
            ("tag_resource", {"Tags": [{"Key": "good", "Value": "x"}, tag]}, message)
            for tag, message in (
                ({"Key": "", "Value": "x"}, "The Tag Key provided is invalid, Key: "),
                ({"Key": "k" * 129, "Value": "x"}, "The Tag Key provided is invalid, Key: " + "k" * 129),
                ({"Value": "x"}, "The Tag Key provided is invalid, Key: null"),
                ({"Key": "a#b", "Value": "x"}, "The Tag Key provided is invalid, Key: a#b"),
                ({"Key": "k", "Value": "v" * 257}, "The Tag Value provided is invalid, Value: " + "v" * 257),
                ({"Key": "k"}, "The Tag Value provided is invalid, Value: null"),
                ({"Key": "k", "Value": "100%"}, "The Tag Value provided is invalid, Value: 100%"),
                ({"Key": "k", "Value": "\N{KEY}"}, "The Tag Value provided is invalid, Value: \N{KEY}"),
                ({"Key": "aws:x", "Value": "x"}, "Tag Key cannot be prefixed with aws:, Key: aws:x"),
                ({"Key": "AWs:x", "Value": "x"}, "Tag Key cannot be prefixed with aws:, Key: AWs:x"),
                ({"Key": "good", "Value": "y"}, "Duplicate Tag Keys provided as input: Duplicate Tag Key found good"),
            )
        ),
        ("tag_resource", {"Tags": pairs({f"k{number}": "" for number in range(51)})}, TOO_MANY),
        ("untag_resource", {"TagKeys": [f"k{number}" for number in range(51)]}, TOO_MANY),
        ("untag_resource", {"TagKeys": ["a", "k" * 129]}, "The Tag Key provided is invalid, Key: " + "k" * 129),
        ("untag_resource", {"TagKeys": [""]}, "The Tag Key provided is invalid, Key: "),
        ("untag_resource", {"TagKeys": ["aws:x"]}, "Tag Key cannot be prefixed with aws:, Key: aws:x"),
    ],
)
def test_refuses_tags(client, refused, arn, call, request_, message):
    assert refused(call, ResourceArn=arn, **request_) == ("ValidationException", message)
    assert tags(client, arn) == {}


def test_a_resource_is_required(refused):
    assert refused("list_tags_of_resource") == (
        "ValidationException",
        ONE + "Value null at 'resourceArn' failed to satisfy constraint: Member must not be null",
    )


@pytest.mark.parametrize(
    ("call", "request_"),
    [
        ("tag_resource", {"Tags": pairs({"a": "b"})}),
        ("untag_resource", {"TagKeys": ["a"]}),
        ("list_tags_of_resource", {}),
    ],
)
def test_arns_of_other_things(refused, arn, call, request_):
    unknown = arn + "x"
    assert refused(call, ResourceArn=unknown, **request_) == (
        "ResourceNotFoundException",
        f"Requested resource not found: ResourcArn: {unknown} not found",
    )
    index = arn + "/index/global"
    assert refused(call, ResourceArn=index, **request_) == (
        "ValidationException",
        (
            "One or more parameter values were invalid: Invalid resource arn provided, only table or stream is accepted. "
            f"Provided resource arn: {index}"
        ),
    )
    queue = arn.replace(":dynamodb:", ":sqs:").replace(":table/", ":")
    assert refused(call, ResourceArn=queue, **request_) == (
        "ValidationException",
        f"Invalid TableArn: Invalid ResourceArn provided as input {queue}",
    )
    code, message = refused(call, ResourceArn="just_a_name", **request_)
    assert code == "ValidationException"
    assert re.search("Invalid TableArn|arn:", message)
