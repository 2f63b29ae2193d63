"""Stored definitions of tables, indexes, streams and Kinesis destinations; ARNs."""
