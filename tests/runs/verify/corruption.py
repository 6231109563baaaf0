from dataclasses import dataclass


@dataclass(frozen=True)
class Corruption:
    """Damage that one check must find. Names in braces are those of `history.names`.

    `finds`: the sentence that check says, and its only one. `also`: other invariants that the same rows break; where
    it is cheap, the damage mends what they look at, so that one check alone stands between it and nobody noticing.
    """

    name: str
    finds: str
    sql: tuple[str, ...] = ()
    also: str = ""
    output: bytes | None = None  # what the output file of `done` then has


def sql(name: str, finds: str, *statements: str, also: str = "") -> Corruption:
    return Corruption(name, finds, statements, also)
