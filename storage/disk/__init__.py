"""The engine on disk, over LMDB. Code outside of storage/ reaches it through storage's doors.

storage/README.md lists the files in the order in which they import each other.
"""
