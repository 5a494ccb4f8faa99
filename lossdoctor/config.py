"""Settings: defaults, ``[tool.lossdoctor]`` of a pyproject.toml, and the command line over both."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class ConfigError(Exception):
    """A setting is unknown or of the wrong kind; the message names it and suggests the nearest known one."""


@dataclass
class Config:
    """How a diagnosis is made. Times in seconds."""

    steps: int = 100
    timeout: float = 300.0
    trials: bool = True
    trial_steps: int = 0  # 0: as many as the probe made
    budget: float = 120.0  # for everything after the probe
    fork: bool = True
    seed: int = 0
    jobs: int = 2
    fail_on: str = "error"
    checks: dict[str, bool] = field(default_factory=dict)
    severity: dict[str, str] = field(default_factory=dict)
    scripts: list[Any] = field(default_factory=list)
    allow: list[str] = field(default_factory=list)


def load(start: Path) -> Config:
    """The settings of the nearest pyproject.toml at or above ``start``.

    Raises:
        ConfigError: the file cannot be parsed, or a key is unknown or of the wrong type.
    """
    for folder in [start, *start.parents]:
        file = folder / "pyproject.toml"
        if file.is_file():
            try:
                table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("lossdoctor")
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise ConfigError(f"{file}: {error}") from None
            return parse(table, str(file)) if table is not None else Config()
    return Config()


def parse(table: dict[str, Any], origin: str) -> Config:
    """A Config from one table; see :func:`load` for errors."""
    known = {f.name: f for f in fields(Config)}
    config = Config()
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(sorted(known))}"
            raise ConfigError(f"{origin}: unknown setting {key!r} in [tool.lossdoctor]{hint}")
        default = getattr(config, name)
        wanted = float if isinstance(default, float) else type(default)
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise ConfigError(f"{origin}: {key} must be {wanted.__name__}, not {type(value).__name__}")
        setattr(config, name, value)
    if config.fail_on not in {"error", "warning", "never"}:
        raise ConfigError(f"{origin}: fail_on must be error, warning or never, not {config.fail_on!r}")
    return config
