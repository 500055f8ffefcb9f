"""Draws one page as PNG in a process of its own, within limits: `typeset_apart.py page.typ out.png DOTS`.

The typesetter takes a whole process with it where a picture asks for more memory than there is, and has no clock: run
by whoever draws what strangers made, it takes down itself alone. Imports nothing of the product, so it starts at once.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from pathlib import Path

MOST_SECONDS, MOST_BYTES = 10, 2 << 30


def main(page: Path, out: Path, dots: float) -> None:
    limits = ((resource.RLIMIT_CPU, MOST_SECONDS), (resource.RLIMIT_AS, MOST_BYTES), (resource.RLIMIT_CORE, 0))
    for kind, most in limits:
        with contextlib.suppress(ValueError, OSError):  # a system without this limit; the clock outside holds
            resource.setrlimit(kind, (most, most))
    # a pool of threads as wide as a large machine would reserve more memory than the limit leaves
    os.environ["RAYON_NUM_THREADS"] = "1"
    import typst

    try:
        drawn = typst.compile(page, root=page.parent, format="png", ppi=dots)
    except (typst.TypstError, RuntimeError) as error:
        sys.exit(str(error))
    out.write_bytes(bytes(drawn))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
