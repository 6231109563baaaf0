"""Installs what the tests need beyond Python packages: a browser. `make test` runs it."""

import os
import shutil
import subprocess
import sys

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def browser() -> str | None:
    """The browser the tests drive: `ABREAST_TEST_BROWSER`, or the first that is on the path."""
    return os.environ.get("ABREAST_TEST_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)


def install() -> None:
    """Debian's Chromium, by the system's own package manager."""
    if not shutil.which("apt-get"):
        sys.exit("The browser tests need Chromium: install it, or name one in ABREAST_TEST_BROWSER.")
    become_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        print("installing Chromium for the browser tests: apt-get", *arguments, flush=True)
        done = subprocess.run([*become_root, "apt-get", *arguments], env=environment, stdout=subprocess.DEVNULL)
        if done.returncode != 0 and arguments[0] == "install":
            sys.exit("Chromium could not be installed: install it, or name one in ABREAST_TEST_BROWSER.")


if __name__ == "__main__":
    if browser() is None:
        install()
