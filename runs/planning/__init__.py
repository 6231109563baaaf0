"""Plans: of problems in a file, and of todos. The rules are in `todos.plan`; here are files, processes and clocks."""
