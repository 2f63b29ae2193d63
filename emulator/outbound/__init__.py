"""Calls from the server to functions (`invoker`), to Kinesis (`kinesis`) and to S3 (`s3_jobs`).

`emulator/event_sources/`, `emulator/kinesis/feed.py` and `emulator/s3_jobs/` decide what to call
and when. This package does the I/O.
"""
