"""The comparison over HTTP: this server, its peers, and a toy server, in one run.

The toy server (`tests/bench/limits`) uses the same libraries as this server.

How a figure is made, file by file:

1. `targets` lists the servers and their commands. `processes` starts and stops a server and
   measures its CPU and memory.
2. `workloads` lists the requests, with bodies and items of `tests/bench`. `datasets` lists the
   tables.
3. `endpoint` runs one workload on one server, either through `wrk` (with `load.lua`) or through
   `loops`, which sends one request after another.
4. `rates`, `startup` and `scale` decide which server runs what in which round, and yield a line (a
   dict) for each measurement.
5. `runs` reads the lines. It computes medians over the rounds, and ratios between figures of the
   same round. `aims` compares the ratios with `aims.toml`.
6. `report` makes the Markdown and `chart` the SVG. `publish` writes the files. `__main__` is the
   command.

Compare only ratios of the same run: on a shared machine, absolute figures drift.
"""
