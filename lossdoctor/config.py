"""Settings: defaults, ``[tool.lossdoctor]`` of a pyproject.toml, and the command line over both."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

OUT = "lossdoctor-report"
SEVERITIES = ("error", "warning", "info")
FAIL_ON = ("error", "warning", "never")
# What a table in ``scripts`` (and the pytest marker) may say, and of which kind it is.
SCRIPT_KEYS: dict[str, type] = {
    "script": str,
    "args": list,
    "steps": int,
    "timeout": float,
    "trials": bool,
    "allow": list,
}


class ConfigError(Exception):
    """A setting is unknown or of the wrong kind; the message names it and suggests the nearest known one."""


@dataclass
class Paths:
    """Where things are, from the folder of the pyproject.toml on: the reports' folder and the report of what is known already."""

    out: str = OUT
    baseline: str = ""


@dataclass
class Config:
    """How a diagnosis is made. Times in seconds."""

    steps: int = 100
    timeout: float = 300.0
    trials: bool = True
    trial_steps: int = 0  # 0: as many as the probe made
    budget: float = 0.0  # for everything after the probe; 0: by the probe's own time (trials.budget.allotted)
    fork: bool = True
    seed: int = 0
    jobs: int = 2
    fail_on: str = "error"
    checks: dict[str, bool] = field(default_factory=dict)
    severity: dict[str, str] = field(default_factory=dict)
    thresholds: dict[str, dict[str, int | float]] = field(default_factory=dict)
    scripts: list[Any] = field(default_factory=list)
    allow: list[str] = field(default_factory=list)
    paths: Paths = field(default_factory=Paths)


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
            config = parse(table, str(file)) if table is not None else Config()
            if folder != start:  # settings of a folder above: its paths are meant from there
                for name, value in vars(config.paths).items():
                    if value and table is not None:
                        setattr(config.paths, name, str(folder / value))
            return config
    return Config()


def parse(table: Any, origin: str) -> Config:
    """A Config from one table; see :func:`load` for errors."""
    if not isinstance(table, dict):
        raise ConfigError(f"{origin}: [tool.lossdoctor] must be a table")
    known = {f.name for f in fields(Config)}
    config = Config()
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in known:
            raise ConfigError(f"{origin}: unknown setting {key!r} in [tool.lossdoctor]{hint(name, known)}")
        if name == "paths":
            config.paths = _paths(value, origin)
        elif name == "thresholds":
            config.thresholds = _thresholds(value, origin)
        elif name == "scripts":
            config.scripts = [script_record(v, f"{origin}: scripts") for v in _typed(value, list, f"{origin}: {key}")]
        else:
            setattr(config, name, _typed(value, type(getattr(config, name)), f"{origin}: {key}"))
    _one_of(config.fail_on, FAIL_ON, f"{origin}: fail_on")
    for cause, on in config.checks.items():
        _typed(on, bool, f"{origin}: checks.{cause}")
    for cause, severity in config.severity.items():
        _one_of(severity, SEVERITIES, f"{origin}: severity.{cause}")
    for cause in config.allow:
        _typed(cause, str, f"{origin}: allow")
    return config


def script_record(value: Any, origin: str) -> dict[str, Any]:
    """One script to diagnose, as ``scripts`` and the pytest marker write it: a path, or a table with ``script`` and more.

    Raises:
        ConfigError: a key is unknown, or a value of the wrong kind.
    """
    record: dict[str, Any] = {"script": value} if isinstance(value, str) else dict(_typed(value, dict, origin))
    for key, given in record.items():
        if key not in SCRIPT_KEYS:
            raise ConfigError(f"{origin}: unknown key {key!r}{hint(key, SCRIPT_KEYS)}")
        record[key] = _typed([*given] if isinstance(given, tuple) else given, SCRIPT_KEYS[key], f"{origin}: {key}")
    if "script" not in record:
        raise ConfigError(f"{origin}: script is missing")
    arguments: list[Any] = record.get("args", [])
    record["args"] = [str(a) for a in arguments]
    return record


def check_causes(config: Config, known: Iterable[str], origin: str = "[tool.lossdoctor]") -> None:
    """Refuse cause ids that no check judges.

    Raises:
        ConfigError: the first of them, with the nearest known one.
    """
    causes = sorted(known)
    allowed = [*config.allow, *(c for r in config.scripts for c in r.get("allow", []))]
    named: dict[str, Iterable[str]] = {
        "checks": config.checks,
        "severity": config.severity,
        "thresholds": config.thresholds,
        "allow": allowed,
    }
    for name, used in named.items():
        for cause in used:
            if cause not in causes:
                told = hint(cause, causes, "; see `lossdoctor checks`")
                raise ConfigError(f"{origin}: {name} names an unknown cause {cause!r}{told}")


def hint(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """``; did you mean …?`` or what else to say."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else otherwise or f"; known: {', '.join(sorted(known))}"


def _paths(value: Any, origin: str) -> Paths:
    paths = Paths()
    for key, path in _typed(value, dict, f"{origin}: paths").items():
        if key not in vars(paths):
            raise ConfigError(f"{origin}: unknown key {key!r} in paths{hint(key, vars(paths))}")
        setattr(paths, key, _typed(path, str, f"{origin}: paths.{key}"))
    return paths


def _thresholds(value: Any, origin: str) -> dict[str, dict[str, int | float]]:
    """A table for each cause, or keys ``"<cause>.<name>"``."""
    found: dict[str, dict[str, int | float]] = {}
    for key, given in _typed(value, dict, f"{origin}: thresholds").items():
        cause, dot, name = key.partition(".")
        if dot:
            found.setdefault(cause, {})[name] = given
        elif isinstance(given, dict):
            found.setdefault(cause, {}).update(given)
        else:
            raise ConfigError(f'{origin}: thresholds.{key} must be a table, or its key "{key}.<name>"')
    return found


def _typed(value: Any, wanted: type, place: str) -> Any:
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise ConfigError(f"{place} must be {wanted.__name__}, not {type(value).__name__}")
    return value


def _one_of(value: Any, choices: tuple[str, ...], place: str) -> None:
    if value not in choices:
        listed = f"{', '.join(choices[:-1])} or {choices[-1]}"
        raise ConfigError(f"{place} must be {listed}, not {value!r}{hint(str(value), choices, ' ').rstrip()}")
