"""Executors as subtasks name them. What each does stands in `runs/executors`."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from todos.rest.reading import Wire

DAY_SECONDS = 86_400

Line = Annotated[str, Field(min_length=1, max_length=4_000)]
Text = Annotated[str, Field(min_length=1, max_length=65_536)]
Query = Annotated[str, Field(min_length=1, max_length=4_000, pattern=r"^[^\r\n]*\S[^\r\n]*$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
Site = Annotated[str, Field(max_length=253, pattern=r"^-?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
SearchStrategy = Literal["content", "files", "symbols", "imports"]


def _once(words: list[str]) -> list[str]:
    if len(set(words)) < len(words):
        raise PydanticCustomError("twice", "each may be named once")
    return words


class Simulate(Wire):
    """Waits; fails the first times if told so."""

    name: Literal["simulate"]
    seconds: Annotated[float, Field(ge=0, le=DAY_SECONDS)] = 0
    fail_times: Annotated[int, Field(ge=0, le=1_000)] = 0


class Shell(Wire):
    """Runs a command line."""

    name: Literal["shell"]
    command: Text
    cwd: Line | None = None
    env: Annotated[dict[Variable, Annotated[str, Field(max_length=32_768)]], Field(max_length=100)] = {}


class Read(Wire):
    """Reads a file of the workspace."""

    name: Literal["read"]
    path: Line


class Search(Wire):
    """Searches the workspace for what stands in one line, by all strategies when none is named."""

    name: Literal["search"]
    query: Query
    strategies: Annotated[list[SearchStrategy], Field(min_length=1), AfterValidator(_once)] | None = None
    path: Line = "."


class Http(Wire):
    """Sends a request."""

    name: Literal["http"]
    url: Annotated[str, Field(max_length=4_000, pattern=r"^https?://[^\s/]")]
    method: Method = "GET"


class Agent(Wire):
    """Runs a coding agent: its command line, and the prompt it gets. `nested`: it may call this server, and add
    subtasks that only read, or any."""

    name: Literal["agent"]
    command: Annotated[list[Line], Field(min_length=1, max_length=200)]
    prompt: Text
    nested: Literal["read", "commands"] | None = None


class WebSearch(Wire):
    """Searches the web; of the sites named only, without those that have a minus before their name."""

    name: Literal["web_search"]
    query: Line
    domains: Annotated[list[Site], Field(max_length=20), AfterValidator(_once)] = []
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Python(Wire):
    """Calls a function that the server has registered."""

    name: Literal["python"]
    call: Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z_][A-Za-z0-9_.]*$")]
    arguments: Annotated[dict[str, Any], Field(max_length=100)] = {}


class Approval(Wire):
    """Asks a person."""

    name: Literal["approval"]
    question: Annotated[str, Field(min_length=1, max_length=10_000)]


Executor = Annotated[
    Simulate | Shell | Read | Search | Http | Agent | WebSearch | Python | Approval, Field(discriminator="name")
]
# Of what was done: it ends with the attempt, so it is nothing to wait for a person with.
Verifier = Annotated[Simulate | Shell | Read | Search | Http | Agent | WebSearch | Python, Field(discriminator="name")]
