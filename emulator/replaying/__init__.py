"""Sends the requests of a recording (`--record`) to another endpoint, and compares the answers.

recording     reads the requests of a recording
comparing     finds the differences between two answers
substitutes   replaces recorded values in requests, such as shard iterators, by new ones
replaying     sends the requests, waits for tables, counts differences
report        prints the differences, and writes the file of --report
"""
