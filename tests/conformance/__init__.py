"""One set of promises, held by every backend on both databases: real servers, workers and agents."""

LEASE_SECONDS = 6  # of the servers there: for less a busy machine may keep somebody waiting who is well
