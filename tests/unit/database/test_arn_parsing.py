"""The table and account that an ARN names (behaviour 3.4 and 13).

Callers have tables of their own, or share them in a shared database.
"""

import pytest

from emulator.database.definitions import arns
from emulator.database.definitions.arns import Home
from emulator.errors import ApiError

OWN = Home("123456789012", "us-east-1", shared=False)
CHINA = Home("123456789012", "cn-north-1", shared=False)
GOV = Home("123456789012", "us-gov-west-1", shared=False)
SHARED = Home("123456789012", "us-east-1", shared=True)

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/tab"
IN_CHINA = "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/tab"

FINDS = "finds"
PARTITION = "1 validation error detected: Invalid AWS partition in '{}'"
REGION = "1 validation error detected: Invalid AWS region in '{}'"
KIND = "1 validation error detected: Invalid resource type in '{}'"
TABLE_ARN = "Invalid TableArn: Invalid ResourceArn provided as input {}"
DENIED = "Access is denied"


def answer(judge, text, home):
    try:
        found = judge(text, home)
    except ApiError as error:
        return error.message
    assert (found if isinstance(found, str) else found.table) == "tab"
    return FINDS


def control_plane(text, home):
    return arns.table_name(text, home, data_plane=False)


@pytest.mark.parametrize(
    ("text", "home", "as_table_name", "as_resource"),
    [
        (TABLE, OWN, FINDS, FINDS),
        (TABLE, SHARED, FINDS, FINDS),
        (
            "arn:aws:dynamodb:eu-west-1:210987654321:table/tab",
            SHARED,
            FINDS,
            FINDS,
        ),  # behaviour 13: in a shared database, every account is the caller's
        ("arn:aws:dynamodb:eu-west-1:000000000000:table/tab", SHARED, FINDS, FINDS),
        ("arn:aws:dynamodb:eu-west-1:210987654321:table/tab", OWN, REGION, DENIED),
        (IN_CHINA, SHARED, FINDS, FINDS),
        (IN_CHINA, CHINA, FINDS, FINDS),
        (IN_CHINA.replace("aws-cn", "aws"), CHINA, FINDS, FINDS),  # the emulator's ARNs all begin with arn:aws
        (IN_CHINA, OWN, PARTITION, TABLE_ARN),
        (IN_CHINA, GOV, PARTITION, TABLE_ARN),
        (TABLE.replace("arn:aws:", "arn:aws-cn:"), OWN, PARTITION, TABLE_ARN),
        (TABLE.replace("arn:aws:", "arn:aws-cn:"), SHARED, PARTITION, TABLE_ARN),
        (TABLE.replace("arn:aws:", "arn:aws-us-gov:"), OWN, PARTITION, TABLE_ARN),
        (TABLE.replace("arn:aws:", "arn::"), OWN, PARTITION, TABLE_ARN),
        ("arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/tab", GOV, FINDS, FINDS),
        (TABLE.replace("123456789012", ""), OWN, DENIED, DENIED),
        (TABLE.replace("123456789012", "12345"), OWN, DENIED, DENIED),
        (TABLE.replace("us-east-1", "us-east-2"), OWN, REGION, TABLE_ARN),
        (TABLE + "/stream/2026-10-08T12:34:56.789", OWN, KIND, FINDS),
        (TABLE + "/stream/2026-10-08T12:34:56.789", SHARED, KIND, FINDS),
    ],
)
def test_which_callers_may_use_an_arn(text, home, as_table_name, as_resource):
    assert answer(control_plane, text, home) == as_table_name.format(text)
    assert answer(arns.tagged, text, home) == as_resource.format(text)


def test_the_data_plane_names_the_caller():
    """The whole text of the service is not known, only what it names (behaviour 3.4)."""
    foreign = TABLE.replace("123456789012", "210987654321")
    with pytest.raises(ApiError) as caught:
        arns.table_name(foreign, OWN, data_plane=True)
    assert caught.value.code == "AccessDeniedException"
    assert "arn:aws:iam::123456789012:" in caught.value.message
    assert foreign in caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TABLE, ("table", "tab", "")),
        (TABLE + "/index/i", ("index", "tab", "i")),
        (TABLE + "/stream/2026-10-08T12:34:56.789", ("stream", "tab", "2026-10-08T12:34:56.789")),
        (TABLE + "/", ("", "", "")),
        (TABLE + "/stream/", ("", "", "")),
        (TABLE + "/stream", ("", "", "")),
        (TABLE + "/backup/b", ("", "", "")),
        ("arn:aws:sqs:us-east-1:123456789012:table/tab", ("", "", "")),
        ("arn:aws:s3:::bucket", ("", "", "")),
    ],
)
def test_what_an_arn_names(text, expected):
    found = arns.parsed(text)
    assert found is not None
    assert (found.kind, found.table, found.name) == expected


@pytest.mark.parametrize("text", ["", "tab", "arn:aws:dynamodb", "ARN" + TABLE[3:], " " + TABLE])
def test_what_is_no_arn(text):
    assert arns.parsed(text) is None


def test_moving_to_another_account():
    assert arns.moved(TABLE, "123456789012", "210987654321") == TABLE.replace("123456789012", "210987654321")
    assert arns.moved(TABLE, "000000000000", "210987654321") == TABLE
    assert arns.moved("no ARN", "000000000000", "210987654321") == "no ARN"
