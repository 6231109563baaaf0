"""Ways to split a todo: each is a function from its options to an outline of subtasks."""
