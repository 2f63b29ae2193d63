"""What the program does besides serving; each module is a command with a `main`."""
