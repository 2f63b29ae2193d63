"""Moves tables and items between files and servers, and from one server to another.

The commands `load`, `dump` and `diff` and the flag `--init` use this package. The formats of the
files are in emulator/formats. An `Endpoint` is one of three: a server that is called over
HTTP, AWS itself, or the emulator in this process (`--init`).

| file         | work                                                                    |
|--------------|-------------------------------------------------------------------------|
| `endpoints`  | the interface of an `Endpoint`                                          |
| `aws`        | AWS itself as an `Endpoint`, with credentials                           |
| `progress`   | the output for the user during long work: counts, rates, problems       |
| `tables`     | finding, creating and describing tables                                 |
| `writing`    | putting items in batches, in order, with retries                        |
| `loading`    | loading files into a server                                             |
| `frozen`     | reading items of tables, all as of one moment if the server can do it   |
| `dumping`    | writing tables of a server to files                                     |
| `initial`    | `--init`: loading files before a server is ready                        |
| `copying`    | copying a table from another server, by a parallel scan                 |
| `comparing`  | comparing two tables, item by item                                      |
"""
