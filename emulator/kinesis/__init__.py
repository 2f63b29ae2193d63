"""Converts records of change logs for Kinesis Data Streams. outbound/kinesis.py sends them."""
