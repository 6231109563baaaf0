"""What can be learned from a hook."""

from dataclasses import dataclass

from runs.engine.lists import Item


@dataclass(frozen=True, slots=True)
class Heard:
    """Who a hook came from. `agent` is None for the session itself, else the id of one of its subagents.

    `lively`: only a session that goes on sends such a hook; any other may come late, after its end.
    """

    session: str
    event: str
    agent: str | None = None
    agent_type: str = ""
    folder: str = ""
    lively: bool = False


@dataclass(frozen=True, slots=True)
class Prompted:
    """A person has said what to do next: whatever the last turn was at is over."""

    text: str


@dataclass(frozen=True, slots=True)
class Listed:
    """The whole list of todos. `use`: the tool use that wrote it, to know it when it is told again."""

    items: tuple[Item, ...]
    use: str | None


@dataclass(frozen=True, slots=True)
class Task:
    """What was said of one task of the session's. None: nothing."""

    id: str
    status: str | None = None
    subject: str | None = None
    doing: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Launched:
    """A subagent is about to begin; its id is not known yet."""

    use: str
    content: str
    type: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What a launch came to. `running`: it goes on in the background. `error`: it failed."""

    use: str
    content: str
    type: str
    agent: str | None = None
    running: bool = False
    error: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Began:
    """The subagent that this hook came from, or is about, has begun."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """It has ended."""


@dataclass(frozen=True, slots=True)
class Used:
    """A tool is used, or was. `summary` is empty where there is nothing to show."""

    summary: str = ""


@dataclass(frozen=True, slots=True)
class Asks:
    """It waits for a person to allow something."""

    question: str


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The agent waits for what a person says next. `error`: the turn broke off."""

    error: str = ""


@dataclass(frozen=True, slots=True)
class SessionBegan:
    pass


@dataclass(frozen=True, slots=True)
class SessionEnded:
    pass


Fact = (
    Prompted
    | Listed
    | Task
    | Launched
    | Returned
    | Began
    | Stopped
    | Used
    | Asks
    | TurnEnded
    | SessionBegan
    | SessionEnded
)
