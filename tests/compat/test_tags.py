"""TagResource, UntagResource, ListTagsOfResource (behaviour 13)."""

import re

import pytest

from tests.support.tables import table_request

ONE = "1 validation error detected: "
TOO_MANY = "Number of Tags exceed the current limit for the provided ResourceArn"


@pytest.fixture
def arn(client, make_table):
    name = make_table("pk:S")
    return client.describe_table(TableName=name)["Table"]["TableArn"]


def tags(client, arn):
    """Return all tags as a dictionary; assert that they are on one page."""
    answer = client.list_tags_of_resource(ResourceArn=arn)
    assert "NextToken" not in answer
    found = {tag["Key"]: tag["Value"] for tag in answer["Tags"]}
    assert len(found) == len(answer["Tags"])
    return found


def pairs(given):
    return [{"Key": key, "Value": value} for key, value in given.items()]


def test_adding_replacing_removing(client, arn):
    assert tags(client, arn) == {}
    client.tag_resource(ResourceArn=arn, Tags=pairs({"a": "1", "b": "2", "empty": ""}))
    client.tag_resource(ResourceArn=arn, Tags=pairs({"b": "3", "ключ": "значение"}))
    assert tags(client, arn) == {"a": "1", "b": "3", "empty": "", "ключ": "значение"}
    client.untag_resource(ResourceArn=arn, TagKeys=["a", "never there"])
    assert tags(client, arn) == {"b": "3", "empty": "", "ключ": "значение"}


def test_at_most_fifty_in_one_page(client, refused, arn):
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


# --- which resources (behaviour 13) ---------------------------------------------------------------

VALIDATION = "ValidationException"
NOT_FOUND = "ResourceNotFoundException"
DENIED = "AccessDeniedException"
INVALID = "One or more parameter values were invalid: "
ONLY = f"{INVALID}Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {{arn}}"
NO_RESOURCE = f"{INVALID}Provided Arn is not a DynamoDB resource arn: {{arn}}"
TABLE_ARN = "Invalid TableArn: Invalid ResourceArn provided as input {arn}"
MISSING = "Requested resource not found: ResourceArn: {arn} not found"
ACCESS = "Access is denied"

# case: (template of an ARN, error code, message). {table} is the ARN of a table; {region},
# {account} and {name} are its parts.
FOREIGN = {
    "no ARN": ("nope", VALIDATION, INVALID + "ARNs must start with 'arn:': nope"),
    "a table's name": ("{name}", VALIDATION, INVALID + "ARNs must start with 'arn:': {name}"),
    "letter case of the scheme": (
        "ARN:aws:dynamodb",
        VALIDATION,
        INVALID + "ARNs must start with 'arn:': ARN:aws:dynamodb",
    ),
    "no such table": ("{table}x", NOT_FOUND, MISSING),
    "letter case of a name": ("arn:aws:dynamodb:{region}:{account}:table/T_MISSING", NOT_FOUND, MISSING),
    "another account": ("arn:aws:dynamodb:{region}:210987654321:table/{name}", DENIED, ACCESS),
    "account 000000000000": ("arn:aws:dynamodb:{region}:000000000000:table/{name}", DENIED, ACCESS),
    "a missing table of another account": ("arn:aws:dynamodb:{region}:210987654321:table/missing", DENIED, ACCESS),
    "a stream of another account": (
        "arn:aws:dynamodb:{region}:210987654321:table/{name}/stream/2026-10-08T12:34:56.789",
        DENIED,
        ACCESS,
    ),
    "another region": ("arn:aws:dynamodb:eu-west-1:{account}:table/{name}", VALIDATION, TABLE_ARN),
    "a stream of another region": (
        "arn:aws:dynamodb:eu-west-1:{account}:table/{name}/stream/2026",
        VALIDATION,
        TABLE_ARN,
    ),
    "a backup": ("{table}/backup/01700000000000-abcdef01", VALIDATION, NO_RESOURCE),
    "an export": ("{table}/export/01700000000000-abcdef01", VALIDATION, NO_RESOURCE),
    "an import": ("{table}/import/01700000000000-abcdef01", VALIDATION, NO_RESOURCE),
    "a global table": ("arn:aws:dynamodb::{account}:global-table/{name}", VALIDATION, NO_RESOURCE),
    "no kind": ("arn:aws:dynamodb:{region}:{account}:{name}", VALIDATION, NO_RESOURCE),
    "too much": ("{table}/index/i/stream/s", VALIDATION, NO_RESOURCE),
    "an index": ("{table}/index/global", VALIDATION, ONLY),
    "another service": ("arn:aws:s3:::bucket", DENIED, ACCESS),
    "another service, in the account": ("arn:aws:sqs:{region}:{account}:{name}", DENIED, ACCESS),
    "no such stream": ("{table}/stream/2000-01-01T00:00:00.000", NOT_FOUND, MISSING),
    "a name of two characters": ("arn:aws:dynamodb:{region}:{account}:table/ab", VALIDATION, TABLE_ARN),
    "no name": ("arn:aws:dynamodb:{region}:{account}:table/", VALIDATION, TABLE_ARN),
    "an index of a name of two characters": (
        "arn:aws:dynamodb:{region}:{account}:table/ab/index/i",
        VALIDATION,
        TABLE_ARN,
    ),
    "no ARN form": ("arn:aws:dynamodb", VALIDATION, TABLE_ARN),
}
CALLS = {
    "tag_resource": {"Tags": pairs({"a": "b"})},
    "untag_resource": {"TagKeys": ["a"]},
    "list_tags_of_resource": {},
}
NO_TAGS = {"tag_resource": {"Tags": []}, "untag_resource": {"TagKeys": []}}


@pytest.fixture(scope="module")
def parts(client, shared_table):
    """Return the values for the templates of FOREIGN: a table's ARN and the parts of this ARN."""
    table = client.describe_table(TableName=shared_table)["Table"]["TableArn"]
    _, _, _, region, account, _ = table.split(":")
    return {"table": table, "region": region, "account": account, "name": shared_table}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", FOREIGN)
def test_arns_of_other_resources(refused, parts, fault, call):
    template, code, message = FOREIGN[fault]
    arn = template.format(**parts)
    assert refused(call, ResourceArn=arn, **CALLS[call]) == (code, message.format(arn=arn, **parts))


@pytest.mark.parametrize("call", NO_TAGS)
@pytest.mark.parametrize("fault", [fault for fault, (_, code, _) in FOREIGN.items() if code != NOT_FOUND])
def test_the_arn_is_checked_before_an_empty_list(refused, parts, fault, call):
    """A wrong ARN is reported before an empty list of tags or tag keys (behaviour 13)."""
    template, code, message = FOREIGN[fault]
    arn = template.format(**parts)
    assert refused(call, ResourceArn=arn, **NO_TAGS[call]) == (code, message.format(arn=arn, **parts))


STREAM = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}


def test_a_stream_has_tags_of_its_own(client, make_table, refused):
    """A table, its stream and its next stream have separate tags (behaviour 13).

    A disabled stream keeps its tags while it can be read.
    """
    name = make_table("pk:S", StreamSpecification=STREAM, Tags=pairs({"of": "the table"}))
    described = client.describe_table(TableName=name)["Table"]
    table, stream = described["TableArn"], described["LatestStreamArn"]
    assert tags(client, stream) == {}
    client.tag_resource(ResourceArn=stream, Tags=pairs({"of": "the stream", "a": "1"}))
    client.untag_resource(ResourceArn=stream, TagKeys=["a", "of nobody"])
    client.tag_resource(ResourceArn=table, Tags=pairs({"b": "2"}))
    assert tags(client, table) == {"of": "the table", "b": "2"}
    assert tags(client, stream) == {"of": "the stream"}
    many = pairs({f"key{number}": "" for number in range(50)})
    assert refused("tag_resource", ResourceArn=stream, Tags=many) == (VALIDATION, TOO_MANY)
    client.update_table(TableName=name, StreamSpecification={"StreamEnabled": False})
    assert tags(client, stream) == {"of": "the stream"}
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    client.update_table(TableName=name, StreamSpecification=STREAM)
    newer = client.describe_table(TableName=name)["Table"]["LatestStreamArn"]
    assert newer != stream
    assert tags(client, newer) == {}


def sized(size):
    """Return 41 tags that have `size` bytes together: 40 of 250 bytes, and one with the rest."""
    each = {f"k{number:02}" + "k" * 107: "v" * 140 for number in range(40)}
    rest = size - 40 * 250
    return each | {"r": "é" * ((rest - 1) // 2) + "v" * ((rest - 1) % 2)}


def test_the_size_of_all_tags(client, refused, make_table):
    """TagResource limits the size of old and new tags together; CreateTable limits it, too.

    See behaviour 13. How AWS counts is not known, so the exact limit is that of this server.
    """
    arn = client.describe_table(TableName=make_table("pk:S"))["Table"]["TableArn"]
    message = "Tag set size {} bytes is above max size limit of 10240 bytes"
    given = {f"k{number}" + "k" * 107: "v" * 250 for number in range(40)}
    code, text = refused("tag_resource", ResourceArn=arn, Tags=pairs(given))
    assert code == VALIDATION
    assert re.fullmatch(message.format(r"\d+"), text)
    client.tag_resource(ResourceArn=arn, Tags=pairs(sized(10_240)))
    assert refused("tag_resource", ResourceArn=arn, Tags=pairs({"": "x"}))[0] == VALIDATION
    assert refused("tag_resource", ResourceArn=arn, Tags=pairs({"n": ""})) == (VALIDATION, message.format(10_241))
    replaced = {"r": "v" * 239, "k00" + "k" * 107: "v" * 139}
    client.tag_resource(ResourceArn=arn, Tags=pairs(replaced))
    assert tags(client, arn) == sized(10_240) | replaced
    request = table_request("pk:S", Tags=pairs(sized(10_241)))
    assert refused("create_table", **request) == (VALIDATION, message.format(10_241))
