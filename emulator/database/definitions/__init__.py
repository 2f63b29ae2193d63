"""What is stored about tables, indexes, streams and Kinesis destinations, as frozen values; and ARNs."""
