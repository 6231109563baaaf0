"""`POST /hooks/…/`: what agents' tools send, as it is. Whatever comes, the agent is not held up: 200 with `{}`."""

import logging
from typing import Any

from rest_framework.request import Request
from typing_extensions import TypedDict

from runs.api.runs import MAKERS
from runs.hooks import acp, claude_code
from runs.tracking import hooked, lists, reporters
from todos.problems import Refused
from todos.rest import strict_json
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import MEBIBYTE, Operation

log = logging.getLogger(__name__)


@closed
class Nothing(TypedDict):
    """An agent is told nothing."""


class ClaudeCode(Endpoint):
    """`POST /hooks/claude-code/`"""

    @Operation({200: Nothing}, scopes=MAKERS, refusals=(413,), max_bytes=4 * MEBIBYTE)
    def post(self, request: Request) -> Nothing:
        try:
            found = claude_code.read(_payload(request))
            if found is not None:
                hooked.write(self.principal, *found)
        except (Refused, reporters.TooMany) as refused:
            log.warning("a hook could not be written: %s", refused)
        return {}


class AgentClientProtocol(Endpoint):
    """`POST /hooks/acp/`"""

    @Operation({200: Nothing}, scopes=MAKERS, refusals=(413,), max_bytes=4 * MEBIBYTE)
    def post(self, request: Request) -> Nothing:
        try:
            found = acp.read(_payload(request))
            if found is not None:
                lists.put_any(self.principal, *found, reporters.default_name(self.principal))
        except (Refused, reporters.TooMany) as refused:
            log.warning("a plan could not be written: %s", refused)
        return {}


def _payload(request: Request) -> Any:
    """The body, whatever its type says. Raises Refused when it is no JSON that can be kept."""
    return strict_json.loads(request._request.body)
