import pytest
from django.contrib.auth.models import User

from tests.factories import plant
from todos.models import Todo


@pytest.fixture
def there(ada: User) -> Todo:
    """Ada's, with three subtasks: `b` has one of its own, `c` needs `a`."""
    parts = [
        {"key": "a", "content": "First", "estimated_seconds": 2.5, "executor": {"name": "read", "path": "x"}},
        {"key": "b", "content": "Second", "subtasks": [{"key": "b1", "content": "Below"}]},
        {"key": "c", "content": "Third", "depends_on": ["a"]},
    ]
    return plant(ada, "Review", subtasks=parts)
