"""Who may import whom: the table of docs/design.md, enforced."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from .running import environment

ROOT = Path(__file__).resolve().parent.parent
TOP = {"lossdoctor": ROOT / "lossdoctor", "lossdoctor_checks": ROOT / "checks", "lossdoctor_reports": ROOT / "reports"}

# Our own packages that each may import, and what else (beside the standard library). "api" and its like are modules.
ENGINE = {"contracts", "trace"}
RULES: dict[str, tuple[set[str], set[str]]] = {
    "trace": (set(), {"numpy", "h5py"}),
    "contracts": ({"trace"}, {"numpy", "scipy"}),
    "reasoning": (ENGINE, {"numpy"}),
    "probes": (ENGINE, {"numpy", "torch"}),
    "remedies": (ENGINE | {"probes"}, {"numpy", "torch"}),
    "exams": (ENGINE | {"probes", "remedies", "trials"}, {"numpy", "scipy", "torch"}),
    "script": (ENGINE | {"probes", "exams"}, {"numpy", "torch"}),
    "trials": (ENGINE | {"script", "exams", "remedies", "probes", "environment"}, {"numpy"}),
    "lossdoctor_checks": (ENGINE | {"remedies"}, {"numpy", "scipy"}),
    "lossdoctor_reports": (ENGINE, {"numpy", "matplotlib", "jinja2", "markupsafe", "pygments", "rich"}),
}
# The ways in may use the whole engine; the packages they may use beside it.
WAYS_IN = {"typer", "rich", "libcst", "tomli", "pytest", "numpy", "torch"}
# Modules that run in the doctor's process: torch is imported inside functions only, or not at all.
WITHOUT_TORCH_AT_THE_TOP = {
    "trace",
    "contracts",
    "reasoning",
    "trials",
    "script",
    "lossdoctor_checks",
    "lossdoctor_reports",
    "ways in",
}


class Module:
    """One source file and what it imports."""

    def __init__(self, top: str, base: Path, path: Path) -> None:
        self.path = path
        parts = (top, *path.relative_to(base).with_suffix("").parts)
        self.package = parts[:-1]
        if top != "lossdoctor":
            self.group = top
        else:
            self.group = parts[1] if len(parts) > 2 else "ways in"
        self.tree = ast.parse(path.read_text(encoding="utf-8"))

    def imports(self, everywhere: bool = True) -> set[str]:
        """Dotted names imported (``everywhere``: inside functions and type-checking blocks as well)."""
        nodes = ast.walk(self.tree) if everywhere else iter(self.tree.body)
        found: set[str] = set()
        for node in nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = ".".join(self.package[: len(self.package) - node.level + 1]) if node.level else ""
                name = ".".join(p for p in (base, node.module or "") if p)
                bare = name in TOP or (node.level and not node.module)
                found |= {f"{name}.{alias.name}" for alias in node.names} if bare else {name}
        return found


MODULES = [Module(top, base, path) for top, base in TOP.items() for path in sorted(base.rglob("*.py"))]


def test_the_table_names_every_package() -> None:
    assert {m.group for m in MODULES} - {"ways in"} == set(RULES)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.path.relative_to(ROOT)))
def test_imports_follow_the_table(module: Module) -> None:
    for name in module.imports():
        first, *rest = name.split(".")
        assert first not in {"checks", "reports"}, (
            f"{name}: a second module object; the registry finds checks and reports"
        )
        if first in {"lossdoctor_checks", "lossdoctor_reports"}:
            assert first == module.group, f"{name}: nobody imports checks or reports by name"
        elif first == "lossdoctor":
            other = rest[0] if rest else ""
            if module.group != "ways in" and other != module.group:
                assert other in RULES[module.group][0], f"{module.group} must not import {name}"
        elif first not in sys.stdlib_module_names:
            allowed = WAYS_IN if module.group == "ways in" else RULES[module.group][1]
            assert first in allowed, f"{module.group} must not import {name}"
    if module.group in WITHOUT_TORCH_AT_THE_TOP:
        assert not any(name.split(".")[0] == "torch" for name in module.imports(everywhere=False))


def test_checks_and_reports_import_their_neighbours_relatively() -> None:
    for module in MODULES:
        if module.group in {"lossdoctor_checks", "lossdoctor_reports"}:
            absolute = {a.name for n in ast.walk(module.tree) if isinstance(n, ast.Import) for a in n.names}
            absolute |= {n.module or "" for n in ast.walk(module.tree) if isinstance(n, ast.ImportFrom) and not n.level}
            assert not [name for name in absolute if name.startswith("lossdoctor_")]


def test_third_party_packages_are_declared() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text[text.index("dependencies = [") : text.index("[project.optional-dependencies]")]
    for module in MODULES:
        for name in module.imports():
            first = name.split(".")[0]
            if first not in sys.stdlib_module_names and first not in TOP and not module.path.name.startswith("pytest_"):
                assert f'"{first}' in block, (
                    f"{first}, imported by {module.path.name}, is no dependency in pyproject.toml"
                )


def test_the_doctors_process_works_without_torch() -> None:
    code = (
        "import sys\n"
        "import lossdoctor.cli, lossdoctor.doctor, lossdoctor.patches, lossdoctor.config\n"
        "from lossdoctor.contracts import registry\n"
        "checks, broken = registry.checks()\n"
        "assert checks and not broken, broken\n"
        "for entry in registry.reports().values(): entry.load()()\n"
        "print('torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment())
    assert done.stdout == "False\n", done.stderr
