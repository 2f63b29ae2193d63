"""Each waiter and paginator that botocore has for one of our services runs once.

A test compares our rows with botocore's lists, so it fails if a newer botocore has a waiter or
paginator without a row.
"""

from functools import cache

import boto3
import botocore.session
import pytest
from botocore import xform_name

from tests.support.http_clients import boto_options
from tests.support.kinesis import fake_kinesis
from tests.support.servers import running
from tests.support.tables import new_name, table_request

SERVICES = ("dynamodb", "dynamodbstreams", "application-autoscaling")
DYNAMODB = {"ServiceNamespace": "dynamodb"}
SCALED = "dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits"
KINESIS = "KinesisStreamingDestinationActive"
SOON = {"Delay": 1, "MaxAttempts": 30}


@cache
def models(kind):
    """Return (service, name) of all waiters if kind is "waiters-2".

    Return those of all paginators if kind is "paginators-1".
    """
    loader = botocore.session.get_session().get_component("data_loader")
    found = set()
    for service in SERVICES:
        if kind in loader.list_available_services(kind) or service in loader.list_available_services(kind):
            model = loader.load_service_model(service, kind)
            found |= {(service, name) for name in model["waiters" if kind == "waiters-2" else "pagination"]}
    return found


class World:
    """Makes what waiters wait for and paginators list: tables, jobs, scalable targets."""

    def __init__(self, url, client, bucket, make_table):
        self.url, self.client, self.bucket, self.make_table = url, client, bucket, make_table

    def api(self, service):
        return boto3.client(service, **boto_options(self.url))

    def recoverable(self):
        """Return the ARN of a new table with point-in-time recovery."""
        table = self.make_table()
        on = {"PointInTimeRecoveryEnabled": True}
        self.client.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=on)
        return self.client.describe_table(TableName=table)["Table"]["TableArn"]

    def bulk(self):
        self.bucket.put_items("in", [{"pk": {"S": "a"}, "sk": {"S": "a"}}])
        source = {"S3Bucket": self.bucket.name, "S3KeyPrefix": "in", "InputFormat": "DYNAMODB_JSON"}
        begun = self.client.start_bulk_put_items(
            InputS3Configuration=source, OutputS3Configuration={"OutputType": ["ERROR"]}, TableName=self.make_table()
        )
        return begun["BulkOperationDescription"]["BulkOperationArn"]

    def scaled(self):
        """Make a table with a scalable target, policy and action for each dimension.

        Return the members that name the table in a request.
        """
        units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
        resource = f"table/{self.make_table(BillingMode='PROVISIONED', ProvisionedThroughput=units)}"
        scaling = self.api("application-autoscaling")
        for dimension in SCALED:
            place = {**DYNAMODB, "ResourceId": resource, "ScalableDimension": dimension}
            scaling.register_scalable_target(**place, MinCapacity=2, MaxCapacity=9)
            metric = {
                "PredefinedMetricType": f"DynamoDB{dimension.rpartition(':')[2][: -len('CapacityUnits')]}CapacityUtilization"
            }
            policy = {"TargetValue": 50, "PredefinedMetricSpecification": metric}
            scaling.put_scaling_policy(**place, PolicyName="p", TargetTrackingScalingPolicyConfiguration=policy)
            action = {"Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 1}}
            scaling.put_scheduled_action(**place, ScheduledActionName="s", **action)
        return {**DYNAMODB, "ResourceId": resource}


# --- waiters --------------------------------------------------------------------------------------


def existing(world):
    return {"TableName": world.make_table()}


def deleted(world):
    return {"TableName": new_name()}


def insights(world):
    table = world.make_table()
    world.client.update_contributor_insights(TableName=table, ContributorInsightsAction="ENABLE")
    return {"TableName": table}


def destination(client, table):
    arn = f"arn:aws:kinesis:us-east-1:123456789012:stream/{table}"
    client.enable_kinesis_streaming_destination(TableName=table, StreamArn=arn)
    return {"TableName": table}


def export(world):
    begun = world.client.export_table_to_point_in_time(TableArn=world.recoverable(), S3Bucket=world.bucket.name)
    return {"ExportArn": begun["ExportDescription"]["ExportArn"]}


def imported(world):
    world.bucket.put("rows.csv", "pk\na\n")
    begun = world.client.import_table(
        S3BucketSource={"S3Bucket": world.bucket.name, "S3KeyPrefix": "rows"},
        InputFormat="CSV",
        TableCreationParameters={
            "TableName": new_name(),
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )
    return {"ImportArn": begun["ImportTableDescription"]["ImportArn"]}


def bulk(world):
    return {"BulkOperationArn": world.bulk()}


WAITERS = {
    ("dynamodb", "BulkOperationCompleted"): bulk,
    ("dynamodb", "ContributorInsightsEnabled"): insights,
    ("dynamodb", "ExportCompleted"): export,
    ("dynamodb", "ImportCompleted"): imported,
    ("dynamodb", KINESIS): destination,  # this one runs on a server with --kinesis-endpoint
    ("dynamodb", "TableExists"): existing,
    ("dynamodb", "TableNotExists"): deleted,
}


# --- paginators: each returns a request, and how many results it must find at least ---------------


def backups(world):
    table = world.make_table()
    for name in ("first", "second", "third"):
        world.client.create_backup(TableName=table, BackupName=name)
    return {"TableName": table}, 3


def tables(world):
    world.make_table()
    world.make_table()
    return {}, 2


def operations(world):
    for arn in (world.bulk(), world.bulk()):
        world.client.get_waiter("bulk_operation_completed").wait(BulkOperationArn=arn, WaiterConfig=SOON)
    return {}, 2


def items(world):
    table = world.make_table()
    for number in range(3):
        world.client.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"S": str(number)}})
    return {"TableName": table}, 3


def queried(world):
    request, count = items(world)
    values = {":a": {"S": "a"}}
    return {**request, "KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": values}, count


def tags(world):
    table = world.make_table(Tags=[{"Key": str(number), "Value": "v"} for number in range(11)])
    return {"ResourceArn": world.client.describe_table(TableName=table)["Table"]["TableArn"]}, 11


def scaled(world):
    return world.scaled(), 2


PAGINATORS = {
    ("dynamodb", "ListBackups"): backups,
    ("dynamodb", "ListBulkOperations"): operations,
    ("dynamodb", "ListTables"): tables,
    ("dynamodb", "ListTagsOfResource"): tags,
    ("dynamodb", "Query"): queried,
    ("dynamodb", "Scan"): items,
    ("application-autoscaling", "DescribeScalableTargets"): lambda world: (
        {**DYNAMODB, "ResourceIds": [world.scaled()["ResourceId"]]},
        2,
    ),
    ("application-autoscaling", "DescribeScalingActivities"): scaled,
    ("application-autoscaling", "DescribeScalingPolicies"): scaled,
    ("application-autoscaling", "DescribeScheduledActions"): scaled,
}


WHOLE = ("ListTagsOfResource",)
"""Paginators of operations without a member for the length of a page."""


@pytest.fixture
def world(endpoint, client, bucket, make_table):
    return World(endpoint, client, bucket, make_table)


def test_every_waiter_and_paginator_has_a_row():
    assert models("waiters-2") == WAITERS.keys()
    assert models("paginators-1") == PAGINATORS.keys()


@pytest.mark.parametrize(("service", "name"), [row for row in WAITERS if row[1] != KINESIS])
def test_a_waiter(world, service, name):
    request = WAITERS[service, name](world)
    world.api(service).get_waiter(xform_name(name)).wait(**request, WaiterConfig=SOON)


def test_the_waiter_for_a_stream_of_kinesis():
    with fake_kinesis() as kinesis, running("--in-memory", "--kinesis-endpoint", kinesis.url) as server:
        client = boto3.client("dynamodb", **boto_options(server.url))
        made = table_request()
        client.create_table(**made)
        request = destination(client, made["TableName"])
        client.get_waiter(xform_name(KINESIS)).wait(**request, WaiterConfig=SOON)


@pytest.mark.parametrize(("service", "name"), PAGINATORS)
def test_a_paginator(world, service, name):
    request, count = PAGINATORS[service, name](world)
    paginator = world.api(service).get_paginator(xform_name(name))
    whole = paginator.paginate(**request).build_full_result()
    pages = {} if name in WHOLE else {"PaginationConfig": {"PageSize": 1}}
    (result, *_) = paginator.result_keys
    found = [each for page in paginator.paginate(**request, **pages) for each in result.search(page) or ()]
    assert found == result.search(whole)
    assert len(found) >= count
