"""Kinesis destinations: the records of a table's changes that go to a Kinesis data stream.

`feed.py` decides which records to send now. `records.py` converts records to the form that Kinesis
gets. `outbound/kinesis.py` sends the records.
"""
