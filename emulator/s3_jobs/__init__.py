"""Exports, imports and bulk operations: work between tables and the objects of buckets.

An operation of the service saves a job (database/definitions/s3_jobs.py). The owner process runs it
in the background:

    Runner.due() ──▶ Work ──yields──▶ Call: blocking I/O; outbound/s3_jobs.py makes it in a thread
                                      Pause: the seconds until the next step

- The work of a job is a generator. Between two yields, it runs a slice of a few milliseconds on the
  thread that owns the database. A slice never reads or writes objects, compresses, or uses the
  library for Ion. Such work is done in a Call.
- Each slice stores its effects and the progress of the job in one transaction. So after a kill, a
  job continues where its last slice ended, and does nothing twice.
- A job never has more than one batch of records in memory.
- ObjectError ends a job as FAILED, with its code. A full disk makes it wait.

| file           | job                                                                      |
|----------------|--------------------------------------------------------------------------|
| `work`         | the objects that work yields, and running it without a server            |
| `reading`      | reading records from objects, batch by batch                             |
| `local_log`    | refused records, in a local file                                         |
| `storing`      | converting a record to an item of a table, or an error                   |
| `importing`    | ImportTable                                                              |
| `putting`      | StartBulkPutItems                                                        |
| `outputs`      | objects that jobs write: data files and manifests                        |
| `exporting`    | ExportTableToPointInTime                                                 |
| `runner`       | running the unfinished jobs                                              |
"""
