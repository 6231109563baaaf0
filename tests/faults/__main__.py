import os
import random
import sys

from tests.faults.judge import perform


def main() -> None:
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"SEED={seed} plays the same again", flush=True)
    sys.exit(not perform(60 * float(os.environ.get("MINUTES") or 10), seed))


if __name__ == "__main__":
    main()
