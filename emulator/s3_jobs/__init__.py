"""Exports, imports and bulk operations: work between tables and the objects of buckets.

A request such as ImportTable only stores a job (database/definitions/s3_jobs.py). The owner process
runs the job in the background:

    Runner.due() ──▶ Work ──yields──▶ Call: blocking I/O, which outbound/s3_jobs.py runs in a thread
                                      Pause: seconds to wait before the next slice

- The work of a job is a generator (`Work`). Between two yields, it runs a slice of a few
  milliseconds on the thread that owns the database. A slice never reads or writes objects, never
  compresses, and never uses the library for Ion: a Call does that.
- Each slice stores its changes and the progress of the job in one transaction. So after the process
  was killed, the job continues where its last slice ended, and does nothing twice.
- A job has at most one batch of records in memory.
- An ObjectError ends a job as FAILED, with the code of the error. If the disk is full, a job waits.

| file           | job                                                                      |
|----------------|--------------------------------------------------------------------------|
| `work`         | what the work of a job yields; running a job without a server            |
| `reading`      | reads records from objects, batch by batch                               |
| `local_log`    | a local file of the records that a job refused                           |
| `storing`      | converts a record to an item of a table, or to an error                  |
| `importing`    | ImportTable                                                              |
| `putting`      | StartBulkPutItems                                                        |
| `outputs`      | objects that jobs write: data files and manifests                        |
| `exporting`    | ExportTableToPointInTime                                                 |
| `runner`       | runs the unfinished jobs                                                 |
"""
