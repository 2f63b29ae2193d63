"""Calls from the server to functions (`invoker`) and to a Kinesis endpoint (`kinesis`).

`emulator/event_sources/` and the Kinesis feed decide what to call and when. This package does the
I/O.
"""
