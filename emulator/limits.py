"""The service's limits, named once (behaviour 2.5; AWS: "Quotas in Amazon DynamoDB")."""

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

REQUEST_BODY: Final = 16 * MIB  # bytes, as sent and after decompression
RESPONSE_COMPRESSION: Final = 4 * KIB  # bodies above this are compressed when the client accepts it

ITEM_SIZE: Final = 400 * KIB  # bytes by the rules of values/size.py
NESTING: Final = 32  # levels, the attribute's own value being level 1
ATTRIBUTE_NAME: Final = 65_535  # bytes of UTF-8
PARTITION_KEY: Final = 2048  # bytes
SORT_KEY: Final = 1024  # bytes, all RANGE attributes together

NUMBER_DIGITS: Final = 38  # significant decimal digits
NUMBER_MAX_EXPONENT: Final = 125  # of the first digit
NUMBER_MIN_EXPONENT: Final = -130

EXPRESSION_SIZE: Final = 4096  # bytes, each expression parameter
EXPRESSION_OPERATORS: Final = 300
EXPRESSION_IN_OPERANDS: Final = 100
LEGACY_NAMES: Final = ITEM_SIZE  # bytes of the attribute names in Expected or a filter; observed: DynamoDB Local
EXPRESSION_VALUES_SIZE: Final = 2 * MIB  # together
PLACEHOLDER: Final = 255  # bytes of a "#name" or ":value", with its first character
PATH_ELEMENTS: Final = 32  # names and list indexes of a document path
LIST_INDEX: Final = 4_294_967_294  # in a document path; observed: github.com/floci-io/floci/issues/3073

TRANSACTION: Final = 4 * MIB  # bytes of the request's items, keys and values
TOKEN_SECONDS: Final = 600.0  # how long a ClientRequestToken is remembered

PAGE: Final = MIB  # bytes evaluated by one Query or Scan page
BATCH_GET_KEYS: Final = 100
BATCH_GET_RESPONSE: Final = 16 * MIB
BATCH_WRITE_ITEMS: Final = 25

GSI_PER_TABLE: Final = 20
LSI_PER_TABLE: Final = 5
NON_KEY_ATTRIBUTES_TOTAL: Final = 100
INDEX_KEY_ATTRIBUTES: Final = 4  # of each kind, HASH and RANGE, in a GSI
TAGS_PER_RESOURCE: Final = 50
TAG_KEY: Final = 128  # characters
TAG_VALUE: Final = 256
TAG_SET: Final = 10 * KIB  # bytes of all tags of a resource
THROUGHPUT_VALUE: Final = 1_000_000_000_000
TABLE_CAPACITY: Final = 40_000  # read or write units of a table, and of each global index (default quota)
DECREASES_AT_ONCE: Final = 4  # of provisioned throughput on a UTC day, before they must be DECREASE_SECONDS apart
DECREASE_SECONDS: Final = 3600

READ_UNIT: Final = 4 * KIB
WRITE_UNIT: Final = KIB

ITEM_COLLECTION: Final = 10 * GIB

STREAMS_PAGE: Final = 100  # ListStreams and DescribeStream: default and most
ITERATOR_SECONDS: Final = 900.0  # how long a shard iterator is valid

KINESIS_BATCH_RECORDS: Final = 500  # of one PutRecords call (AWS: PutRecords)
KINESIS_BATCH_BYTES: Final = 5 * MIB  # data and partition keys together
