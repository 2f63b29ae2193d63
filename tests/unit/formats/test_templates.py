"""Definitions in templates: CloudFormation, SAM, CDK, Serverless, Terraform, NoSQL Workbench."""

import copy
import json

import pytest

from emulator.commands import load
from emulator.formats.records import Setting
from tests.support.records import Read

KEYS = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}
ON_DEMAND = {**KEYS, "BillingMode": "PAY_PER_REQUEST"}


def template(properties, kind="AWS::DynamoDB::Table", **sections):
    return {"Resources": {"Orders": {"Type": kind, "Properties": properties}}, **sections}


def written(folder, content, name="template.json"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    return path


RESOURCES = {
    "a table with its logical id as its name": (template(ON_DEMAND), {**ON_DEMAND, "TableName": "Orders"}),
    "all members of a table": (
        template(
            {
                **KEYS,
                "TableName": "t",
                "BillingMode": "PROVISIONED",
                "ProvisionedThroughput": {"ReadCapacityUnits": "5", "WriteCapacityUnits": 6},
                "GlobalSecondaryIndexes": [
                    {
                        "IndexName": "i",
                        "KeySchema": KEYS["KeySchema"],
                        "Projection": {"ProjectionType": "ALL"},
                        "ProvisionedThroughput": {"ReadCapacityUnits": "1", "WriteCapacityUnits": "2"},
                        "ContributorInsightsSpecification": {"Enabled": True},
                    }
                ],
                "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
                "SSESpecification": {"SSEEnabled": True, "KMSMasterKeyId": {"Ref": "AWS::NoValue"}},
                "DeletionProtectionEnabled": "true",
                "TableClass": "STANDARD",
                "Tags": [{"Key": "cost", "Value": 7}],
            }
        ),
        {
            **KEYS,
            "TableName": "t",
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "i",
                    "KeySchema": KEYS["KeySchema"],
                    "Projection": {"ProjectionType": "ALL"},
                    "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
                }
            ],
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            "SSESpecification": {"Enabled": True, "SSEType": "KMS"},
            "DeletionProtectionEnabled": True,
            "TableClass": "STANDARD",
            "Tags": [{"Key": "cost", "Value": "7"}],
        },
    ),
    "a global table on demand": (
        template(
            {
                **ON_DEMAND,
                "Replicas": [{"Region": "us-east-1", "Tags": [{"Key": "a", "Value": "b"}]}, {"Region": "eu-west-1"}],
                "WriteOnDemandThroughputSettings": {"MaxWriteRequestUnits": 9},
            },
            "AWS::DynamoDB::GlobalTable",
        ),
        {
            **ON_DEMAND,
            "TableName": "Orders",
            "OnDemandThroughput": {"MaxWriteRequestUnits": 9},
            "Tags": [{"Key": "a", "Value": "b"}],
        },
    ),
    "a global table with throughput": (
        template(
            {
                **KEYS,
                "BillingMode": "PROVISIONED",
                "WriteProvisionedThroughputSettings": {"WriteCapacityAutoScalingSettings": {"MinCapacity": 3}},
                "Replicas": [{"Region": "us-east-1", "ReadProvisionedThroughputSettings": {"ReadCapacityUnits": 4}}],
            },
            "AWS::DynamoDB::GlobalTable",
        ),
        {
            **KEYS,
            "TableName": "Orders",
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": {"ReadCapacityUnits": 4, "WriteCapacityUnits": 3},
        },
    ),
    "a simple table": (
        template({}, "AWS::Serverless::SimpleTable"),
        {**ON_DEMAND, "TableName": "Orders"},
    ),
    "a simple table with all members": (
        template(
            {
                "TableName": "t",
                "PrimaryKey": {"Name": "n", "Type": "Number"},
                "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
                "Tags": {"a": "b"},
            },
            "AWS::Serverless::SimpleTable",
        ),
        {
            "TableName": "t",
            "AttributeDefinitions": [{"AttributeName": "n", "AttributeType": "N"}],
            "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
            "Tags": [{"Key": "a", "Value": "b"}],
        },
    ),
}


@pytest.mark.parametrize("case", RESOURCES)
def test_resources(tmp_path, case):
    content, expected = RESOURCES[case]
    read = Read(written(tmp_path, content))
    assert (read.created, read.problems) == ([expected], [])


SECTIONS = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "dev"},
        "Names": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "NoDefault": {"Type": "String"},
        "Secret": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/name"},
    },
    "Mappings": {"ByStage": {"dev": {"Name": "mapped"}}},
    "Conditions": {
        "IsDev": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
        "IsProd": {"Fn::Not": [{"Condition": "IsDev"}]},
        "Both": {"Fn::And": [{"Condition": "IsDev"}, {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]}]},
        "Itself": {"Condition": "Itself"},
    },
}
FUNCTIONS = [
    ({"Ref": "Stage"}, "dev"),
    ({"Ref": "AWS::Region"}, "us-east-1"),
    ({"Ref": "Other"}, "other"),
    ({"Ref": "Unnamed"}, "Unnamed"),
    ({"Fn::GetAtt": ["Other", "TableName"]}, "other"),
    ({"Fn::Sub": "t-${Stage}-${!Stage}-${AWS::StackName}"}, "t-dev-${Stage}-local"),
    ({"Fn::Sub": ["${X}-${Stage}", {"X": {"Ref": "Other"}}]}, "other-dev"),
    ({"Fn::Join": ["-", ["t", {"Ref": "Stage"}]]}, "t-dev"),
    ({"Fn::Join": ["-", {"Ref": "Names"}]}, "a-b"),
    ({"Fn::Select": [1, {"Ref": "Names"}]}, "b"),
    ({"Fn::Select": ["0", {"Fn::Split": ["/", "x/y"]}]}, "x"),
    ({"Fn::If": ["IsDev", "yes", "no"]}, "yes"),
    ({"Fn::If": ["IsProd", "yes", "no"]}, "no"),
    ({"Fn::If": ["Both", "yes", "no"]}, "yes"),
    ({"Fn::FindInMap": ["ByStage", {"Ref": "Stage"}, "Name"]}, "mapped"),
    ({"Fn::FindInMap": ["ByStage", "prod", "Name", {"DefaultValue": "none"}]}, "none"),
]


def named(name):
    content = template({**ON_DEMAND, "TableName": name}, **SECTIONS)
    content["Resources"]["Other"] = {"Type": "AWS::SNS::Topic", "Properties": {"TableName": "other"}}
    content["Resources"]["Unnamed"] = {"Type": "AWS::SNS::Topic"}
    return content


@pytest.mark.parametrize(("function", "value"), FUNCTIONS, ids=str)
def test_functions(tmp_path, function, value):
    read = Read(written(tmp_path, named(function)))
    assert (read.problems, [each["TableName"] for each in read.created]) == ([], [value])


UNRESOLVED = [
    ({"Ref": "NoDefault"}, "the parameter NoDefault has no default: give it with --parameter NoDefault=VALUE"),
    ({"Ref": "Secret"}, "the parameter Secret is kept in SSM: give it with --parameter Secret=VALUE"),
    ({"Ref": "Nothing"}, "there is no parameter or resource Nothing"),
    ({"Fn::GetAtt": ["Unnamed", "Arn"]}, "the attribute Arn of Unnamed is known only on AWS"),
    ({"Fn::ImportValue": "x"}, "the export x is known only on AWS"),
    ({"Fn::If": ["Itself", "a", "b"]}, "Itself refers to itself"),
    ({"Fn::If": ["Missing", "a", "b"]}, "there is no condition Missing"),
    ({"Fn::If": ["IsDev"]}, "the arguments of Fn::If are wrong"),
    ({"Fn::FindInMap": ["ByStage", "prod", "Name"]}, "there is no mapping ByStage.prod.Name"),
    ({"Fn::Cidr": []}, "the function Fn::Cidr is not supported"),
]


@pytest.mark.parametrize(("function", "problem"), UNRESOLVED, ids=str)
def test_what_is_known_only_on_aws_is_a_problem_with_its_line(tmp_path, function, problem):
    read = Read(written(tmp_path, named(function)))
    assert (read.created, read.problems) == ([], [f"template.json:3: table Orders: {problem}"])


def test_parameters_from_the_command_line(tmp_path):
    path = written(tmp_path, named({"Fn::Sub": "${Stage}-${NoDefault}-${Secret}-${AWS::Region}"}))
    parameters = {"Stage": "prod", "NoDefault": "x", "Secret": "y", "AWS::Region": "eu-west-1"}
    assert Read(path, parameters=parameters).created[0]["TableName"] == "prod-x-y-eu-west-1"


YAML = """\
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Stage: {Type: String, Default: dev}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Topic:
    Type: AWS::SNS::Topic
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub "orders-${Stage}"
      BillingMode: !If [IsProd, PROVISIONED, PAY_PER_REQUEST]
      ProvisionedThroughput: !If
        - IsProd
        - {ReadCapacityUnits: 5, WriteCapacityUnits: 5}
        - !Ref AWS::NoValue
      AttributeDefinitions:
        - {AttributeName: id, AttributeType: S}
      KeySchema:
        - AttributeName: id
          KeyType: HASH
      TimeToLiveSpecification: {AttributeName: until, Enabled: true}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      StreamSpecification:
        StreamViewType: !FindInMap [Views, !Ref Stage, View, DefaultValue: KEYS_ONLY]
  OnlyProd:
    Type: AWS::DynamoDB::Table
    Condition: IsProd
    Properties: {}
"""


def test_yaml_with_short_functions(tmp_path):
    path = written(
        tmp_path, YAML.replace(", DefaultValue", ", {DefaultValue").replace("KEYS_ONLY]", "KEYS_ONLY}]"), "t.yaml"
    )
    read = Read(path)
    assert read.problems == []
    assert read.created == [
        {
            **ON_DEMAND,
            "TableName": "orders-dev",
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        }
    ]
    assert read.definitions[0].ttl == "until"
    assert read.notices == []
    assert read.definitions[0].settings == (RECOVERY,)


RECOVERY = Setting(
    "UpdateContinuousBackups", {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
)
SETTINGS = {
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": "true", "RecoveryPeriodInDays": "7"},
    "ContributorInsightsSpecification": {"Enabled": True, "Mode": "THROTTLED_KEYS"},
    "KinesisStreamSpecification": {
        "StreamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
        "ApproximateCreationDateTimePrecision": "MICROSECOND",
    },
}
INDEX = {
    "IndexName": "i",
    "KeySchema": KEYS["KeySchema"],
    "Projection": {"ProjectionType": "ALL"},
    "WarmThroughput": {"ReadUnitsPerSecond": "13000"},
}
INSIGHTS_OF_INDEX = {"IndexName": "i", "ContributorInsightsSpecification": {"Enabled": "true"}}
POLICY = {"ResourcePolicy": {"PolicyDocument": {"Version": "2012-10-17", "Statement": []}}}
NEAR = {
    "IndexName": "near",
    "VectorAttribute": {"AttributeName": "v"},
    "Dimensions": "3",
    "DistanceFunction": "COSINE",
    "Projection": {"ProjectionType": "ALL"},
}
MADE = (
    Setting(
        "UpdateContinuousBackups",
        {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7}},
    ),
    Setting(
        "UpdateContributorInsights",
        {"ContributorInsightsAction": "ENABLE", "ContributorInsightsMode": "THROTTLED_KEYS"},
    ),
    Setting("UpdateContributorInsights", {"IndexName": "i", "ContributorInsightsAction": "ENABLE"}),
    Setting(
        "EnableKinesisStreamingDestination",
        {
            "StreamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
            "EnableKinesisStreamingConfiguration": {"ApproximateCreationDateTimePrecision": "MICROSECOND"},
        },
    ),
)
OF_TABLE = {**SETTINGS, **POLICY, "GlobalSecondaryIndexes": [INDEX | INSIGHTS_OF_INDEX]}
OF_REPLICA = {"Region": "us-east-1", **SETTINGS, **POLICY, "GlobalSecondaryIndexes": [INSIGHTS_OF_INDEX]}
WHOLE = {
    "AWS::DynamoDB::Table": {**ON_DEMAND, **OF_TABLE, "VectorIndexes": [NEAR]},
    "AWS::DynamoDB::GlobalTable": {
        **ON_DEMAND,
        "GlobalSecondaryIndexes": [INDEX],
        "VectorIndexes": [NEAR],
        "Replicas": [OF_REPLICA, {"Region": "eu-west-1"}],
    },
}


@pytest.mark.parametrize("kind", WHOLE)
def test_settings_that_are_made_after_a_table(tmp_path, kind):
    read = Read(written(tmp_path, template({"WarmThroughput": {"WriteUnitsPerSecond": 5000}, **WHOLE[kind]}, kind)))
    assert (read.problems, read.notices) == ([], [])
    assert read.created == [
        {
            **ON_DEMAND,
            "TableName": "Orders",
            "GlobalSecondaryIndexes": [{**INDEX, "WarmThroughput": {"ReadUnitsPerSecond": 13000}}],
            "VectorIndexes": [{**NEAR, "Dimensions": 3}],
            "WarmThroughput": {"WriteUnitsPerSecond": 5000},
            "ResourcePolicy": '{"Version":"2012-10-17","Statement":[]}',
        }
    ]
    assert read.definitions[0].settings == MADE


def test_a_setting_whose_value_only_aws_knows_is_left_out(tmp_path):
    known_later = {"Fn::GetAtt": ["Stream", "Arn"]}
    properties = {
        **ON_DEMAND,
        "KinesisStreamSpecification": {"StreamArn": known_later},
        "SSESpecification": {"SSEEnabled": True, "KMSMasterKeyId": known_later},
        "ImportSourceSpecification": {"S3BucketSource": {"S3Bucket": "b"}},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False},
    }
    content = template(properties)
    content["Resources"]["Stream"] = {"Type": "AWS::Kinesis::Stream"}
    read = Read(written(tmp_path, content))
    assert (read.problems, read.definitions[0].settings) == ([], ())
    assert read.created[0]["SSESpecification"] == {"Enabled": True, "SSEType": "KMS"}
    assert read.notices == [
        "template.json:3: table Orders: KinesisStreamSpecification, ImportSourceSpecification left out"
    ]


def test_wrong_yaml_has_its_line(tmp_path):
    path = written(tmp_path, "Resources:\n  A: [1\n  B: 2\n", "t.yml")
    (problem,) = Read(path).problems
    assert problem.startswith("t.yml:3: this is not YAML: ")


@pytest.mark.parametrize(
    ("value", "kind"),
    [("1" * 5000, "int"), ("!!int ''", "int"), ("!!float abc", "float"), ("!!bool maybe", "bool")],
)
def test_a_value_that_pyyaml_cannot_convert_is_a_problem(tmp_path, value, kind):
    (problem,) = Read(written(tmp_path, f"# comment\nResources: {value}\n", "t.yml")).problems
    assert problem == f"t.yml:2: this is not YAML: a value cannot be converted to {kind}"


def test_wrong_properties_lose_no_other_table(tmp_path):
    content = template(ON_DEMAND)
    content["Resources"]["Wrong"] = {
        "Type": "AWS::DynamoDB::GlobalTable",
        "Properties": {"TableName": "x", "Replicas": []},
    }
    read = Read(written(tmp_path, content))
    assert len(read.created) == 1
    assert read.problems == [
        "template.json:21: table Wrong: the properties do not have the form of AWS::DynamoDB::GlobalTable"
    ]


SERVERLESS = """\
service: shop
provider:
  name: aws
  stage: ${opt:stage, 'dev'}
  region: eu-west-1
params:
  default: {suffix: x}
custom:
  names:
    dev: orders
    prod: Orders
  table: ${self:custom.names.${sls:stage}}-${param:suffix}
  read: ${env:READ, 3}
resources:
  - Resources:
      Orders:
        Type: AWS::DynamoDB::Table
        Properties:
          TableName: ${self:custom.table}-${aws:region}
          AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
          KeySchema: [{AttributeName: id, KeyType: HASH}]
          ProvisionedThroughput:
            ReadCapacityUnits: ${self:custom.read}
            WriteCapacityUnits: 1
  - ${file(users.yml):tables}
"""


def test_serverless(tmp_path):
    written(
        tmp_path,
        "tables:\n  Resources:\n    Users:\n      Type: AWS::Serverless::SimpleTable\n"
        "      Properties: {TableName: !Sub 'users-${AWS::Region}'}\n",
        "users.yml",
    )
    path = written(tmp_path, SERVERLESS, "serverless.yml")
    read = Read(path)
    assert read.problems == []
    assert [each["TableName"] for each in read.created] == ["orders-x-eu-west-1", "users-us-east-1"]
    assert read.created[0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 3
    read = Read(path, parameters={"stage": "prod", "suffix": "y"}, environment={"READ": "9"})
    assert read.created[0]["TableName"] == "Orders-y-eu-west-1"
    assert read.created[0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 9


@pytest.mark.parametrize(
    ("variable", "problem"),
    [
        ("${self:custom.missing}", "the variable ${self:custom.missing} cannot be resolved"),
        ("${ssm:/a}", "the variable ${ssm:/a} cannot be resolved"),
        ("${file(missing.yml)}", "the variable ${file(missing.yml)} cannot be resolved"),
        ("${self:resources}", "a variable refers to itself"),
    ],
)
def test_variables_of_serverless_without_a_value(tmp_path, variable, problem):
    path = written(tmp_path, f"service: a\nprovider: {{name: aws}}\nresources:\n  x: {variable}\n", "serverless.yml")
    assert Read(path).problems == [f"serverless.yml:3: {problem}"]


PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.9.0",
    "planned_values": {
        "root_module": {
            "resources": [
                {
                    "address": "aws_dynamodb_table_item.one",
                    "mode": "managed",
                    "type": "aws_dynamodb_table_item",
                    "values": {"table_name": "orders", "item": '{"id": {"S": "a"}}'},
                }
            ],
            "child_modules": [
                {
                    "resources": [
                        {
                            "address": "module.m.aws_dynamodb_table.orders",
                            "mode": "managed",
                            "type": "aws_dynamodb_table",
                            "values": {
                                "name": "orders",
                                "billing_mode": "PROVISIONED",
                                "hash_key": "id",
                                "range_key": None,
                                "read_capacity": 2,
                                "write_capacity": 3,
                                "attribute": [{"name": "id", "type": "S"}, {"name": "n", "type": "N"}],
                                "global_secondary_index": [
                                    {
                                        "name": "by-n",
                                        "hash_key": "n",
                                        "range_key": "",
                                        "projection_type": "INCLUDE",
                                        "non_key_attributes": ["x"],
                                        "read_capacity": 1,
                                        "write_capacity": 1,
                                    }
                                ],
                                "local_secondary_index": [
                                    {
                                        "name": "l",
                                        "range_key": "n",
                                        "projection_type": "ALL",
                                        "non_key_attributes": None,
                                    }
                                ],
                                "stream_enabled": True,
                                "stream_view_type": "KEYS_ONLY",
                                "ttl": [{"attribute_name": "until", "enabled": True}],
                                "point_in_time_recovery": [{"enabled": True}],
                                "tags": {"a": "b"},
                                "tags_all": {"a": "b", "c": "d"},
                                "deletion_protection_enabled": None,
                                "table_class": None,
                            },
                        },
                        {
                            "address": "module.m.aws_dynamodb_table.unknown",
                            "mode": "managed",
                            "type": "aws_dynamodb_table",
                            "values": {"billing_mode": "PAY_PER_REQUEST"},
                        },
                    ]
                }
            ],
        }
    },
}


def test_terraform(tmp_path):
    read = Read(written(tmp_path, PLAN, "plan.json"))
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    assert read.created == [
        {
            "TableName": "orders",
            "BillingMode": "PROVISIONED",
            "AttributeDefinitions": [
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "n", "AttributeType": "N"},
            ],
            "KeySchema": KEYS["KeySchema"],
            "ProvisionedThroughput": {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3},
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-n",
                    "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]},
                    "ProvisionedThroughput": units,
                }
            ],
            "LocalSecondaryIndexes": [
                {
                    "IndexName": "l",
                    "KeySchema": [*KEYS["KeySchema"], {"AttributeName": "n", "KeyType": "RANGE"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
            "Tags": [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}],
        }
    ]
    assert read.definitions[0].ttl == "until"
    assert read.items == [("orders", {"id": {"S": "a"}})]
    assert read.definitions[0].settings == (RECOVERY,)
    assert read.notices == []
    assert read.problems == [
        "plan.json: module.m.aws_dynamodb_table.unknown: a value is missing, wrong, or known only after `apply`: 'name'"
    ]


def additions():
    """Return resources of a Terraform state that add settings to the table `orders`."""
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
    values = {
        "contributor_insights.table": {"table_name": "orders", "index_name": "", "mode": "THROTTLED_KEYS"},
        "contributor_insights.index": {"table_name": "orders", "index_name": "by-n"},
        "kinesis_streaming_destination.s": {
            "table_name": "orders",
            "stream_arn": arn,
            "approximate_creation_date_time_precision": "MICROSECOND",
        },
        "resource_policy.orders": {
            "resource_arn": "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
            "policy": "{}",
        },
        "resource_policy.planned": {"policy": "{}"},
        "contributor_insights.other": {"table_name": "other"},
    }
    return [
        {
            "address": f"aws_dynamodb_{name}",
            "mode": "managed",
            "type": f"aws_dynamodb_{name.partition('.')[0]}",
            "values": each,
        }
        for name, each in values.items()
    ]


def test_settings_of_terraform(tmp_path):
    content = copy.deepcopy(PLAN)
    module = content["planned_values"]["root_module"]
    module["resources"] = additions()
    (orders, _) = module["child_modules"][0]["resources"]
    orders["values"]["point_in_time_recovery"] = [{"enabled": True, "recovery_period_in_days": 7}]
    module["child_modules"][0]["resources"] = [orders]
    read = Read(written(tmp_path, content, "plan.json"))
    insights = {"ContributorInsightsAction": "ENABLE"}
    assert read.problems == []
    assert read.created[0]["ResourcePolicy"] == "{}"
    assert read.definitions[0].settings == (
        MADE[0],
        Setting("UpdateContributorInsights", {**insights, "ContributorInsightsMode": "THROTTLED_KEYS"}),
        Setting("UpdateContributorInsights", {**insights, "IndexName": "by-n"}),
        MADE[-1],
    )
    assert read.notices == [
        (
            "plan.json: aws_dynamodb_resource_policy.planned left out: its values are known only after `apply`: "
            "'resource_arn'"
        ),
        "plan.json: aws_dynamodb_contributor_insights.other left out: the file has no table other",
    ]


def test_workbench(tmp_path):
    key = {"AttributeName": "id", "AttributeType": "S"}
    number = {"AttributeName": "n", "AttributeType": "N"}
    model = {
        "ModelName": "Shop",
        "ModelMetadata": {"Author": "me"},
        "DataModel": [
            {
                "TableName": "Orders",
                "KeyAttributes": {"PartitionKey": key, "SortKey": number},
                "NonKeyAttributes": [{"AttributeName": "x", "AttributeType": "S"}],
                "GlobalSecondaryIndexes": [
                    {
                        "IndexName": "by-n",
                        "KeyAttributes": {"PartitionKey": number},
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ],
                "TableData": [{"id": {"S": "a"}, "n": {"N": "1"}}],
                "BillingMode": "PROVISIONED",
                "ProvisionedCapacitySettings": {
                    "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
                },
            },
            {"TableName": "Broken"},
        ],
    }
    read = Read(written(tmp_path, model, "shop.json"))
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    assert read.created == [
        {
            "TableName": "Orders",
            "AttributeDefinitions": [key, number],
            "KeySchema": [
                {"AttributeName": "id", "KeyType": "HASH"},
                {"AttributeName": "n", "KeyType": "RANGE"},
            ],
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": units,
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-n",
                    "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                    "ProvisionedThroughput": units,
                }
            ],
        }
    ]
    assert read.items == [("Orders", {"id": {"S": "a"}, "n": {"N": "1"}})]
    assert read.problems == ["shop.json: table Broken: a part of this table is missing or has a wrong form"]


def test_a_folder_leaves_out_files_of_other_kinds(tmp_path):
    written(tmp_path, {"version": "38.0"}, "manifest.json")
    written(tmp_path, "console.log()", "index.js")
    written(tmp_path, template(ON_DEMAND), "Stack.template.json")
    read = Read(tmp_path)
    assert (len(read.created), read.problems) == (1, [])
    assert read.notices == ["manifest.json: left out: its format is unknown"]


PARAMETERS = {
    "a template": ("t.json", json.dumps(template(ON_DEMAND, Parameters={"Stage": {"Type": "String"}})), "Stage"),
    "a Serverless file": ("serverless.yml", SERVERLESS.replace("  - ${file(users.yml):tables}\n", ""), "suffix"),
}


@pytest.mark.parametrize("case", PARAMETERS)
def test_a_parameter_that_no_file_takes_is_an_error(tmp_path, capsys, case):
    name, text, known = PARAMETERS[case]
    path = str(written(tmp_path, text, name))
    arguments = [path, "--endpoint", "http://127.0.0.1:1", "--parameter", f"{known}=x", "--parameter", "Colour=red"]
    with pytest.raises(SystemExit, match="2"):
        load.main(arguments)
    line = capsys.readouterr().err
    assert line.startswith("dynamodb-emulator load: error: --parameter: no file takes the parameter Colour; the files ")
    assert known in line
    assert load.main(arguments[:-2]) == 2
    assert "does not answer" in capsys.readouterr().err


def test_a_file_without_parameters_takes_none(tmp_path, capsys):
    path = str(written(tmp_path, '{"id": {"S": "a"}}', "Orders.json"))
    with pytest.raises(SystemExit, match="2"):
        load.main([path, "--parameter", "Colour=red"])
    assert "no file takes the parameter Colour; the files take no parameters" in capsys.readouterr().err


def test_a_serverless_file_that_reads_others_may_take_any_parameter(tmp_path, capsys):
    written(tmp_path, "tables: {}", "users.yml")
    path = str(written(tmp_path, SERVERLESS, "serverless.yml"))
    assert load.main([path, "--endpoint", "http://127.0.0.1:1", "--parameter", "Colour=red"]) == 2
    assert "does not answer" in capsys.readouterr().err
