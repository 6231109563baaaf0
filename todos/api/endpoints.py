"""The todos endpoints."""

from rest_framework.request import Request

from todos import actions, queries
from todos.rest.conditions import versions_expected
from todos.rest.endpoint import Endpoint
from todos.rest.operation import MEBIBYTE, Operation
from todos.rest.pages import Page, page
from todos.wire.answers import TodoAnswer, TodoDetail, TodoTree
from todos.wire.inputs import SubtaskIn, TodoChanges, TodoFilters, TodoIn

TREE_BYTES = 4 * MEBIBYTE


class Todos(Endpoint):
    @Operation({200: Page[TodoAnswer]}, query=TodoFilters)
    def get(self, request: Request, query: TodoFilters) -> Page[TodoAnswer]:
        """The todos there are: roots, children of one, or all."""
        rows = queries.listed(self.principal, query)
        return page(request, rows, query, queries.ORDERINGS, queries.answers)

    @Operation({201: TodoTree}, body=TodoIn, max_bytes=TREE_BYTES)
    def post(self, request: Request, body: TodoIn) -> TodoTree:
        """Makes a todo with everything below it, or nothing."""
        return queries.trees([actions.create(self.principal, body)])[0]


class OneTodo(Endpoint):
    @Operation({200: TodoDetail}, version="version")
    def get(self, request: Request, todo: int) -> TodoDetail:
        """One todo, and what is right below it."""
        return queries.detail(queries.get(self.principal, todo))

    @Operation({200: TodoDetail}, body=TodoChanges, refusals=(409, 412))
    def patch(self, request: Request, todo: int, body: TodoChanges) -> TodoDetail:
        """Changes the fields that are sent. `parent` moves it within its tree, `position` among its siblings."""
        found = queries.get(self.principal, todo)
        return queries.detail(actions.edit(self.principal, found, body, versions_expected(request)))

    @Operation({204: None}, refusals=(409,))
    def delete(self, request: Request, todo: int) -> None:
        """Deletes it and everything below it, unless something of that is in progress."""
        actions.delete(queries.get(self.principal, todo))


class Tree(Endpoint):
    @Operation({200: TodoTree}, version="version")
    def get(self, request: Request, todo: int) -> TodoTree:
        """One todo, and everything below it."""
        return queries.trees([queries.get(self.principal, todo)])[0]


class Subtasks(Endpoint):
    @Operation({201: TodoTree | list[TodoTree]}, body=SubtaskIn, many=True, refusals=(409,), max_bytes=TREE_BYTES)
    def post(self, request: Request, todo: int, body: SubtaskIn | list[SubtaskIn]) -> TodoTree | list[TodoTree]:
        """Adds a subtask with everything below it, or a list of them; answers alike."""
        found = queries.get(self.principal, todo)
        if isinstance(body, list):
            return queries.trees(actions.add(self.principal, found, body))
        return queries.trees(actions.add(self.principal, found, [body], bare=True))[0]
