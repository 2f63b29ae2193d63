"""Lambda's event source mappings on streams, and the delivery of stream records to functions.

No module here does I/O, except that dead letters are written to a file.

The steps of a record from a write to a function, and the types in each step:

1. `configuration.load` returns the configured `Function`s: URLs, and callables of Python modules.
2. `api.Api` answers CreateEventSourceMapping. `requests` checks the request. `mappings.Mappings`
   stores an `EventSourceMapping` (mapping.py) and its first positions.
3. A write appends a stream record in its own transaction (`database/changes/log.py`). It does not
   notify this package.
4. The server calls `delivery.Delivery.due` every few milliseconds. A `LogConsumer`
   (database/changes/consumer.py) reads the stored rows of each shard, parent shards before their
   children, into `ShardLanes`. `ShardLanes` makes `Record`s (events.py) from the rows, drops the
   records that do not pass the `filters`, and puts each remaining record into a `Lane`.
5. For each lane that has a batch, `Delivery.due` returns an `Invocation`: the function, and the
   event as Lambda writes it.
6. `outbound.invoker` invokes the function: by HTTP, or in a child process that runs `child.py`. The
   invoker reports an `Outcome`.
7. `Delivery.finished` passes the outcome to the lane, which finds the first record that failed
   (`outcomes.first_failure`). Then the lane ends the batch, sends it again as a whole or in halves,
   or gives it up. `dead_letters` writes a line about each batch that is given up. For each shard,
   the first record that is not done is stored as the mapping's checkpoint.
"""
