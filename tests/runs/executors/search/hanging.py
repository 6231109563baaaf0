"""For the children of a search: no file is known that keeps the parser busy for ever, so this one does."""

from typing import Any, NoReturn

from runs.executors.search import names


def hang(path: str, data: bytes, tags: Any = None) -> NoReturn:
    while True:
        pass


names.definitions = hang
