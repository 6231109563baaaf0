"""`python -m tests.bench [MEASURE ...] [--rounds N] [--out FOLDER]`: prints the table, keeps the lines as JSON."""

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import machine
from tests.bench.lines import Line, table
from tests.bench.measures import MEASURES
from tests.bench.sitting import ROOT, Sitting


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measures Abreast beside its peers.")
    parser.add_argument(
        "measures", nargs="*", metavar="MEASURE", help=f"of {', '.join(MEASURES)}; all if none is named"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each thing is measured; the median counts")
    parser.add_argument(
        "--patience", type=float, default=120, help="seconds to spend on waiting for a calm machine, in all"
    )
    parser.add_argument("--problems", type=Path, help="a file of scheduling problems for dispatch: docs/performance.md")
    parser.add_argument("--out", type=Path, default=ROOT / "bench-results", help="where the JSON lines and logs go")
    options = parser.parse_args()
    unknown = set(options.measures) - set(MEASURES)
    if unknown:
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    sit(options.measures or list(MEASURES), options)


def sit(names: list[str], options: argparse.Namespace) -> None:
    """Measures one after the other. A line is kept as soon as it is there: none is lost to a later failure."""
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    stem = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    lines: list[Line] = []
    with TemporaryDirectory(prefix="abreast-bench-") as folder, (out / f"{stem}.jsonl").open("w") as kept:
        sitting = Sitting(Path(folder), options.rounds, out / f"{stem}.log", options.patience, options.problems)
        facts = machine.facts(sitting.folder)
        print(json.dumps(facts), file=kept, flush=True)
        for name in names:
            print(f"{name} …", file=sys.stderr, flush=True)
            for line in MEASURES[name](sitting):
                lines.append(line)
                print(json.dumps(line.as_json()), file=kept, flush=True)
    told = ", ".join(f"{name} {value}" for name, value in facts.items())
    text = f"{table(lines)}\n\n{told}\n~ others used more than 0.15 of a core meanwhile: measure again\n"
    (out / f"{stem}.txt").write_text(text)
    print(text, flush=True)


if __name__ == "__main__":
    main()
