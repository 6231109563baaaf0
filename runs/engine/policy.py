"""Which commands of the shell are let through, where somebody has named the programs that may be run.

It is advice: it tells in words what was not meant to be run, before it is. What a command cannot do is what the sandbox
keeps it from, with these names or without.
"""

import re
from collections.abc import Collection

from runs.engine.commands import parts_of, program_of

MOST_PARTS = 50
# What hides other commands from whoever reads a line.
_HIDES = re.compile(r"`|\$\(|\$\{|\$'|<\(|>\(|<<|\\\n")
_BUILT_IN = frozenset("cd : true false test [ echo printf export set unset exit umask pwd read shift".split())


def refusal(command: str, programs: Collection[str]) -> str | None:
    """Why a command is not let through, or None. No programs named: all are."""
    if not programs:
        return None
    if _HIDES.search(command):
        return "it cannot be told what it runs: commands within commands are not let through"
    parts = parts_of(command)
    if parts is None:
        return "it cannot be read: a quotation has no end"
    if len(parts) > MOST_PARTS:
        return f"it has {len(parts)} parts, more than {MOST_PARTS}"
    for words in parts:
        program = program_of(words)
        if program and program not in _BUILT_IN and program not in programs:
            return f"{program[:100]!r} is none of the programs that may be run ({', '.join(sorted(programs))})"
    return None
