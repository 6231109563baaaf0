"""What an attempt does: one module an executor, found by the name in the subtask's spec."""
