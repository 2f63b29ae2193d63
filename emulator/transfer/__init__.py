"""Moves tables and items between files and servers, and from one server to another.

This is the work of `load`, `dump`, `diff` and `--init`.

The formats of the files are in emulator/formats. An `Endpoint` (`endpoints.py`) is one of these: a
server that is called over HTTP, AWS itself, or the emulator in this process (`--init`).

| file         | work                                                                    |
|--------------|-------------------------------------------------------------------------|
| `endpoints`  | the calls to a server that all this work needs; AWS with credentials    |
| `progress`   | the output for the user during long work: counts, rates, problems       |
| `tables`     | finding, creating and describing tables                                 |
| `writing`    | putting items in batches, in order, with retries                        |
| `loading`    | from files to a server                                                  |
| `frozen`     | the items of tables, all from the same moment if possible               |
| `dumping`    | from a server to files                                                  |
| `initial`    | `--init`: loading before a server is ready                              |
| `copying`    | from another server, by a parallel scan that can be resumed             |
| `comparing`  | comparing two tables, item by item                                      |
"""
