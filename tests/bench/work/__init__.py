"""Programs of the benchmark. Each prints one JSON object as its last line, and runs in a process of its own."""
