"""Install Debian's chromium for the browser tests where that can be done (root on Debian), and say so where not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


def chromium() -> str | None:
    """Path of the installed browser."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def main() -> None:
    if chromium():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing chromium for the browser tests...", file=sys.stderr)
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)  # type: ignore[call-overload]
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], check=False, **quiet)  # type: ignore[call-overload]
    if not chromium():
        print(
            "\n*** BROWSER TESTS WILL BE SKIPPED: no chromium here (Debian: apt-get install chromium). ***\n",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
