"""The engine on disk, over LMDB. Code outside of this folder uses it through storage's doors.

Its modules import each other in one order only, which tests/test_architecture.py enforces:

    folder         whose a folder is, its files' modes, errors of the operating system
    files          the files that an open store keeps open
    identity       whether a folder's files are the ones we wrote or a copy
    verification   whether the pages of a copy are sound
    claim          one server for one folder
    room           what to do on a full disk
    residency      giving mapped memory back
    buckets        keys that are longer than LMDB allows
    environment    one open LMDB environment: opening, growing, LMDB's errors
    transactions   reading, walking and writing
    group          one synced commit for many write blocks
    engine         the engine itself
    snapshot       reading and copying a folder beside its server
"""
