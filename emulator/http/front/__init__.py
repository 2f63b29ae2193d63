"""HTTP from the socket to the emulator and back: what answers DynamoDB's own path, `/`.

`connection` speaks HTTP/1.1 itself, `asgi` does the same under any ASGI server. `dynamodb` has the
protocol without I/O: the parts of a request in, an answer out. `auth`, `encoding` and `origins` are
its pieces. `commits` holds answers until their writes are committed, `turns` makes long answers in
slices, `outbox` sends what one turn of the event loop has answered, and `bodies` bounds the memory
of incomplete requests.
"""
