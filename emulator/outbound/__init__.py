"""Calls from the server to other programs. Other packages decide what to call and when.

| file | job |
|---|---|
| `deliveries.py`, `invoker.py` | invoke functions with the records of `emulator/event_sources/` |
| `function_url.py`, `function_process.py` | run a function by its URL, or in a child process |
| `function_check.py` | checks, when the server starts, that functions can run |
| `kinesis.py` | puts the records of `emulator/kinesis/feed.py` to a Kinesis endpoint |
| `s3_jobs.py` | runs the jobs of `emulator/s3_jobs/`, with the I/O on objects in threads |
"""
