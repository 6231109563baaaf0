"""One set of promises, held by every backend on both databases: real servers, workers and agents."""
