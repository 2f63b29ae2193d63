"""A local server that answers as Amazon DynamoDB does. README.md in this folder is the map."""
