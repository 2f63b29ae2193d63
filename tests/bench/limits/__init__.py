"""A toy ASGI application on the server's parts: uvicorn, orjson, and LMDB or SortedDict.

It shows the highest speed that an emulator on these parts can reach. It is not an emulator: it has
no validation, expressions or errors, and just enough for `tests/bench/compare`. `app` is the
application, `operations` has the operations, `stores` keeps items.
"""
