"""HTTP from the socket to the emulator and back, for DynamoDB's path, `/`.

1. `connection` takes requests from our own sockets: `requests` parses, `states` says when a
   connection reads and closes, `outbox` sends. `asgi` takes requests from another ASGI server.
2. `dynamodb` has the protocol without I/O: it takes the parts of a request and returns an answer.
   `auth`, `encoding`, `answers` and `other_services` are parts of the protocol.
3. `commits` and `held_answers` hold answers until their writes are committed. `sliced_answers`
   makes long answers in slices. `bodies` bounds the memory of incomplete requests.
4. `cycle` lets an ASGI application answer every other path over a connection of ours. `origins` has
   the rules about web pages, for `/` and for the other paths.

`front` has what all requests of a process share.
"""
