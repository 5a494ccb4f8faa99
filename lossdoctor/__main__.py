"""``python -m lossdoctor`` and the ``lossdoctor`` command."""

from __future__ import annotations

import os
import sys
import warnings

from lossdoctor import environment


def main() -> None:
    """Run the command line; no torch is imported here."""
    # Small matrices: threads of the linear algebra would only wait for each other. The script gets its own environment.
    for name in environment.THREADS:
        os.environ.setdefault(name, "1")
    # Diverging runs overflow by nature, and their figures say so; numpy's word for it would only stand between the lines.
    warnings.simplefilter("ignore", RuntimeWarning)
    from lossdoctor.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
