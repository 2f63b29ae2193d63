"""Change records for Kinesis Data Streams: reading change logs and forming records; emulator/http sends them."""
