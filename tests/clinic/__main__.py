"""``python -m tests.clinic``: the known answers, scored. See ``tests/scoreboard.py`` for the options."""

import sys

from tests.scoreboard import main

sys.exit(main(fixed="clinic"))
