# Creates the table of the example with one item. It runs at each start, so the table may exist.
set -e
if ! aws dynamodb describe-table --table-name Orders >/dev/null 2>&1; then
    aws dynamodb create-table --table-name Orders --billing-mode PAY_PER_REQUEST \
        --attribute-definitions AttributeName=id,AttributeType=S --key-schema AttributeName=id,KeyType=HASH
fi
aws dynamodb put-item --table-name Orders --item '{"id": {"S": "o-1"}, "state": {"S": "paid"}}'
