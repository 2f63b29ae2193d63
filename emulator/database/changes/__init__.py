"""What follows a write and outlives it: stream records, change logs, their readers, TTL queues."""
