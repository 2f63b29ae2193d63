"""Object storage: the buckets that exports write to, and imports and bulk operations read from.

A store has one small interface (`store.py`): find a bucket, list it, read an object as a stream,
write an object. There are two implementations:

| file        | a bucket is                                                       |
|-------------|-------------------------------------------------------------------|
| `folder.py` | a subfolder of one local folder                                   |
| `s3.py`     | a bucket of an S3-compatible endpoint; needs the extra `s3`       |

`opening.py` chooses one of them by the settings. All calls block, so the server makes them in
threads (outbound/s3_jobs.py).
"""
