"""HTTP from the socket to the emulator and back, for DynamoDB's path, `/`.

1. `connection` takes requests from our own sockets: `requests` parses them, `outbox` sends
   answers. The base class of a connection, in `flow_control`, decides when the connection reads
   and closes, by the states in `states`. `asgi` takes requests from another ASGI server.
2. `dynamodb` has the protocol without I/O: it takes the parts of a request and returns an answer.
   `auth`, `encoding`, `answers` and `other_services` are parts of the protocol.
3. `commits` and `held_answers` hold answers until their writes are committed. `sliced_answers`
   makes long answers in slices. `bodies` bounds the memory of incomplete requests.
4. `cycle` lets an ASGI application, the site, answer all other paths over our own connections.
   `origins` has the rules for requests from web pages.

`front` has the objects that all requests of a process share. `observed` reports requests to
observers. `reading` parses large requests in another thread, and `collector_pause` keeps garbage
collection off meanwhile. `failures` logs what went wrong.
"""
