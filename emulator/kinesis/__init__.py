"""Kinesis destinations: which records to put into a stream of Kinesis, and in which form.

`feed.py` decides which records to put now. `records.py` converts them. outbound/kinesis.py sends
them.
"""
