"""The engine on disk, which stores its data with the library LMDB.

Code outside storage/ uses the engine through `storage.open_engine` and storage/data_folder.py.
storage/README.md lists the files of this package: each file imports only from files above it.
"""
