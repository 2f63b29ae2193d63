"""The comparison over HTTP: this server beside its peers and beside what its own parts allow, in
one run.

The way of one figure, file by file:

1. `targets` says what is compared and how each server is started, `processes` starts and ends it and reads its CPU and memory;
2. `workloads` says what is sent (bodies and items are those of `tests/bench`), `datasets` what the tables hold before;
3. `endpoint` runs one workload on one server: through `wrk` (with `load.lua`), or by `loops`, one request after another;
4. `rates`, `startup` and `scale` decide the order, interleaved over rounds, and yield a line (a dict) for each measurement;
5. `runs` reads the lines again: medians, and ratios inside the rounds; `aims` compares them with `aims.toml`;
6. `report` makes the Markdown, `chart` the SVG, `publish` the files. `__main__` is the command.

Only ratios of the same run mean anything: on a shared machine the absolute figures drift.
"""
