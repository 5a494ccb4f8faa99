"""A check's documentation page: its docstring, or its module's."""

from __future__ import annotations

import inspect
import sys
from typing import Any


def page_of(check: Any) -> str:
    """The page, with the headings What it detects / Why training suffers / Sick / Cured / How sure we are / References."""
    own = type(check).__doc__ or ""
    module = sys.modules[type(check).__module__].__doc__ or ""
    return inspect.cleandoc(module if "What it detects" in module or not own else own)


def first_words(check: Any) -> str:
    """The first paragraph of a check's page, on one line."""
    return " ".join(page_of(check).strip().partition("\n\n")[0].split())
