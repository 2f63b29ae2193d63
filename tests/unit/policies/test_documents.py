"""Documents of resource policies: refused documents, and the canonical form (control-plane 11)."""

import json

import pytest

from emulator.errors import ApiError
from emulator.policies import canonical
from emulator.policies.document import root_of
from emulator.policies.parsing import parsed

ACCOUNT = "123456789012"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t"
INVALID = "One or more parameter values were invalid: "
DOCUMENT = INVALID + "Invalid policy document: "
UNBOUNDED = (
    "Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure "
    "least-privilege form of access"
)


def statement(**elements):
    """Return a valid statement with some elements replaced. None removes an element."""
    whole = {
        "Effect": "Allow",
        "Principal": {"AWS": ACCOUNT},
        "Action": "dynamodb:GetItem",
        "Resource": TABLE,
        **elements,
    }
    return {name: value for name, value in whole.items() if value is not None}


def document(*statements, version="2012-10-17", **elements):
    return json.dumps({"Version": version, "Statement": list(statements) or [statement()], **elements})


REFUSED = {
    "no text": ("", DOCUMENT + "This policy contains invalid Json"),
    "no JSON": ("{", DOCUMENT + "This policy contains invalid Json"),
    "a list": ("[]", DOCUMENT + "This policy contains invalid Json"),
    "null": ("null", DOCUMENT + "This text appears not to be a policy"),
    "a number": ("1", DOCUMENT + "This text appears not to be a policy"),
    "no statement": ("{}", DOCUMENT + "Syntax error at position (1,3)"),
    "no statement, on two lines": ('{"Version":"2012-10-17"\n }', DOCUMENT + "Syntax error at position (2,3)"),
    "an unknown element": ('{"Statements":[] , "a":1}', DOCUMENT + "Syntax error at position (1,17)"),
    "an unknown version": ('{"Version":"2020","Statement":[]}', DOCUMENT + "Syntax error at position (1,18)"),
    "an id that is no text": ('{"Id":1,"Statement":[]}', DOCUMENT + "Syntax error at position (1,8)"),
    "an empty list": ('{"Statement":[]}', DOCUMENT + "Could not parse the policy: Statement is empty!"),
    "a statement that is no object": ('{"Statement":[{}, 1]}', DOCUMENT + "Missing required field Effect"),
    "a text in place of statements": ('{"Statement":"a"}', DOCUMENT + "Syntax error at position (1,17)"),
    "no effect": (document(statement(Effect=None)), DOCUMENT + "Missing required field Effect"),
    "no principal": (document(statement(Principal=None)), DOCUMENT + "Missing required field Principal"),
    "no action": (document(statement(Action=None)), DOCUMENT + "Missing required field Action"),
    "no resource": (document(statement(Resource=None)), DOCUMENT + "Missing required field Resource"),
    "a principal that is an account": (
        '{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*", "Principal":"123456789012"}]}',
        DOCUMENT + "Syntax error at position (1,87)",
    ),
    "a deep condition": (
        '{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Principal":"*","Condition":'
        + "[" * 900
        + "]" * 900
        + "}}",
        DOCUMENT + "Syntax error at position (1,1887)",
    ),
    "a long number": ('{"Statement":' + "1" * 300 + "}", DOCUMENT + "Syntax error at position (1,314)"),
    "an id twice": (
        document(statement(Sid="a"), statement(Sid="a")),
        DOCUMENT + "The Statement Ids in the policy are not unique",
    ),
    "an action of streams": (
        document(statement(Action=["dynamodb:GetRecords", "dynamodb:GetItem"])),
        DOCUMENT + 'The following action names are invalid: "dynamodb:GetRecords"',
    ),
    "an action of another service": (
        document(statement(Action="s3:GetObject"), statement(NotAction="dynamodb:x*", Action=None)),
        DOCUMENT + 'The following action names are invalid: "s3:GetObject", "dynamodb:x*"',
    ),
    "another kind of resource": (
        document(statement(Resource=f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:t")),
        DOCUMENT + f'The relative-id "t" is invalid for ARN "arn:aws:dynamodb:us-east-1:{ACCOUNT}:t"',
    ),
    "a resource without ARN": (
        document(statement(Resource="t")),
        DOCUMENT + 'Resource t must be in ARN format or "*".',
    ),
    "an unknown principal": (
        document(statement(Principal={"AWS": "somebody"})),
        INVALID + "Invalid principal in policy document.",
    ),
    "access for anyone": (document(statement(Principal="*")), UNBOUNDED),
    "access for any account": (document(statement(), statement(Principal={"AWS": "*"})), UNBOUNDED),
    "access for all but one": (document(statement(Principal=None, NotPrincipal={"AWS": ACCOUNT})), UNBOUNDED),
    "access for anyone on a date": (
        document(statement(Principal="*", Condition={"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}})),
        UNBOUNDED,
    ),
    "too much white space": (" " * 20_480 + "{}", INVALID + "Maximum policy size of 20480 bytes exceeded"),
    "too many bytes of two each": ("é" * 10_241, INVALID + "Maximum policy size of 20480 bytes exceeded"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_refused_documents(fault):
    text, message = REFUSED[fault]
    with pytest.raises(ApiError) as caught:
        parsed(text, "table")
    assert (caught.value.code, caught.value.message) == ("ValidationException", message)


ACCEPTED = {
    "another table": (statement(Resource=TABLE + "2"), "table"),
    "any resource": (statement(Resource="*"), "table"),
    "an index": (statement(Resource=[TABLE, TABLE + "/index/i"]), "table"),
    "anyone denied": (statement(Effect="Deny", Principal="*"), "table"),
    "anyone of an organization": (
        statement(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        "table",
    ),
    "wildcards in actions": (statement(Action=["dynamodb:*", "dynamodb:Get?tem", "*", "DynamoDB:putitem"]), "table"),
    "a service": (statement(Principal={"Service": "replication.dynamodb.amazonaws.com"}), "table"),
    "a role and a user": (
        statement(Principal={"AWS": [f"arn:aws:iam::{ACCOUNT}:role/r", f"arn:aws:iam::{ACCOUNT}:user/u"]}),
        "table",
    ),
    "an action of streams": (statement(Action="dynamodb:GetRecords"), "stream"),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted_documents(case):
    element, kind = ACCEPTED[case]
    assert len(parsed(document(element), kind).statements) == 1


CANONICAL = {
    "order of elements, white space": (
        (
            f'{{ "Statement" : [ {{"Resource": "{TABLE}", "Action": "dynamodb:GetItem", "Sid": "s", "Effect": "Allow",'
            f' "Principal": {{"AWS": "{root_of(ACCOUNT)}"}}, "Condition": {{"Bool": {{"aws:SecureTransport": true}}}} }} ],'
            ' "Version": "2012-10-17" }'
        ),
        (
            f'{{"Version":"2012-10-17","Statement":[{{"Sid":"s","Effect":"Allow","Principal":{{"AWS":"{root_of(ACCOUNT)}"}},'
            f'"Action":"dynamodb:GetItem","Resource":"{TABLE}","Condition":{{"Bool":{{"aws:SecureTransport":true}}}}}}]}}'
        ),
    ),
    "account": (document(statement()), document(statement(Principal={"AWS": root_of(ACCOUNT)}))),
    "the same principal twice": (
        document(statement(Principal={"AWS": [ACCOUNT, root_of(ACCOUNT)]})),
        document(statement(Principal={"AWS": root_of(ACCOUNT)})),
    ),
    "lists of one": (
        document(statement(Action=["dynamodb:GetItem"], Resource=[TABLE])),
        document(statement(Principal={"AWS": root_of(ACCOUNT)})),
    ),
    "longer lists": (
        document(statement(Action=["dynamodb:PutItem", "dynamodb:GetItem"])),
        document(statement(Action=["dynamodb:PutItem", "dynamodb:GetItem"], Principal={"AWS": root_of(ACCOUNT)})),
    ),
    "repeated actions": (
        document(statement(Action=["dynamodb:GetItem", "dynamodb:GetItem"])),
        document(statement(Principal={"AWS": root_of(ACCOUNT)})),
    ),
    "small letters of the effect": (
        document(statement(Effect="allow")),
        document(statement(Principal={"AWS": root_of(ACCOUNT)})),
    ),
    "one statement without a list": (
        json.dumps({"Version": "2012-10-17", "Statement": statement()}),
        document(statement(Principal={"AWS": root_of(ACCOUNT)})),
    ),
    "no version": (
        json.dumps({"Statement": statement(), "Id": "i"}),
        json.dumps({"Version": "2008-10-17", "Id": "i", "Statement": [statement(Principal={"AWS": root_of(ACCOUNT)})]}),
    ),
    "exceptions": (
        document(statement(Effect="Deny", Principal=None, NotPrincipal="*", Action=None, NotAction="dynamodb:GetItem")),
        (
            '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotPrincipal":"*","NotAction":"dynamodb:GetItem",'
            f'"Resource":"{TABLE}"}}]}}'
        ),
    ),
}


@pytest.mark.parametrize("case", CANONICAL)
def test_canonical_form(case):
    """Texts are compared as JSON, so `document` may give the elements of an expected text in any
    order.
    """
    given, expected = CANONICAL[case]
    found = canonical.shown(canonical.text_of(parsed(given, "table")))
    assert json.loads(found) == json.loads(expected)
    assert " " not in found
    assert next(iter(json.loads(found))) == "Version"
    order = ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "Condition"]
    names = [*json.loads(found)["Statement"][0]]
    assert names == [name for name in order if name in names]


def test_a_document_without_version_differs_from_the_shown_one():
    text = canonical.text_of(parsed(json.dumps({"Statement": statement()}), "table"))
    assert canonical.text_of(parsed(canonical.shown(text), "table")) != text


@pytest.mark.parametrize(
    ("elements", "denied"),
    [
        ({}, True),
        ({"Effect": "Allow"}, False),
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/u"}}, False),
        ({"Principal": {"AWS": "210987654321"}}, False),
        ({"Principal": {"Service": "s.amazonaws.com"}}, False),
        ({"Principal": None, "NotPrincipal": {"AWS": ACCOUNT}}, False),
        ({"Principal": None, "NotPrincipal": {"AWS": "210987654321"}}, True),
        ({"Action": "dynamodb:Get*"}, False),
        ({"Action": ["dynamodb:GetItem", "dynamodb:putresource?olicy"]}, True),
        ({"Action": None, "NotAction": "dynamodb:PutResourcePolicy"}, False),
        ({"Action": None, "NotAction": "dynamodb:GetItem"}, True),
        ({"Resource": TABLE + "2"}, False),
        ({"Resource": TABLE[:-1] + "*"}, True),
        ({"Resource": None, "NotResource": TABLE}, False),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}}}, False),
    ],
)
def test_what_a_policy_denies(elements, denied):
    policy = parsed(document(statement(**{"Effect": "Deny", "Action": "dynamodb:*", **elements})), "table")
    assert policy.denies("dynamodb:PutResourcePolicy", TABLE, root_of(ACCOUNT), ACCOUNT) is denied
