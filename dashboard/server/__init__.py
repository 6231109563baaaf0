"""The server process: how it listens, whom it lets in, how it ends."""
