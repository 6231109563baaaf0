"""`agent`: one call of an agent's command line, with a prompt, in a worktree of its own.

`{"name": "agent", "command": ["preset:claude"], "prompt": "Fix the test"}`. The prompt is standard input, or stands
where an argument is `{prompt}`. It runs confined like a command of `shell`, git included: what lies in a workspace may
have been put there by another command, hooks and all. In a repository it works in a worktree of its head; what it
changes there comes back as a diff, and the worktree goes. An agent that is not done is called again with both.
"""

import contextlib
import json
import os
import secrets
from typing import Any

from django.conf import settings

from runs.executors import commands, sandbox, shell
from runs.executors.agent_answer import Said, understood
from runs.executors.base import Failed, Job, Outcome, OutputSink, Stopped
from runs.executors.results import fitting, storable_text
from runs.reports import Output

MAX_DIFF_BYTES = 256 * 1024
MAX_PRINTED_BYTES = 1024 * 1024
_PRESET, _PROMPT = "preset:", "{prompt}"
_ARGUMENT_BYTES = 128 * 1024 - 1
_RESOLVER = "/run/systemd/resolve"  # where /etc/resolv.conf may lead

# `$1` begins the diff: nobody prints it by accident. `$2` names the worktree, `$3` is whether the prompt is
# standard input. Git keeps quiet on standard output, for that is the agent's.
_SCRIPT = """
mark=$1 work=$TMPDIR/$2 prompted=$3; shift 3
home=$PWD
if base=$(git rev-parse --verify --quiet 'HEAD^{commit}' 2>/dev/null); then
  inside=$(git rev-parse --show-prefix) || exit 1
  git worktree prune --expire=2.days.ago  # others cannot be seen from here, and are at work
  git worktree add --quiet --detach "$work" "$base" >&2 || exit 1
  cd "$work/$inside" || exit 1
  if [ -s "$PATCH_FILE" ]; then git -C "$work" apply --binary "$PATCH_FILE" >&2 || exit 1; fi
fi
rm -f -- "$PATCH_FILE"; unset PATCH_FILE
if [ "$prompted" = 1 ]; then "$@" <"$ABREAST_PROMPT"; else "$@"; fi
code=$?
if [ -n "$base" ]; then
  if cd "$work" && git add --all >&2; then
    printf '%s' "$mark"
    git diff --cached --binary --no-ext-diff --no-textconv --no-color "$base" 2>/dev/null | head -c "$MAX_DIFF"
  elif [ "$code" = 0 ]; then
    code=1
  fi
  cd "$home" && git worktree remove --force "$work" >/dev/null 2>&1
fi
exit "$code"
"""
# Of a call that was ended: its folder has gone with it, what the repository knows of it has not.
_FORGET = """
git worktree list --porcelain | sed -n "s|^worktree \\(.*/$1\\)$|\\1|p" | while IFS= read -r path; do
  git worktree remove --force "$path"
done
"""
_FORGET_SECONDS = 10.0


def run(job: Job) -> Outcome:
    if job.spec.get("nested") and not job.lent:
        raise Failed("a check cannot be a nested agent", retryable=False)
    prompt, patch = _prompt(job), _patch(job)
    command = _command(job.spec.get("command"), prompt)
    mode, reason = sandbox.mode(job.workspace)
    if mode is sandbox.Mode.OFF:
        raise Failed(reason, retryable=False)
    mark, name = secrets.token_hex(16), f"abreast-{secrets.token_hex(8)}"
    prompted = str(int(_PROMPT not in job.spec["command"]))
    order = _order(mode, job, _SCRIPT, mark, name, prompted, *command)
    order["inputs"] = json.dumps(job.inputs) if job.inputs else None
    order["files"] = {"ABREAST_PROMPT": prompt, "PATCH_FILE": patch}
    if settings.AGENT_NETWORK:
        order |= {"network": True, "readable": [*order["readable"], _RESOLVER]}
    parted = _Parted(job.output, mark.encode())
    try:
        ended = commands.carry_out(job, order, parted)
    except (Failed, Stopped):
        _forget(mode, job, name)
        raise
    finally:
        parted.close()
    return _outcome(job, shell.problem(ended), ended.exit not in (126, 127), parted, ended.seconds)


def _order(mode: sandbox.Mode, job: Job, script: str, *arguments: str) -> dict[str, Any]:
    order = sandbox.order(mode, job.workspace)
    order["command"] = [sandbox.shell(), "-c", script, "agent", *arguments]
    order["cwd"] = str(job.workspace)
    order["environment"] |= _environment(job)
    return order


def _forget(mode: sandbox.Mode, job: Job, name: str) -> None:
    cleaning = Job({}, workspace=job.workspace, timeout_seconds=_FORGET_SECONDS)
    with contextlib.suppress(Failed, Stopped):
        commands.carry_out(cleaning, _order(mode, job, _FORGET, name))


def _command(command: Any, prompt: str) -> list[str]:
    """The command line with preset and prompt filled in. Raises Failed."""
    if not isinstance(command, list) or not command or not all(isinstance(word, str) for word in command):
        raise Failed("agent needs a command: a list of texts", retryable=False)
    if command[0].startswith(_PRESET):
        name = command[0].removeprefix(_PRESET)
        if name not in settings.AGENT_PRESETS:
            known = ", ".join(sorted(settings.AGENT_PRESETS)) or "none"
            raise Failed(f"there is no preset {name[:100]!r}; known are {known}", retryable=False)
        command = [*settings.AGENT_PRESETS[name], *command[1:]]
    filled = [prompt if word == _PROMPT else word for word in command]
    for word in filled:
        try:
            fits = "\0" not in word and len(word.encode()) <= _ARGUMENT_BYTES
        except UnicodeEncodeError:
            fits = False
        if not fits:
            raise Failed("command: a word has a NUL character, half a character, or is too long", retryable=False)
    return filled


def _prompt(job: Job) -> str:
    prompt = job.spec.get("prompt")
    if not isinstance(prompt, str) or not prompt or "\0" in prompt:
        raise Failed("agent needs a prompt", retryable=False)
    before = job.partial_result
    if isinstance(before, dict) and before.get("text"):
        prompt += f"\n\nThis is call {job.iteration}. You said that you were not done, and this:\n\n{before['text']}"
    try:
        prompt.encode()
    except UnicodeEncodeError:
        raise Failed("prompt: half a surrogate pair", retryable=False) from None
    return prompt


def _patch(job: Job) -> str:
    """What the call before has changed, to begin with. Raises Failed when it was too much to keep."""
    before = job.partial_result
    if not isinstance(before, dict) or not before.get("diff"):
        return ""
    if before.get("diff_truncated"):
        raise Failed("it changed more than can be kept for its next call", retryable=False, partial_result=before)
    return str(before["diff"])


def _environment(job: Job) -> dict[str, str]:
    given = {name: os.environ[name] for name in settings.AGENT_ENVIRONMENT if name in os.environ}
    git = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    return (
        given | git | shell.identity(job) | job.lent | {"MAX_DIFF": str(MAX_DIFF_BYTES + 1), "GIT_OPTIONAL_LOCKS": "0"}
    )


def _outcome(job: Job, problem: str | None, retryable: bool, parted: "_Parted", seconds: float) -> Outcome:
    """What came of it. Raises Failed, with what there is, when the command failed or says so itself."""
    printed = storable_text(bytes(parted.printed), MAX_PRINTED_BYTES)
    said = understood(printed)
    result = _result(said, bytes(parted.rest), parted.marked, seconds)
    if problem is None and said.error:
        problem, retryable = f"the agent says: {said.error}", True
    elif problem is not None:
        problem = shell.with_hint(problem, said.text)
    # An agent that stops at its own limit may well end with an error.
    if problem is not None and said.complete:
        raise Failed(problem, retryable=retryable, partial_result=result, usage=said.usage)
    return Outcome(result, complete=said.complete, usage=said.usage)


def _result(said: Said, diff: bytes, in_git: bool, seconds: float) -> dict[str, Any]:
    room = settings.RESULT_MAX_BYTES // 4
    cut = diff[:MAX_DIFF_BYTES]
    text = fitting(storable_text(cut, MAX_DIFF_BYTES), 2 * room)
    whole = len(diff) <= MAX_DIFF_BYTES and text.encode() == diff
    return {
        "text": fitting(storable_text(said.text, MAX_PRINTED_BYTES), room),
        "seconds": seconds,
        "complete": said.complete,
        "diff": text if in_git else None,
        "diff_truncated": in_git and not whole,
    }


class _Parted:
    """Takes what is printed: up to the mark it goes on to the job's output, what follows is kept apart."""

    def __init__(self, output: OutputSink, mark: bytes) -> None:
        self.printed = bytearray()  # the last of it
        self.rest = bytearray()
        self.marked = False
        self._output = output
        self._mark = mark
        self._held = b""  # what may be the beginning of the mark

    @property
    def full(self) -> bool:
        return self._output.full

    def write(self, data: bytes) -> None:
        if self.marked:
            self.rest += data
            return
        before, mark, after = (self._held + data).partition(self._mark)
        self._held = b""
        if mark:
            self.marked = True
            self.rest += after
        else:
            keep = next((n for n in range(len(self._mark) - 1, 0, -1) if before.endswith(self._mark[:n])), 0)
            before, self._held = before[: len(before) - keep], before[len(before) - keep :]
        self._pass_on(before)

    def close(self) -> Output:
        self._pass_on(self._held)
        self._held = b""
        return Output()

    def _pass_on(self, data: bytes) -> None:
        if data:
            self._output.write(data)
            self.printed += data
            if len(self.printed) > 2 * MAX_PRINTED_BYTES:
                del self.printed[:-MAX_PRINTED_BYTES]
