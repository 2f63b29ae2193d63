"""The engine on disk, over LMDB.

Code outside storage/ uses it through `storage.open_engine` and storage/data_folder.py.

storage/README.md lists the files in the order in which they import each other.
"""
