// Run it with `dynamodb-emulator exec -- go run orders.go`.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func main() {
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx)
	check(err)
	client := dynamodb.NewFromConfig(settings, func(options *dynamodb.Options) {
		// Newer versions of the SDK read AWS_ENDPOINT_URL and need no options.
		options.EndpointResolver = dynamodb.EndpointResolverFromURL(os.Getenv("AWS_ENDPOINT_URL"))
	})
	_, err = client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:            aws.String("Orders"),
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	check(err)
	key := map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "o-1"}}
	order := map[string]types.AttributeValue{"id": key["id"], "state": &types.AttributeValueMemberS{Value: "paid"}}
	_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("Orders"), Item: order})
	check(err)
	answer, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("Orders"), Key: key})
	check(err)
	fmt.Println(answer.Item["state"].(*types.AttributeValueMemberS).Value)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
