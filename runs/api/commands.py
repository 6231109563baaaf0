"""Commands over REST: what agents are told with the answer to their next heartbeat."""

from typing import Any, Literal

from rest_framework.request import Request
from typing_extensions import TypedDict

from runs import access, tokens
from runs.external import agents, commands
from todos.problems import Conflict
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import Operation
from todos.rest.reading import Wire
from todos.wire.inputs import Priority


class CommandIn(Wire):
    """`data` is passed on as it is."""

    command: Literal["cancel", "pause", "message"]
    priority: Priority = commands.NORMAL
    data: Any = None


@closed
class CommandId(TypedDict):
    id: str


class AgentCommands(Endpoint):
    """`POST /agents/{id}/commands/`"""

    @Operation({200: CommandId}, body=CommandIn, refusals=(409,))
    def post(self, request: Request, agent: int, body: CommandIn) -> CommandId:
        found = agents.get(self.principal, agent)
        if found.token_id is None and not tokens.lent_now().filter(attempt__agent=found).exists():
            raise Conflict("it works for the server itself, and asks for no commands", current=found.kind)
        return {"id": str(commands.tell([found.pk], body.command, body.data, priority=body.priority).pk)}


class RunBroadcast(Endpoint):
    """`POST /runs/{id}/broadcast/`"""

    @Operation({200: CommandId}, body=CommandIn)
    def post(self, request: Request, run: int, body: CommandIn) -> CommandId:
        found = access.run_for(self.principal, run)
        return {"id": str(commands.broadcast(found.pk, body.command, body.data, priority=body.priority).pk)}
