"""Functions on streams: Lambda's event source mappings, and what they do.

Nothing here does I/O, except for writing the file of dead letters.

The way of a record, with every type on it:

1. `configuration.load` returns the configured `Function`s: URLs, and callables of Python modules.
2. `api.Api` answers CreateEventSourceMapping. `requests` checks the request. An
   `EventSourceMapping` (mapping.py) is stored (`mappings.Mappings`) with the positions at which it
   begins.
3. A write appends a stream record in its own transaction (`database/changes/log.py`). It notifies
   nobody.
4. The server calls `delivery.Delivery.due` every few milliseconds. A `LogConsumer`
   (database/changes/consumer.py) reads the stored rows of each shard, parents before their
   children, into `ShardLanes`. These make `Record`s (events.py) of the rows, leave out those that
   the `filters` do not pass, and put the others into a `Lane`.
5. A lane that has a batch gives an `Invocation`: the function, and the event as Lambda writes it.
6. `outbound.invoker` invokes the function: by HTTP, or in a process of its own that runs
   `child.py`. It reports an `Outcome`.
7. `Delivery.finished` gives the outcome to the lane, which finds the first record that failed
   (`outcomes.first_failure`). The batch is done, sent again, halved, or given up, which makes a
   line in `dead_letters`. The position of each shard is stored as the mapping's checkpoint.
"""
