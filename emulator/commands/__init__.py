"""The program's commands besides serving. Each module is a command with a `main`."""
