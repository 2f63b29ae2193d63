"""The catalog: which tables exist, who owns them, their statuses and their attachments."""
