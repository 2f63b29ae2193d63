"""Exports, imports and bulk operations: work between tables and the objects of buckets.

An operation of the service saves a job (database/definitions/s3_jobs.py). The process that owns the
background work runs it, beside requests:

    Runner.due() ──▶ Work ──yields──▶ Call: blocking I/O; outbound/s3_jobs.py makes it in a thread
                                      Pause: the seconds until the next step

- The work of a job is a generator. Between two yields it runs on the thread that owns the database,
  for a few milliseconds: a slice. Only calls touch objects, compression and the library for Ion.
- Each slice stores what it did and how far the job is in one transaction. So a job goes on after a
  kill where its last slice ended, and does nothing twice.
- A job never holds more than one batch of records in memory.
- ObjectError ends a job as FAILED, with its code. A full disk makes it wait.

| file           | job                                                                      |
|----------------|--------------------------------------------------------------------------|
| `work`         | what work yields, and running it without a server                        |
| `reading`      | from objects to records, batch by batch                                  |
| `local_log`    | records that were refused, in a local file                               |
| `storing`      | a record becomes an item of a table, or an error                         |
| `importing`    | ImportTable                                                              |
| `putting`      | StartBulkPutItems                                                        |
| `outputs`      | objects that jobs write: data files and manifests                        |
| `exporting`    | ExportTableToPointInTime                                                 |
| `runner`       | which jobs run                                                           |
"""
