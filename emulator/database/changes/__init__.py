"""Stream records, change logs and their readers, and TTL queues."""
