"""`make fuzz`: CASES says how many requests (20,000), SEED which."""

import logging
import os
import random
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """In a home folder of its own; commands are switched off, and nothing carries out what the runs hold."""
    cases = int(os.environ.get("CASES") or 20_000)
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"SEED={seed} plays the same again", flush=True)
    with tempfile.TemporaryDirectory(prefix="abreast-fuzz-") as home:
        os.environ |= {
            "ABREAST_ALLOWED_HOSTS": "127.0.0.1,testserver",
            "ABREAST_HOME": home,
            "ABREAST_WORKSPACE": home,
            "ABREAST_SHELL": "off",
        }
        os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "ABREAST_SECRET_KEY": "only for the tests"}
        for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
            os.environ.pop(name, None)

        import django

        django.setup()
        logging.disable(logging.WARNING)  # hooks that nobody could understand
        from tests.fuzz.performing import perform

        began = time.monotonic()
        clean = perform(Path(home), cases, seed)
        print(f"fuzz: {time.monotonic() - began:.0f} s", flush=True)
    sys.exit(not clean)


if __name__ == "__main__":
    main()
