"""Functions on streams: Lambda's event source mappings, and what they do.

Nothing here does I/O but writing the file of dead letters.

The way of a record, through every type:

1. `configuration.load` says which `Function` there are: URLs, and callables of Python modules.
2. `api.Api` answers CreateEventSourceMapping: `requests` checks it, an `EventSourceMapping` (mapping.py) is stored
   (`mappings.Mappings`) with the positions at which it begins.
3. A write appends a stream record in its own transaction (`database.stream_log`); nobody is told.
4. Whoever serves calls `delivery.Delivery.due` every few milliseconds. A `Reader` for each shard, parents before their
   children, makes stored rows `Record`s (events.py), leaves out what the `filters` do not let pass, and puts the rest
   into a `Lane`.
5. A lane that has a batch gives an `Invocation`: the function, and the event as Lambda writes it.
6. `http.invoker` invokes the function: HTTP, or a process of its own that runs `child.py`. It reports an `Outcome`.
7. The lane takes it (`outcomes.first_failure`): done, tried again, halved, or given up, which makes a line in
   `dead_letters`. The reader's position is stored as the mapping's checkpoint.
"""
