"""Experiment trackers and windows keep quiet during a probe: by environment where they offer that, by stand-ins otherwise."""

from __future__ import annotations

from typing import Any

from .imports import when_imported


def muted_environment() -> dict[str, str]:
    """What is set for the script's process."""
    return {
        "WANDB_MODE": "disabled",
        "WANDB_SILENT": "true",
        "COMET_MODE": "DISABLED",
        "NEPTUNE_MODE": "debug",
        "CLEARML_OFFLINE_MODE": "1",
        "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
        "MPLBACKEND": "Agg",
        "PYTHONDONTWRITEBYTECODE": "1",
        # Asking whether there is a GPU must not initialise it: a fork could not use it any more.
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }


class Muted:
    """Takes every call, does nothing, and is its own result."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


def mute_trackers() -> None:
    """Exchange what writes event files or talks to a server, once the script imports it."""

    def mute_writer(module: Any) -> None:
        if hasattr(module, "SummaryWriter"):
            module.SummaryWriter = Muted

    def mute_mlflow(module: Any) -> None:
        for name in dir(module):
            if name.startswith(("log_", "set_")) or name in {
                "start_run",
                "end_run",
                "autolog",
                "register_model",
                "create_experiment",
            }:
                setattr(module, name, Muted())

    for name in ("torch.utils.tensorboard", "torch.utils.tensorboard.writer", "tensorboardX"):
        when_imported(name, mute_writer)
    when_imported("mlflow", mute_mlflow)
