"""Makes records for Kinesis Data Streams from change logs. outbound/kinesis.py sends them."""
