"""lossdoctor: runs an unmodified PyTorch training script and names the root cause of bad training."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "assert_causal",
    "assert_gradients_reach_all",
    "assert_learns",
    "assert_overfits_one_batch",
    "assert_samples_independent",
    "diagnose",
]


def __getattr__(name: str) -> Any:
    """The functions of :mod:`lossdoctor.api`, imported when first used."""
    if name in __all__:
        from lossdoctor import api

        return getattr(api, name)
    raise AttributeError(f"module 'lossdoctor' has no attribute {name!r}")
