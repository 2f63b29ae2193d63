"""The application of the example: it reads the orders, with nothing but the usual environment."""

import boto3

for order in boto3.resource("dynamodb").Table("Orders").scan()["Items"]:
    print(order["id"], order["state"])
