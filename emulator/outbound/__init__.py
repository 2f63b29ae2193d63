"""Calls from the server to other programs. Other packages decide what to call and when.

| file | I/O of |
|---|---|
| `invoker.py`, `deliveries.py` | `emulator/event_sources/`: invoke functions |
| `function_url.py`, `function_process.py` | a function with a URL; a function in a child process |
| `function_check.py` | the check at the start that functions can run |
| `kinesis.py` | `emulator/kinesis/feed.py`: puts records |
| `s3_jobs.py` | `emulator/s3_jobs/`: reads and writes objects in threads |
"""
