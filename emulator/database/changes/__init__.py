"""What follows a write and lives on: stream records and change logs with their shards, and the queue of expiry times."""
