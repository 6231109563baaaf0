"""Starting a command so that it cannot do more than it may, and ending it with all that it started.

`launcher.py` is the program: it begins as a small interpreter of its own with the standard library alone, takes an
order from the server, builds what confines the command (`namespaces.py`, or `landlock.py`, and `filters.py`), starts
it, and watches over it (`supervise.py`) until it ends or must end. The server's side is `runs/executors/commands.py`.
"""
