"""The actions that a resource policy may name.

Source: AWS's documentation, "API operations supported by resource-based policies". A policy may
name any action of DynamoDB that works on its table or stream. Most actions are operations. Others
are ConditionCheckItem, and the actions for PartiQL and for replication.
"""

import re
from collections.abc import Iterator
from typing import Final

PREFIX: Final = "dynamodb:"

_POLICY: Final = ("DeleteResourcePolicy", "GetResourcePolicy", "PutResourcePolicy")
_TAGS: Final = ("ListTagsOfResource", "TagResource", "UntagResource")

_ACTIONS: Final = {
    "table": (
        "AssociateTableReplica",
        "BatchGetItem",
        "BatchWriteItem",
        "ConditionCheckItem",
        "CreateBackup",
        "CreateTable",
        "CreateTableReplica",
        "DeleteItem",
        "DeleteTable",
        "DeleteTableReplica",
        "DescribeContinuousBackups",
        "DescribeContributorInsights",
        "DescribeExport",
        "DescribeImport",
        "DescribeKinesisStreamingDestination",
        "DescribeTable",
        "DescribeTableReplicaAutoScaling",
        "DescribeTimeToLive",
        "DisableKinesisStreamingDestination",
        "EnableKinesisStreamingDestination",
        "ExportTableToPointInTime",
        "GetItem",
        "ImportTable",
        "ListContributorInsights",
        "PartiQLDelete",
        "PartiQLInsert",
        "PartiQLSelect",
        "PartiQLUpdate",
        "PutItem",
        "Query",
        "ReadDataForReplication",
        "ReplicateSettings",
        "RestoreTableFromBackup",
        "RestoreTableToPointInTime",
        "Scan",
        "SearchVectors",
        "StartBulkPutItems",
        "UpdateContinuousBackups",
        "UpdateContributorInsights",
        "UpdateItem",
        "UpdateKinesisStreamingDestination",
        "UpdateTable",
        "UpdateTableReplicaAutoScaling",
        "UpdateTimeToLive",
        "WriteDataForReplication",
        *_POLICY,
        *_TAGS,
    ),
    "stream": ("DescribeStream", "GetRecords", "GetShardIterator", *_POLICY, *_TAGS),
}
"""Kind of resource -> the names of the actions that work on it, without `dynamodb:`."""


def invalid_names(names: tuple[str, ...], kind: str) -> Iterator[str]:
    """Yield those of `names` that match no action on a kind of resource.

    names: the actions of a policy, which may have wildcards. kind: "table" or "stream".
    """
    known = [(PREFIX + name).lower() for name in _ACTIONS[kind]]
    for name in names:
        if name == "*":
            continue
        pattern = re.escape(name.lower()).replace(r"\*", ".*").replace(r"\?", ".")
        if not any(re.fullmatch(pattern, each) for each in known):
            yield name
