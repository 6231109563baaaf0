"""What can be done to todos. Pages, REST, admin and runs all come through here.

Each action is one transaction that holds the root of its tree, so two changes of one tree take turns.
"""

from todos.actions.editing import edit
from todos.actions.following import follow
from todos.actions.planting import add, create, loose, preview
from todos.actions.removing import delete

__all__ = ["add", "create", "delete", "edit", "follow", "loose", "preview"]
