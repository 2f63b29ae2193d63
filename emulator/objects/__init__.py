"""Object storage: the buckets for exports, imports and bulk operations.

`store.py` has a small interface: find a bucket, list it, read an object as a stream, write an
object. There are two implementations:

| file        | form of a bucket                                                  |
|-------------|-------------------------------------------------------------------|
| `folder.py` | a subfolder of one local folder                                   |
| `s3.py`     | a bucket of an S3-compatible endpoint; needs the extra `s3`       |

`opening.py` selects one of them by the settings. All calls block, so the server makes them in
threads (outbound/s3_jobs.py).
"""
