"""One set of promises, held by every backend on both databases: real servers, workers and agents."""

LEASE_SECONDS = 3  # of the servers there
