"""What the tests of the buttons and forms of a todo look at."""

from typing import Any

from django.contrib.messages import get_messages
from django.test import Client

from todos.models import Todo


def order(todo: Todo) -> list[str]:
    return list(Todo.objects.filter(parent=todo).order_by("position").values_list("key", flat=True))


def said(response: Any) -> str:
    return str(list(get_messages(response.wsgi_request))[-1])


def in_page(path: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Current-URL": f"http://testserver{path}"}


def entered(client: Client, todo: Todo, **fields: str) -> dict[str, str]:
    """The form of a todo as a browser would send it, with these fields changed."""
    form = client.get(f"/todos/{todo.pk}/edit/").context["form"]
    sent = {name: one.text for name, one in form.fields.items() if one.kind != "flag" or one.text}
    return sent | {"version": form.version} | fields
