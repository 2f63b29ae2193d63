"""A local server that answers as Amazon DynamoDB does.

The life of a request, from right to left through the layers:

1. `http.connection` (over any ASGI server `http.asgi`) collects a request; `http.protocol.Protocol` checks size, method,
   content type, JSON, target and credentials in the service's order, and finds the `Caller` (access key, region, their
   tables).
2. `app.Emulator.call` finds the `operations.registry.Operation` of that name. Between requests it lets `clock.Background`
   run one slice of long work.
3. The operation's `model.RequestModel` turns JSON into a `Request`: types first (SerializationException), attribute values
   made canonical by `values.wire`, then member constraints ("N validation errors detected").
4. The operation's *check* (`operations/<family>.py`) looks at the request alone: which parameters go together, attribute
   values, expressions (`expressions.bind`: parsed, analysed, compiled, cached).
5. Its *handler* finds the `database.schema.Table` through `database.Database`, checks keys against it, opens a read or
   write transaction of the `storage` engine, and calls `database.read` or `database.write`. Storage keys come from
   `database.keyspace`, rows from `values.wire`.
6. `database.write.store` is the only code that changes an item: index entries, statistics, the queue of TTL
   (`database.ttl`) and stream records (`database.stream_log`) follow in the same transaction.
7. The handler answers with finished JSON bytes, mostly stored rows spliced together; the protocol adds request id and crc.
   With synced commits the answer waits for one that many share (`http.commits`). What is answered in one turn of the event
   loop is sent together (`http.outbox`).

An answer that takes long is made in slices between which other requests are answered: its handler raises
`slices.Sliced`, the protocol `http.turns.Pending`, and the connection sends the answer when the last slice is done.

What is nobody's request (sweeps, turning of streams) is due by `clock.Scheduler` and done in slices by `clock.Background`;
the store's own needs (syncs, room, memory) are seen to by `http.upkeep`.
Several processes (`http.workers`) share one folder; how each notices what another has changed: `database.versions`.

Which requests of web pages `/_emulator/` and Lambda's API refuse is decided in `http.origins`.

A request to a path of Lambda's API goes from `http.lambda_api` to `functions.service` instead; how records of streams get to
functions is told in `functions/__init__.py`.

An `errors.ApiError` raised anywhere becomes the answer in `http.protocol`, and only there.
"""
