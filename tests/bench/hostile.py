"""The most expensive requests that a client can send: long lists, long names, large sets.

The server must refuse many of them. The others are the most expensive valid requests. `calm.py`
measures the effect of all on other clients. Unit tests check the answers to smaller requests.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import orjson

BODY: Final = 16 << 20  # bytes: the largest body that the server reads


class Hostile(NamedTuple):
    """A request: the operation, the body as sent, and its Content-Encoding."""

    operation: str
    body: bytes
    coding: str = ""


def filled(before: bytes, part: bytes, after: bytes, size: int = BODY) -> bytes:
    """Return a body of about `size` bytes: `before`, then `part` many times, then `after`."""
    number = (size - len(before) - len(after)) // (len(part) + 1)
    return before + b",".join([part] * number) + after


def numbered(before: bytes, part: bytes, after: bytes, number: int) -> bytes:
    """Return a body with `number` copies of `part`; %d in each copy becomes its position."""
    return before + b",".join([part % position for position in range(number)]) + after


_KEY: Final = b'{"pk":{"S":"%d"}}'
_TABLE: Final = b'"TableName":"tab"'

REQUESTS: Final[dict[str, Callable[[], Hostile]]] = {
    "TransactItems of {}": lambda: Hostile("TransactWriteItems", filled(b'{"TransactItems":[', b"{}", b"]}")),
    "TransactItems of null": lambda: Hostile("TransactWriteItems", filled(b'{"TransactItems":[', b"null", b"]}")),
    "TransactItems of puts": lambda: Hostile(
        "TransactWriteItems",
        numbered(b'{"TransactItems":[', b'{"Put":{"TableName":"tab","Item":{"pk":{"S":"%d"}}}}', b"]}", 280_000),
    ),
    "TransactGetItems of {}": lambda: Hostile("TransactGetItems", filled(b'{"TransactItems":[', b"{}", b"]}")),
    "BatchWriteItem tables": lambda: Hostile(
        "BatchWriteItem", numbered(b'{"RequestItems":{', b'"%d":[]', b"}}", 1_000_000)
    ),
    "BatchGetItem tables": lambda: Hostile(
        "BatchGetItem", numbered(b'{"RequestItems":{', b'"%d":{}', b"}}", 1_000_000)
    ),
    "BatchGetItem keys": lambda: Hostile(
        "BatchGetItem", numbered(b'{"RequestItems":{"t":{"Keys":[', _KEY, b"]}}}", 400_000)
    ),
    "BatchWriteItem puts": lambda: Hostile(
        "BatchWriteItem",
        numbered(b'{"RequestItems":{"t":[', b'{"PutRequest":{"Item":{"pk":{"S":"%d"}}}}', b"]}}", 340_000),
    ),
    "Statements of {}": lambda: Hostile("BatchExecuteStatement", filled(b'{"Statements":[', b"{}", b"]}")),
    "TransactStatements of {}": lambda: Hostile("ExecuteTransaction", filled(b'{"TransactStatements":[', b"{}", b"]}")),
    "GlobalSecondaryIndexes of {}": lambda: Hostile(
        "CreateTable", filled(b'{"TableName":"new","GlobalSecondaryIndexes":[', b"{}", b"]}")
    ),
    "AttributeDefinitions": lambda: Hostile(
        "CreateTable",
        filled(
            b'{"TableName":"new","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"AttributeDefinitions":[',
            b'{"AttributeName":"pk","AttributeType":"S"}',
            b"]}",
        ),
    ),
    "Tags": lambda: Hostile(
        "TagResource", numbered(b'{"ResourceArn":"arn:x","Tags":[', b'{"Key":"%d","Value":""}', b"]}", 500_000)
    ),
    "name of 15 MB": lambda: Hostile("GetItem", b'{"TableName":"' + b"a" * (15 << 20) + b'","Key":{}}'),
    "name of control characters": lambda: Hostile(
        "GetItem", b'{"TableName":"' + b"\\u0001" * 2_700_000 + b'","Key":{}}'
    ),
    "enum of 15 MB": lambda: Hostile(
        "PutItem", b'{"TableName":"tab","Item":{},"ReturnValues":"' + b"a" * (15 << 20) + b'"}'
    ),
    "table name of a batch, 15 MB": lambda: Hostile(
        "BatchWriteItem", b'{"RequestItems":{"' + b"a" * (15 << 20) + b'":[{}]}}'
    ),
    "table name of a batch read, 15 MB": lambda: Hostile(
        "BatchGetItem", b'{"RequestItems":{"' + b"a" * (15 << 20) + b'":{"Keys":[]}}}'
    ),
    "index name of 15 MB": lambda: Hostile("Scan", b'{"TableName":"tab","IndexName":"' + b"a" * (15 << 20) + b'"}'),
    "attribute name of 15 MB": lambda: Hostile(
        "GetItem", b'{"TableName":"tab","Key":{"' + b"a" * (15 << 20) + b'":{"S":"a"}}}'
    ),
    "number of 15 MB": lambda: Hostile(
        "PutItem", b'{"TableName":"tab","Item":{"pk":{"N":"' + b"1" * (15 << 20) + b'"}}}'
    ),
    "expression of 15 MB": lambda: Hostile(
        "Scan", b'{"TableName":"tab","FilterExpression":"' + b"a " * (7 << 20) + b'"}'
    ),
    "statement of 15 MB": lambda: Hostile("ExecuteStatement", b'{"Statement":"' + b"a " * (7 << 20) + b'"}'),
    "token of 15 MB": lambda: Hostile(
        "TransactWriteItems", b'{"ClientRequestToken":"' + b"a" * (15 << 20) + b'","TransactItems":[{}]}'
    ),
    "names": lambda: Hostile(
        "GetItem",
        numbered(
            b'{"TableName":"tab","Key":{"pk":{"S":"a"}},"ProjectionExpression":"a","ExpressionAttributeNames":{',
            b'"#n%d":"a"',
            b"}}",
            700_000,
        ),
    ),
    "values": lambda: Hostile(
        "Scan",
        numbered(
            b'{"TableName":"tab","FilterExpression":"a = :v","ExpressionAttributeValues":{',
            b'":v%d":{"S":"a"}',
            b"}}",
            700_000,
        ),
    ),
    "AttributesToGet": lambda: Hostile(
        "GetItem", numbered(b"{" + _TABLE + b',"Key":{"pk":{"S":"a"}},"AttributesToGet":[', b'"%d"', b"]}", 1_500_000)
    ),
    "Expected": lambda: Hostile(
        "PutItem",
        numbered(b"{" + _TABLE + b',"Item":{"pk":{"S":"a"}},"Expected":{', b'"%d":{"Exists":false}', b"}}", 600_000),
    ),
    "AttributeUpdates": lambda: Hostile(
        "UpdateItem",
        numbered(
            b"{" + _TABLE + b',"Key":{"pk":{"S":"a"}},"AttributeUpdates":{', b'"%d":{"Action":"DELETE"}', b"}}", 550_000
        ),
    ),
    "ScanFilter": lambda: Hostile(
        "Scan", numbered(b"{" + _TABLE + b',"ScanFilter":{', b'"%d":{"ComparisonOperator":"NULL"}', b"}}", 400_000)
    ),
    "Parameters": lambda: Hostile(
        "ExecuteStatement", filled(b'{"Statement":"SELECT * FROM tab WHERE a = ?","Parameters":[', b'{"S":"a"}', b"]}")
    ),
    "array of arrays": lambda: Hostile("GetItem", filled(b"[", b"[]", b"]")),
    "array in the place of a name": lambda: Hostile("GetItem", filled(b'{"TableName":[', b"[]", b"]}")),
    "unknown member of arrays": lambda: Hostile("GetItem", filled(b'{"Nobody":[', b"[]", b"]}")),
    "unknown member of objects": lambda: Hostile("GetItem", filled(b'{"Nobody":[', b"{}", b"]}")),
    "set of equal numbers": lambda: Hostile(
        "PutItem", filled(b'{"TableName":"tab","Item":{"pk":{"S":"a"},"n":{"NS":[', b'"1"', b"]}}}", 6_000_000)
    ),
    "set of numbers": lambda: Hostile(
        "PutItem", numbered(b'{"TableName":"tab","Item":{"pk":{"S":"a"},"n":{"NS":[', b'"%d"', b"]}}}", 1_500_000)
    ),
    "set of odd numbers": lambda: Hostile(
        "PutItem", numbered(b'{"TableName":"tab","Item":{"pk":{"S":"a"},"n":{"NS":[', b'"%de1"', b"]}}}", 1_300_000)
    ),
    "set of strings": lambda: Hostile(
        "PutItem", numbered(b'{"TableName":"tab","Item":{"pk":{"S":"a"},"n":{"SS":[', b'"%d"', b"]}}}", 1_500_000)
    ),
    "set of equal strings": lambda: Hostile(
        "PutItem", filled(b'{"TableName":"tab","Item":{"pk":{"S":"a"},"n":{"SS":[', b'"1"', b"]}}}")
    ),
    "set of binaries": lambda: Hostile(
        "PutItem", filled(b'{"TableName":"tab","Item":{"pk":{"S":"a"},"n":{"BS":[', b'"AAAA"', b"]}}}")
    ),
    "list of numbers": lambda: Hostile(
        "PutItem", numbered(b'{"TableName":"tab","Item":{"pk":{"S":"a"},"n":{"L":[', b'{"N":"%d"}', b"]}}}", 900_000)
    ),
    "list of {}": lambda: Hostile(
        "PutItem", filled(b'{"TableName":"tab","Item":{"pk":{"S":"a"},"n":{"L":[', b"{}", b"]}}}")
    ),
    "list of empty lists": lambda: Hostile(
        "PutItem", filled(b'{"TableName":"tab","Item":{"pk":{"S":"a"},"n":{"L":[', b'{"L":[]}', b"]}}}")
    ),
    "attributes": lambda: Hostile(
        "PutItem", numbered(b'{"TableName":"tab","Item":{"pk":{"S":"a"},', b'"%d":{"N":"1"}', b"}}", 800_000)
    ),
    "deflate, empty members": lambda: Hostile("GetItem", b"\x03\x00" * (15 << 19), "deflate"),
    "deflate, empty zlib members": lambda: Hostile("GetItem", zlib.compress(b"") * (15 << 17), "deflate"),
    "deflate, empty blocks": lambda: Hostile("GetItem", b"\0\0\0\xff\xff" * 3_000_000 + b"\x03\0", "deflate"),
    "gzip, empty members": lambda: Hostile("GetItem", _gzip(b"") * 800_000, "gzip"),
    "gzip, empty blocks": lambda: Hostile("GetItem", _gzip(b"")[:10] + b"\0\0\0\xff\xff" * 3_000_000, "gzip"),
    "gzip, a bomb": lambda: Hostile("GetItem", _gzip(b" " * (200 << 20)), "gzip"),
}


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def insert_statements(number: int, size: int = 8000) -> Iterator[Hostile]:
    """Yield INSERT statements, each with about `size` bytes of literals, as a loader sends them."""
    for position in range(number):
        pairs = ", ".join(f"'a{each}': '{position}{each}'" for each in range(size // 19))
        text = f"INSERT INTO \"tab\" VALUE {{'pk': 'insert {position}', {pairs}}}"
        yield Hostile("ExecuteStatement", orjson.dumps({"Statement": text}))
