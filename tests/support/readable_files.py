"""A small valid file of every format that emulator/formats reads: name -> content."""

import json
from collections.abc import Mapping
from typing import Any, Final

_KEYS: Final = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}
_CREATE: Final = {**_KEYS, "TableName": "Orders", "BillingMode": "PAY_PER_REQUEST"}
_DESCRIPTION: Final = {
    "Table": {
        **_KEYS,
        "TableName": "Orders",
        "TableStatus": "ACTIVE",
        "ItemCount": 1,
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "i",
                "KeySchema": _KEYS["KeySchema"],
                "Projection": {"ProjectionType": "ALL"},
                "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            }
        ],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS"},
    },
    "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"},
    "Tags": [{"Key": "a", "Value": "b"}],
}
_TEMPLATE: Final = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "dev"},
        "Names": {"Type": "CommaDelimitedList", "Default": "a,b"},
    },
    "Mappings": {"ByStage": {"dev": {"Units": 3}}},
    "Conditions": {
        "IsDev": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
        "Both": {"Fn::And": [{"Condition": "IsDev"}, {"Fn::Not": [{"Fn::Equals": ["a", "b"]}]}]},
    },
    "Resources": {
        "Orders": {
            "Type": "AWS::DynamoDB::Table",
            "Condition": "Both",
            "Properties": {
                **_KEYS,
                "TableName": {"Fn::Sub": ["${Stage}-${X}", {"X": {"Fn::Select": [1, {"Ref": "Names"}]}}]},
                "ProvisionedThroughput": {
                    "ReadCapacityUnits": {"Fn::FindInMap": ["ByStage", {"Ref": "Stage"}, "Units"]},
                    "WriteCapacityUnits": "5",
                },
                "TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True},
                "Tags": [{"Key": {"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}]]}, "Value": 1}],
            },
        },
        "Everywhere": {
            "Type": "AWS::DynamoDB::GlobalTable",
            "Properties": {
                **_KEYS,
                "BillingMode": "PROVISIONED",
                "WriteProvisionedThroughputSettings": {"WriteCapacityAutoScalingSettings": {"MinCapacity": 3}},
                "Replicas": [{"Region": "us-east-1", "ReadProvisionedThroughputSettings": {"ReadCapacityUnits": 4}}],
            },
        },
        "Simple": {
            "Type": "AWS::Serverless::SimpleTable",
            "Properties": {"PrimaryKey": {"Name": "id", "Type": "String"}, "Tags": {"a": "b"}},
        },
    },
}
_SERVERLESS: Final = {
    "service": "shop",
    "provider": {"name": "aws", "stage": "${opt:stage, 'dev'}"},
    "params": {"default": {"suffix": "x"}},
    "custom": {"names": {"dev": "orders"}, "list": ["a", "b"]},
    "resources": {
        "Resources": {
            "Orders": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    **_CREATE,
                    "TableName": "${self:custom.names.${sls:stage}}-${self:custom.list.1}-${param:suffix}",
                },
            }
        }
    },
}
_PLAN: Final = {
    "terraform_version": "1.9.0",
    "planned_values": {
        "root_module": {
            "resources": [
                {
                    "address": "aws_dynamodb_table.orders",
                    "type": "aws_dynamodb_table",
                    "values": {
                        "name": "Orders",
                        "hash_key": "id",
                        "read_capacity": 1,
                        "write_capacity": 1,
                        "attribute": [{"name": "id", "type": "S"}],
                        "global_secondary_index": [
                            {
                                "name": "i",
                                "hash_key": "id",
                                "projection_type": "ALL",
                                "read_capacity": 1,
                                "write_capacity": 1,
                            }
                        ],
                        "ttl": [{"attribute_name": "until", "enabled": True}],
                        "tags": {"a": "b"},
                    },
                }
            ],
            "child_modules": [
                {
                    "resources": [
                        {
                            "address": "aws_dynamodb_table_item.one",
                            "type": "aws_dynamodb_table_item",
                            "values": {"table_name": "Orders", "item": '{"id": {"S": "a"}}'},
                        }
                    ]
                }
            ],
        }
    },
}
_MODEL: Final = {
    "ModelName": "Shop",
    "DataModel": [
        {
            "TableName": "Orders",
            "KeyAttributes": {"PartitionKey": {"AttributeName": "id", "AttributeType": "S"}},
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "i",
                    "KeyAttributes": {"PartitionKey": {"AttributeName": "n", "AttributeType": "N"}},
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            "TableData": [{"id": {"S": "a"}, "n": {"N": "1"}}],
            "BillingMode": "PROVISIONED",
            "ProvisionedCapacitySettings": {"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}},
        }
    ],
}
_ITEM: Final = {"id": {"S": "a"}, "n": {"N": "1"}, "m": {"M": {"l": {"L": [{"NULL": True}, {"SS": ["x"]}]}}}}

DOCUMENTS: Final[Mapping[str, Any]] = {
    "create.json": _CREATE,
    "creates.json": [_CREATE, _DESCRIPTION],
    "described.json": _DESCRIPTION,
    "template.json": _TEMPLATE,
    "template.yaml": _TEMPLATE,
    "serverless.yml": _SERVERLESS,
    "plan.json": _PLAN,
    "model.json": _MODEL,
    "scan.json": {"Count": 1, "Items": [_ITEM]},
    "batch.json": {"RequestItems": {"Orders": [{"PutRequest": {"Item": _ITEM}}]}},
    "Orders.json": [_ITEM, {"Item": _ITEM, "TableName": "Orders"}],
    "Orders.yaml": [_ITEM],
}
"""Files that consist of one value. JSON files are also read as YAML."""

TEXTS: Final[Mapping[str, str]] = {
    **{name: json.dumps(value, indent=1) for name, value in DOCUMENTS.items()},
    "Orders.jsonl": json.dumps({"Item": _ITEM}) + "\n" + json.dumps({"Item": _ITEM}) + "\n",
    "plain.jsonl": '{"id": "a", "n": [1.50, null]}\n{"id": "b", "m": {"x": true}}\n',
    "changes.json": json.dumps({"Metadata": {}, "Keys": {"id": {"S": "a"}}, "NewImage": _ITEM}) + "\n",
    "Orders.ion": '$ion_1_0 {Item:{id:"a",n:1.5,l:[null,true,{a:{{aGk=}}}],s:$dynamodb_SS::["x"]}}\n{Item:{id:"b"}}\n',
    "Orders.csv": 'id,n,text\na,1,"x, y"\nb,2,\n',
    "aliases.yaml": "a: &a {Type: x}\nResources:\n  Orders:\n    <<: *a\n    Type: AWS::Serverless::SimpleTable\n"
    "    Properties:\n      TableName: !Sub 't-${AWS::Region}'\n      Tags: {a: !Ref AWS::Region}\n",
}
"""The texts of all files."""
