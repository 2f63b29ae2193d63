"""What a test tells the emulator: to move the clock, to enforce throughput, to sweep, to copy.

A control takes JSON and returns JSON. It knows nothing of HTTP.
"""
