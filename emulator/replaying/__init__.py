"""Sends the requests of a recording (`--record`) to another endpoint, and compares the answers.

recording     reads the lines of a recording
comparing     finds the differences of two answers
substitutes   replaces values of the recorded run in requests, such as shard iterators
replaying     sends requests, waits for tables, counts differences
report        the output for the user, and the file of --report
"""
