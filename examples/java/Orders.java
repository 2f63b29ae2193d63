import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/** Run it with `dynamodb-emulator exec -- java -cp "LIBRARIES/*" Orders.java`. */
class Orders {
    public static void main(String[] arguments) {
        // Nothing here names the server: AWS_ENDPOINT_URL and AWS_REGION do.
        try (DynamoDbClient client = DynamoDbClient.create()) {
            client.createTable(table -> table
                .tableName("Orders")
                .billingMode(BillingMode.PAY_PER_REQUEST)
                .attributeDefinitions(each -> each.attributeName("id").attributeType(ScalarAttributeType.S))
                .keySchema(each -> each.attributeName("id").keyType(KeyType.HASH)));
            client.waiter().waitUntilTableExists(table -> table.tableName("Orders"));
            AttributeValue id = AttributeValue.fromS("o-1");
            Map<String, AttributeValue> order = Map.of("id", id, "state", AttributeValue.fromS("paid"));
            client.putItem(put -> put.tableName("Orders").item(order));
            System.out.println(client.getItem(get -> get.tableName("Orders").key(Map.of("id", id))).item().get("state").s());
        }
    }
}
