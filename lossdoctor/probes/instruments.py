"""The patches through which a run is observed. They call one listener; leaving the context removes all of them."""

from __future__ import annotations

import weakref
from typing import Any, Protocol

import torch
from torch.optim import optimizer as _optimizer
from torch.utils.data import DataLoader
from torch.utils.data import dataloader as _dataloader

from . import functional
from .functions import Functions, in_transform
from .patching import Patches
from .sites import Sites


class Listener(Protocol):
    """What the instruments tell. Every method may be a no-op; none may change the script's results."""

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]: ...
    def forwarded(self, module: Any, args: Any, kwargs: Any, result: Any, depth: int) -> Any: ...
    def backward(self, roots: list[Any], kind: str) -> list[Any] | None: ...
    def backwarded(self, roots: list[Any]) -> None: ...
    def step_begins(self, optimizer: Any) -> None: ...
    def step_ended(self, optimizer: Any) -> None: ...
    def may_drop_graph(self) -> bool: ...
    def derived(self, result: Any, roots: list[Any], wanted: list[Any]) -> None: ...
    def zero_grad(self, optimizer: Any) -> None: ...
    def scheduled(self, scheduler: Any) -> None: ...
    def may_schedule(self, scheduler: Any) -> bool: ...
    def clipped(self, kind: str, limit: float, total: Any) -> None: ...
    def scaled(self, before: Any, after: Any) -> None: ...
    def scaler_stepped(self, scaler: Any, optimizer: Any, stepped: bool) -> None: ...
    def loader_begins(self, loader: Any) -> None: ...
    def batch(self, iterator: Any, batch: Any) -> Any: ...


class Silent:
    """A listener that does nothing."""

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """Ahead of a module's call; returns the arguments to call it with."""
        return args, kwargs

    def forwarded(self, module: Any, args: Any, kwargs: Any, result: Any, depth: int) -> Any:
        """After a module's call; returns the result to hand on."""
        return result

    def backward(self, roots: list[Any], kind: str) -> list[Any] | None:
        """Ahead of ``backward`` (kind "backward") or ``autograd.grad`` on parameters (kind "grad"); may return other roots."""
        return None

    def backwarded(self, roots: list[Any]) -> None:
        """After it."""

    def step_begins(self, optimizer: Any) -> None:
        """Ahead of ``optimizer.step``."""

    def step_ended(self, optimizer: Any) -> None:
        """After it."""

    def may_drop_graph(self) -> bool:
        """Whether ``autograd.grad`` without ``create_graph`` shall throw its graph away."""
        return True

    def derived(self, result: Any, roots: list[Any], wanted: list[Any]) -> None:
        """A derivative of ``roots`` by ``wanted`` was taken without a graph of its own."""

    def zero_grad(self, optimizer: Any) -> None:
        """``zero_grad`` of an optimizer or module."""

    def scheduled(self, scheduler: Any) -> None:
        """After ``scheduler.step``."""

    def may_schedule(self, scheduler: Any) -> bool:
        """Whether ``scheduler.step`` shall run."""
        return True

    def clipped(self, kind: str, limit: float, total: Any) -> None:
        """After a ``clip_grad_*`` call."""

    def scaled(self, before: Any, after: Any) -> None:
        """After ``GradScaler.scale``."""

    def scaler_stepped(self, scaler: Any, optimizer: Any, stepped: bool) -> None:
        """After ``GradScaler.step``; ``stepped`` tells whether it let the optimizer step."""

    def loader_begins(self, loader: Any) -> None:
        """Ahead of ``DataLoader.__iter__``."""

    def batch(self, iterator: Any, batch: Any) -> Any:
        """A batch came out of a loader; returns the batch to hand on."""
        return batch


class Instruments(Patches):
    """Installs the patches; ``listener`` can be exchanged at any time (a fork of a waiting run starts to record so)."""

    def __init__(self, listener: Listener | None = None) -> None:
        super().__init__()
        self.listener: Listener = listener or Silent()
        self.sites = Sites()
        self.functions = Functions(self.sites)
        self.depth = 0
        self.steps_seen = 0
        self.loaded: set[int] = set()  # ids of parameters and buffers that load_state_dict filled
        self.born: dict[
            int, tuple[Any, Any]
        ] = {}  # id of a tensor -> (weak reference, the line that last filled it by torch.nn.init)
        self.optimizers: list[Any] = []  # every optimizer made, in order (weak references)
        self.made_at: list[Any] = []  # and the line that made it

    def __enter__(self) -> Instruments:
        self._modules()
        self._initialisers()
        self._autograd()
        self._optimizers()
        self._data()
        return self

    @property
    def tell(self) -> Any:
        """The listener's methods; an event that made the listeners change is told to the new one, too."""
        return _Relay(self)

    def watch_functions(self) -> None:
        """Enter the function mode (only a recording run pays for it)."""
        self.functions.__enter__()
        self.later(lambda: self.functions.__exit__(None, None, None))

    def _modules(self) -> None:
        def make(original: Any) -> Any:
            def __call__(module: Any, *args: Any, **kwargs: Any) -> Any:
                if in_transform():
                    return original(module, *args, **kwargs)
                depth = self.depth
                args, kwargs = self.tell.forward(module, args, kwargs, depth)
                self.depth = depth + 1
                try:
                    result = original(module, *args, **kwargs)
                finally:
                    self.depth = depth
                return self.tell.forwarded(module, args, kwargs, result, depth)

            return __call__

        self.wrap(torch.nn.Module, "__call__", make)

        def make_load(original: Any) -> Any:
            def load_state_dict(module: Any, *args: Any, **kwargs: Any) -> Any:
                result = original(module, *args, **kwargs)
                self.loaded.update(id(p) for p in module.parameters())
                self.loaded.update(id(b) for b in module.buffers())
                return result

            return load_state_dict

        self.wrap(torch.nn.Module, "load_state_dict", make_load)

    def _initialisers(self) -> None:
        def make(original: Any) -> Any:
            def fill(tensor: Any, *args: Any, **kwargs: Any) -> Any:
                result = original(tensor, *args, **kwargs)
                if isinstance(tensor, torch.Tensor):
                    self.born[id(tensor)] = (weakref.ref(tensor), self.sites.here(2))
                return result

            return fill

        for name in vars(torch.nn.init):
            if name.endswith("_") and not name.startswith("_") and callable(getattr(torch.nn.init, name)):
                self.wrap(torch.nn.init, name, make)

    def filled_at(self, tensor: Any) -> Any:
        """The user's line that last filled ``tensor`` by a ``torch.nn.init`` function; None where that is not known."""
        known = self.born.get(id(tensor))
        return known[1] if known is not None and known[0]() is tensor else None

    def _autograd(self) -> None:
        def make_backward(original: Any) -> Any:
            def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
                roots = [tensors] if isinstance(tensors, torch.Tensor) else list(tensors)
                other = self.tell.backward(roots, "backward")
                result = original(tensors if other is None else other, *args, **kwargs)
                self.tell.backwarded(roots)
                return result

            return backward

        def make_grad(original: Any) -> Any:
            def grad(outputs: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
                wanted = [inputs] if isinstance(inputs, torch.Tensor) else list(inputs)
                roots = [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)
                trains = (
                    len(roots) == 1
                    and roots[0].numel() == 1
                    and not kwargs.get("create_graph", False)
                    and all(isinstance(w, torch.Tensor) and w.is_leaf for w in wanted)
                    and (any(isinstance(w, torch.nn.Parameter) for w in wanted) or not self.optimized())
                )
                if trains:
                    self.tell.backward(roots, "grad")
                dropped = not trains and not kwargs.get("create_graph", False) and any(r.requires_grad for r in roots)
                if dropped and not self.tell.may_drop_graph():
                    kwargs["create_graph"] = True
                result = original(outputs, wanted if not isinstance(inputs, torch.Tensor) else inputs, *args, **kwargs)
                if trains:
                    self.tell.backwarded(roots)
                elif dropped:
                    self.tell.derived(result, roots, wanted)
                return result

            return grad

        self.wrap(torch.autograd, "backward", make_backward)
        self.wrap(torch.autograd, "grad", make_grad)
        functional.install(self)
        for name in ("clip_grad_norm_", "clip_grad_value_"):
            self._clip(name)

        def make_scale(original: Any) -> Any:
            def scale(scaler: Any, outputs: Any) -> Any:
                result = original(scaler, outputs)
                self.tell.scaled(outputs, result)
                return result

            return scale

        self.wrap(torch.amp.GradScaler, "scale", make_scale)

        def make_scaler_step(original: Any) -> Any:
            def step(scaler: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
                before = self.steps_seen
                result = original(scaler, optimizer, *args, **kwargs)
                self.tell.scaler_stepped(scaler, optimizer, self.steps_seen > before)
                return result

            return step

        self.wrap(torch.amp.GradScaler, "step", make_scaler_step)

    def optimized(self) -> bool:
        """Whether an optimizer is alive: plain tensors are then inputs (of an attack, a penalty), else weights moved by hand."""
        return any(made() is not None for made in self.optimizers)

    def _clip(self, name: str) -> None:
        def make(original: Any) -> Any:
            def clip(*args: Any, **kwargs: Any) -> Any:
                result = original(*args, **kwargs)
                limit = args[1] if len(args) > 1 else kwargs.get("max_norm", kwargs.get("clip_value", float("nan")))
                self.tell.clipped(name, float(limit), result)
                return result

            clip.__name__ = name
            return clip

        self.wrap(torch.nn.utils, name, make)
        self.wrap(torch.nn.utils.clip_grad, name, make)

    def _optimizers(self) -> None:
        def begins(optimizer: Any, args: Any, kwargs: Any) -> None:
            self.steps_seen += 1
            self.tell.step_begins(optimizer)

        before = _optimizer.register_optimizer_step_pre_hook(begins)
        after = _optimizer.register_optimizer_step_post_hook(lambda opt, args, kwargs: self.tell.step_ended(opt))
        self.later(before.remove)
        self.later(after.remove)

        def make_init(original: Any) -> Any:
            def __init__(optimizer: Any, *args: Any, **kwargs: Any) -> None:
                original(optimizer, *args, **kwargs)
                self.optimizers.append(weakref.ref(optimizer))
                self.made_at.append(self.sites.here(2))

            return __init__

        self.wrap(torch.optim.Optimizer, "__init__", make_init)

        def make_zero(original: Any) -> Any:
            def zero_grad(owner: Any, *args: Any, **kwargs: Any) -> Any:
                self.tell.zero_grad(owner)
                return original(owner, *args, **kwargs)

            return zero_grad

        self.wrap(torch.optim.Optimizer, "zero_grad", make_zero)
        self.wrap(torch.nn.Module, "zero_grad", make_zero)

        def make_schedule(original: Any) -> Any:
            def step(scheduler: Any, *args: Any, **kwargs: Any) -> Any:
                if not self.tell.may_schedule(scheduler):
                    return None
                result = original(scheduler, *args, **kwargs)
                self.tell.scheduled(scheduler)
                return result

            return step

        schedulers = torch.optim.lr_scheduler
        self.wrap(schedulers.LRScheduler, "step", make_schedule)
        self.wrap(schedulers.ReduceLROnPlateau, "step", make_schedule)

    def _data(self) -> None:
        def make_iter(original: Any) -> Any:
            def __iter__(loader: Any) -> Any:
                self.tell.loader_begins(loader)
                return original(loader)

            return __iter__

        def make_next(original: Any) -> Any:
            def __next__(iterator: Any) -> Any:
                return self.tell.batch(iterator, original(iterator))

            return __next__

        self.wrap(DataLoader, "__iter__", make_iter)
        self.wrap(_dataloader._BaseDataLoaderIter, "__next__", make_next)


class _Relay:
    """Forwards one event to the current listener, and again to its successor when the event replaced it."""

    __slots__ = ("_owner",)

    def __init__(self, owner: Instruments) -> None:
        self._owner = owner

    def __getattr__(self, event: str) -> Any:
        owner = self._owner
        listener = owner.listener

        def call(*args: Any) -> Any:
            # What a listener computes must not be heard by the function mode.
            with torch._C.DisableTorchFunction():
                result = getattr(listener, event)(*args)
                if owner.listener is not listener:
                    result = getattr(owner.listener, event)(*args)
            return result

        return call
