"""lossdoctor: runs an unmodified PyTorch training script and names the root cause of bad training."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossdoctor.api import Diagnosis, diagnose
    from lossdoctor.assertions import (
        assert_causal,
        assert_gradients_reach_all,
        assert_learns,
        assert_overfits_one_batch,
        assert_samples_independent,
    )
    from lossdoctor.failures import DiagnosisFailed

__version__ = "0.1.0"
__all__ = [
    "Diagnosis",
    "DiagnosisFailed",
    "__version__",
    "assert_causal",
    "assert_gradients_reach_all",
    "assert_learns",
    "assert_overfits_one_batch",
    "assert_samples_independent",
    "diagnose",
]


def __getattr__(name: str) -> Any:
    """The functions of :mod:`lossdoctor.api` and :mod:`lossdoctor.assertions`, imported when first used."""
    if name in __all__:
        where = {"Diagnosis": "api", "DiagnosisFailed": "failures", "diagnose": "api"}.get(name, "assertions")
        return getattr(import_module(f"lossdoctor.{where}"), name)
    raise AttributeError(f"module 'lossdoctor' has no attribute {name!r}")
