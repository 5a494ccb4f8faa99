"""``python -m lossdoctor`` and the ``lossdoctor`` command."""

from __future__ import annotations

import os
import sys

from lossdoctor import environment


def main() -> None:
    """Run the command line; no torch is imported here."""
    # Small matrices: threads of the linear algebra would only wait for each other. The script gets its own environment.
    for name in environment.THREADS:
        os.environ.setdefault(name, "1")
    from lossdoctor.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
