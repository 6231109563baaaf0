"""What subtasks claim: how much there is, who holds it, who waits for it."""
