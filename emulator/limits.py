"""Names for the service's limits (behaviour 2.5; AWS: "Quotas in Amazon DynamoDB")."""

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

REQUEST_BODY: Final = 16 * MIB  # bytes, both before and after decompression
# Bytes. A larger response body is compressed if the client accepts compression.
RESPONSE_COMPRESSION: Final = 4 * KIB

ITEM_SIZE: Final = 400 * KIB  # bytes, counted by the rules of values/size.py
NESTING: Final = 32  # levels of nesting in a value; an attribute's own value has level 1
ATTRIBUTE_NAME: Final = 65_535  # bytes of an attribute's name in UTF-8
PARTITION_KEY: Final = 2048  # bytes of all HASH attributes together
SORT_KEY: Final = 1024  # bytes of all RANGE attributes together

NUMBER_DIGITS: Final = 38  # significant decimal digits of a number
NUMBER_MAX_EXPONENT: Final = 125  # the largest exponent of a number that is written as d.ddd * 10^exponent
NUMBER_MIN_EXPONENT: Final = -130

EXPRESSION_SIZE: Final = 4096  # bytes of each expression parameter
EXPRESSION_OPERATORS: Final = 300
EXPRESSION_IN_OPERANDS: Final = 100
# Bytes of all attribute names in one legacy parameter. The limit was observed in DynamoDB Local for
# Expected, QueryFilter and ScanFilter. It is inferred for AttributesToGet.
LEGACY_NAMES: Final = ITEM_SIZE
EXPRESSION_VALUES_SIZE: Final = 2 * MIB  # bytes of all ExpressionAttributeValues together
PLACEHOLDER: Final = 255  # bytes of a "#name" or ":value", including its first character
PATH_ELEMENTS: Final = 32  # the maximum number of names and list indexes in a document path
# The largest index in a document path (observed: github.com/floci-io/floci/issues/3073).
LIST_INDEX: Final = 4_294_967_294

TRANSACTION: Final = 4 * MIB  # bytes of all items, keys and values in a transaction
TOKEN_SECONDS: Final = 600.0  # seconds for which a transaction's ClientRequestToken is remembered

PAGE: Final = MIB  # bytes of the items that one page of a Query or Scan reads
BATCH_GET_KEYS: Final = 100
BATCH_GET_RESPONSE: Final = 16 * MIB
BATCH_WRITE_ITEMS: Final = 25

GSI_PER_TABLE: Final = 20
LSI_PER_TABLE: Final = 5
VECTOR_INDEXES_PER_TABLE: Final = 5
DIMENSIONS: Final = 4096  # the maximum number of dimensions of a vector
SEARCH_RESPONSE: Final = 16 * MIB  # bytes of all items that a search returns (AWS: "Vector indexes", requirements)
TOP_K: Final = 100  # the maximum number of results of a search for vectors
NON_KEY_ATTRIBUTES_TOTAL: Final = 100
# The maximum number of HASH attributes, and the maximum number of RANGE attributes, in the key of a
# global index.
INDEX_KEY_ATTRIBUTES: Final = 4
TAGS_PER_RESOURCE: Final = 50
TAG_KEY: Final = 128  # characters of a tag's key
TAG_VALUE: Final = 256
TAG_SET: Final = 10 * KIB  # bytes of all tags of a resource
S3_OBJECTS: Final = 50_000  # the maximum number of objects of one import or bulk operation (control-plane 5.1, 14)
# Bytes of a policy document, including its white space (control-plane 11.2).
RESOURCE_POLICY: Final = 20_480
THROUGHPUT_VALUE: Final = 1_000_000_000_000
# The maximum number of read units, and the maximum number of write units, of a table or global
# index (default quota).
TABLE_CAPACITY: Final = 40_000
# The maximum number of times that a table's provisioned throughput can be decreased on one UTC day
# without a wait. A further decrease on this day is possible DECREASE_SECONDS after the last
# decrease.
DECREASES_AT_ONCE: Final = 4
DECREASE_SECONDS: Final = 3600

READ_UNIT: Final = 4 * KIB
WRITE_UNIT: Final = KIB

ITEM_COLLECTION: Final = 10 * GIB

STREAMS_PAGE: Final = 100  # default and maximum of Limit in ListStreams and DescribeStream
ITERATOR_SECONDS: Final = 900.0  # seconds for which a shard iterator is valid

KINESIS_BATCH_RECORDS: Final = 500  # the maximum number of records of one PutRecords call (AWS: PutRecords)
# The maximum number of bytes of one PutRecords call: data and partition keys of all records
# together.
KINESIS_BATCH_BYTES: Final = 5 * MIB

# The lowest and highest TargetValue of an auto scaling policy, in percent (control-plane 10).
TARGET_VALUES = (10.0, 90.0)
