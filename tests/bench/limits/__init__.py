"""A toy ASGI application on the server's libraries: uvicorn, orjson, and LMDB or SortedDict.

It shows the highest speed that an emulator on these libraries can reach. It is not an emulator: it
has no validation, expressions or errors, and only the operations that `tests/bench/compare` needs.
`app` is the application, `operations` has the operations, `stores` keeps items.
"""
