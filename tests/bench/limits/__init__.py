"""What the server's parts allow: a toy ASGI application on uvicorn, orjson and LMDB or SortedDict.
Not an emulator.

It has no validation, expressions or errors, just enough for `tests/bench/compare` to run against
it, and so bounds from above what an emulator on the same parts can reach. `app` is the application,
`operations` what it answers, `stores` where it keeps items.
"""
