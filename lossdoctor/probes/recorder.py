"""The recorder: listens to the instruments during one run and turns what it hears into a trace."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lossdoctor.contracts.plan import Plan
from lossdoctor.trace import Trace

from . import activations, chains, datascan, depth, flow, losses, objectives, tapefacts
from .attention import AttentionWatch
from .batches import Batches
from .evaluation import Evaluation
from .functions import Tape, tensors_in
from .instruments import Instruments, Silent
from .layouts import Layouts
from .pairs import Pairs
from .parameters import Parameters, norms, unregistered

# Per-parameter norms: every one of the first steps, then every few.
DENSE_STEPS = 10
SPARSE_EVERY = 5
# Where no optimizer tells of its steps, models up to this many numbers are copied at each sampled backward to see how far a step goes.
MANUAL_NUMBERS = 20_000_000


class Recorder(Silent):
    """Records one run. ``finish(reason)`` is called when the plan's last step is done."""

    def __init__(self, instruments: Instruments, plan: Plan, finish: Callable[[str], None]) -> None:
        self.instruments = instruments
        self.functions = instruments.functions
        self.sites = instruments.sites
        self.plan = plan
        self.finish = finish
        self.started = time.perf_counter()
        self.parameters = Parameters()
        self.pairs = Pairs()
        self.batches = Batches()
        self.layouts = Layouts()
        self.softmaxes: list[dict[str, Any]] = []
        self.broadcasts: list[dict[str, Any]] = []
        self.count = 0  # step calls so far, of all optimizers
        self.per_optimizer: Counter[int] = Counter()
        self.optimizers: list[Any] = []
        self.lanes: list[int] = []  # per optimizer: the first one that moved the same parameters (made anew each epoch)
        self.optimizer_state: list[dict[str, Any]] = []
        self.optimizer_records: list[dict[str, Any]] = []
        self.streams: dict[str, dict[str, Any]] = {}
        self.loss_records: dict[str, dict[str, Any]] = {}
        self.pending: list[losses.LossCall] = []
        self.unweighed: list[tuple[str, losses.LossCall, int, list[torch.Tensor], Any]] = []  # wait for backward
        self.derivatives: list[tuple[Any, Any]] = []  # this step's, taken without a graph of their own, and where
        self.lost_terms: list[dict[str, Any]] = []
        self.objectives: list[dict[str, Any]] = []
        self.counts_decisions = False  # the script counts hits and misses of its decisions
        self.turned = 1  # -1 where a remedy turns the weights of a score-function objective around
        self.hand_watch: dict[tuple[str, str, int], str] = {}
        self.hand_seen: dict[tuple[str, str, int], list[losses.LossCall]] = {}
        self.modules: dict[int, dict[str, Any]] = {}
        self.module_names: dict[int, str] = {}
        self.registered: set[int] = set()  # modules that are part of a root's named_modules
        self.roots: dict[int, Any] = {}
        self.root_calls: list[tuple[Any, Any, Any]] = []
        self.root_total = 0  # calls ever put there: a loss call belongs to those ahead of it
        self.eval_values: dict[str, dict[str, Any]] = {}
        self.series: dict[str, list[float]] = defaultdict(list)
        self.series_steps: dict[str, list[int]] = defaultdict(list)
        self.layers: list[tuple[int, np.ndarray, np.ndarray, np.ndarray]] = []
        self.activation_records: list[dict[str, Any]] = []
        self.op_counts: Counter[str] = Counter()
        self.unscaled: dict[int, tuple[Any, Any]] = {}
        self.clips: dict[str, dict[str, Any]] = {}
        self.schedulers: dict[int, dict[str, Any]] = {}
        self.loaders: dict[int, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.data_tensors: list[dict[str, Any]] = []
        self.data_arrays: dict[int, np.ndarray | None] = {}
        self.data_seen: set[int] = set()
        self.batch_hashes: list[int] = []
        self.backwards = 0
        self.accumulations = 0  # those that add to .grad
        self.backwards_since_step = 0
        self.manual_prints: np.ndarray | None = None
        self.manual_tensors: list[torch.Tensor] = []
        self.manual_grads: np.ndarray | None = None
        self.manual_stale = 0
        self.manual_before: tuple[np.ndarray, list[torch.Tensor]] | None = None
        self.cleared: set[int] = set()  # optimizers whose gradients were cleared since the last backward
        self.zeroed: Counter[int] = Counter()  # zero_grad calls of optimizers that never stepped
        self.scaler_steps = 0
        self.scaler_skips = 0
        self.scaler_site: dict[str, Any] | None = None
        self.weights_before: list[torch.Tensor] | None = None
        self.raw_grad_norm: float | None = None
        self.raw_grads: np.ndarray | None = None
        self.done = False
        self.end_reason = ""
        self.step_times: list[float] = []
        self._subscribe()
        self._maybe_tape()

    # -- functions -----------------------------------------------------------------------------------------------

    def _subscribe(self) -> None:
        self.functions.on(set(losses.FAMILIES), self._loss_call)
        self.attention = AttentionWatch(self.functions, self.sites)
        self.evaluation = Evaluation(self.functions, self._evaluated)

    def _loss_call(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        call = losses.from_function(name, args, kwargs, result, self.sites.here(3))
        if call is None:
            return None
        call.ordinal = self.root_total
        if call.grad:
            self.pending.append(call)
        if not call.grad or (
            call.prediction.data_ptr() in self.evaluation.predictions and not call.prediction.requires_grad
        ):
            self._eval_call(call)
        return None

    def _hand_call(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        where = self.sites.key(3)
        if where is None:
            return None
        key = (name, *where)
        kind = self.hand_watch.get(key)
        if kind is None:
            return None
        found = tensors_in((args, kwargs))
        carrying = [t for t in found if t.requires_grad]
        fixed = [t for t in found if not t.requires_grad and t.numel() > 1]
        if not torch.is_grad_enabled():
            if len(found) == 2 and kind.startswith("difference") and not self.evaluation.predictions:
                call = losses.LossCall("difference", "regression", self.sites.here(3), found[0], found[1], None, False)
                self._eval_call(call)
            return None
        if carrying and fixed:
            family = "nll" if kind.startswith("picked") else "regression" if kind.startswith("difference") else "other"
            target = fixed[-1] if family == "nll" else fixed[0]
            call = losses.LossCall(kind.split("@")[0], family, self.sites.here(3), carrying[0], target, result, True)
            call.options["key"] = kind
            call.ordinal = self.root_total
            self.hand_seen.setdefault(key, []).append(call)
        return None

    def _evaluated(self, kind: str, rows: int, error: float, accuracy: float, spread: float) -> None:
        """An evaluation written by hand."""
        if kind == "counts":
            self.counts_decisions = True
            return
        site = self.sites.here(5)
        key = f"{kind}@{site['path']}:{site['line']}" if site else f"{kind}@?"
        empty: dict[str, Any] = {"key": key, "kind": kind, "site": site, "steps": [], "values": [], "errors": []}
        record = self.eval_values.setdefault(key, empty)
        if len(record["steps"]) <= 20000:
            record["steps"].append(self.count)
            record["values"].append(accuracy if kind == "accuracy" else error)
            record["errors"].append([float(rows), error, accuracy, spread])

    def _eval_call(self, call: losses.LossCall) -> None:
        """A loss computed without gradient: the script's own evaluation."""
        record = self.eval_values.setdefault(
            call.key, {"key": call.key, "kind": call.kind, "site": call.site, "steps": [], "values": [], "errors": []}
        )
        if len(record["steps"]) > 20000:
            return
        record["steps"].append(self.count)
        value = call.output
        record["values"].append(
            float(value.detach().float().mean()) if value is not None and value.numel() else float("nan")
        )
        record["errors"].append(self.pairs.error_of(call))

    # -- modules -------------------------------------------------------------------------------------------------

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """Notes the module's mode and, for the outermost ones, its inputs."""
        if depth == 0:
            if id(module) not in self.roots:
                self._meet_root(module)
            if self.count == 0:
                self.attention.given(tensors_in((args, kwargs)))
        name = self.module_names.get(id(module), type(module).__name__)
        self.functions.module_stack.append(name)
        return args, kwargs

    def forwarded(self, module: Any, args: Any, kwargs: Any, result: Any, depth: int) -> Any:
        """Notes a call."""
        if self.functions.module_stack:
            self.functions.module_stack.pop()
        if self.done:
            return result
        grad = torch.is_grad_enabled()
        record = self.modules.get(id(module))
        if record is None:
            record = self._meet_module(module, args, kwargs, result)
        if grad:
            record["grad_calls"] += 1
            if module.training:
                record["train_calls"] += 1
                record["last_train_step"] = self.count
            else:
                record["eval_calls_in_grad"] += 1
                record["last_eval_step"] = self.count
                record.setdefault("first_eval_step", self.count)
            if record["sampled"] < 3:
                self._sample_module(record, args, kwargs, result)
            if isinstance(module, torch.nn.RNNBase):
                self._sample_state(record, args, kwargs)
        else:
            record["nograd_calls"] += 1
            if depth == 0:
                self.evaluation.output(result)
        if depth == 0 and grad:
            outs = tensors_in(result)
            if any(t.requires_grad for t in outs):
                self.root_calls.append((module, (args, kwargs), result))
                self.root_total += 1
                if any(True for _ in module.parameters()):  # a loss written as a module is given no data
                    self.batches.given(record["name"], tensors_in((args, kwargs)), self.count)
                if len(self.root_calls) > 64:
                    del self.root_calls[0]
        return result

    def _meet_root(self, module: Any) -> None:
        self.roots[id(module)] = module
        prefix = "" if len(self.roots) == 1 else f"{type(module).__name__}#{len(self.roots)}."
        for name, child in module.named_modules():
            self.module_names.setdefault(id(child), f"{prefix}{name}" if name else f"{prefix}{type(module).__name__}")
            self.registered.add(id(child))
        for key, name in unregistered(module).items():
            self.module_names.setdefault(key, prefix + name)
        self.parameters.add_module(module, prefix)

    def _meet_module(self, module: Any, args: Any, kwargs: Any, result: Any) -> dict[str, Any]:
        record: dict[str, Any] = {
            "uid": len(self.modules),
            "name": self.module_names.get(id(module), type(module).__name__),
            "class": type(module).__name__,
            "bases": [c.__name__ for c in type(module).__mro__ if c.__module__.startswith("torch.nn")][:4],
            "root": id(module) in self.roots,
            "grad_calls": 0,
            "train_calls": 0,
            "eval_calls_in_grad": 0,
            "nograd_calls": 0,
            "sampled": 0,
            "site": self.sites.here(3),
        }
        for option in (
            "batch_first",
            "bidirectional",
            "num_layers",
            "p",
            "dropout",
            "momentum",
            "affine",
            "track_running_stats",
            "dim",
            "bias",
            "norm_first",
            "hidden_size",
            "nonlinearity",
        ):
            value = getattr(module, option, None)
            if isinstance(value, (bool, int, float, str)):
                record[option] = value
        record["has_state"] = bool(getattr(module, "running_mean", None) is not None)
        record["own_parameters"] = sum(p.numel() for p in module.parameters(recurse=False))
        record["parameters"] = self.parameters.add_called(module, record["name"])
        record["registered"] = id(module) in self.registered
        if record["has_state"]:
            record["stats_default"] = bool((module.running_mean == 0).all() and (module.running_var == 1).all())
        self.modules[id(module)] = record
        return record

    def _sample_module(self, record: dict[str, Any], args: Any, kwargs: Any, result: Any) -> None:
        record["sampled"] += 1
        inputs, outputs = tensors_in((args, kwargs)), tensors_in(result)
        record["inputs"] = [list(t.shape) for t in inputs[:4]]
        record["outputs"] = [list(t.shape) for t in outputs[:4]]
        if inputs and inputs[0].is_floating_point() and inputs[0].numel() > 1:
            value = inputs[0].detach().float()
            record["input_mean"], record["input_std"] = float(value.mean()), float(value.std())
            record["input_absmax"] = float(value.abs().max())
        if outputs and outputs[0].is_floating_point() and outputs[0].numel() > 1:
            value = outputs[0].detach().float()
            record["output_mean"], record["output_std"] = float(value.mean()), float(value.std())
        if record["sampled"] == 1:
            for figure in ("input_std", "input_absmax", "output_std"):
                record[f"first_{figure}"] = record.get(figure)

    def _sample_state(self, record: dict[str, Any], args: Any, kwargs: Any) -> None:
        """Whether a recurrent module is given a state, and whether that state has a history."""
        given = args[1] if len(args) > 1 else kwargs.get("hx")
        state = tensors_in(given)
        if not state:
            return
        record["state_calls"] = record.get("state_calls", 0) + 1
        record["state_nonzero"] = record.get("state_nonzero", 0) + int(bool(state[0].detach().any()))
        if any(t.requires_grad and t.grad_fn is not None for t in state):
            record["state_with_history"] = record.get("state_with_history", 0) + 1

    # -- data ----------------------------------------------------------------------------------------------------

    def loader_begins(self, loader: Any) -> None:
        """Notes how a loader draws its batches, and scans the tensors its dataset holds."""
        if id(loader) in self.loaders:
            self.loaders[id(loader)]["epochs"] += 1
            return
        self.loaders[id(loader)] = datascan.loader_record(loader, self.sites.here(3), loader_id=len(self.loaders))
        for name, tensor in datascan.dataset_tensors(loader):
            self._scan(name, tensor, f"loader {len(self.loaders) - 1}")

    def _scan(self, name: str, tensor: Any, origin: str) -> None:
        if id(tensor) in self.data_seen or len(self.data_tensors) >= 16:
            return
        self.data_seen.add(id(tensor))
        record = datascan.scan(name, tensor)
        if record is not None:
            record["origin"] = origin
            self.data_arrays[len(self.data_tensors)] = datascan.kept(tensor)
            self.data_tensors.append(record)

    def batch(self, iterator: Any, batch: Any) -> Any:
        """Notes a batch."""
        loader = self._loader_of(iterator)
        if loader is not None:
            loader["batches"] += 1
            if torch.is_grad_enabled():
                loader["grad_batches"] += 1
            if loader["batches"] <= 3:
                loader["leaves"] = [{"shape": list(t.shape), "dtype": str(t.dtype)} for t in tensors_in(batch)[:8]]
        return batch

    def _loader_of(self, iterator: Any) -> dict[str, Any] | None:
        dataset = getattr(iterator, "_dataset", None)
        sampler = getattr(iterator, "_index_sampler", None)
        for record in self.loaders.values():
            if record["_dataset"] is dataset and (record["_sampler"] is sampler or record["_sampler"] is None):
                return record
        return None

    # -- backward ------------------------------------------------------------------------------------------------

    def scaled(self, before: Any, after: Any) -> None:
        """Remembers which loss a scaled loss came from."""
        if isinstance(after, torch.Tensor) and isinstance(before, torch.Tensor) and after is not before:
            self.unscaled[id(after)] = (after, before)

    def backward(self, roots: list[Any], kind: str) -> list[Any] | None:
        """The loss is known and its graph still stands: decide which loss calls it is made of, and record the pairs."""
        if self.done or not roots or not isinstance(roots[0], torch.Tensor):
            return None
        root = roots[0]
        self.accumulations += int(kind == "backward")
        self._weigh()
        tape, given, count = self.functions.tape, list(self.root_calls), self.count
        self._manual_step(root)
        closed = (
            self.count != count
        )  # a hand-made step is noticed here, after the next forward has run: that one is still wanted
        if closed:
            self.root_calls = given
        self.note_cleared()
        site = self.sites.here(3)
        key = f"{site['path']}:{site['line']}" if site else f"backward:{len(self.streams)}"
        stream = self.streams.get(key)
        if stream is None:
            stream = {
                "key": key,
                "site": site,
                "steps": [],
                "values": [],
                "kind": kind,
                "keys": {},
                "analysed": 0,
                "reached": [],
                "shape": list(root.shape),
            }
            self.streams[key] = stream
        original = self.unscaled.get(id(root))
        value_of = original[1] if original else root
        stream["steps"].append(self.count)
        stream["values"].append(float(value_of.detach().float().mean()) if value_of.numel() else float("nan"))
        calls = self.pending + [c for seen in self.hand_seen.values() for c in seen]
        if stream["analysed"] < 3 or (closed and tape is not None):
            calls = self._analyse(stream, root, calls, tape)
            if closed and self.functions.tape is not None:
                stream["analysed"] = min(stream["analysed"], 2)
        for call in calls:
            call_key = call.options.get("key", call.key)
            if stream["keys"].get(call_key):
                self._accept(call, call_key, stream)
        self.pending.clear()
        self.hand_seen.clear()
        self.unscaled.clear()
        if closed:
            self.root_calls.clear()
        return None

    def _analyse(
        self, stream: dict[str, Any], root: torch.Tensor, calls: list[losses.LossCall], tape: Tape | None
    ) -> list[losses.LossCall]:
        stream["analysed"] += 1
        reached = losses.leaves(root)
        for leaf in reached:
            if self.parameters.index(leaf) is None and leaf.requires_grad and leaf.is_leaf:
                name = self.sites.variable(leaf, 3) or f"leaf{len(self.parameters.tensors)}"
                self.parameters.add(leaf, name, "graph")
            index = self.parameters.index(leaf)
            if index is not None:
                self.parameters.records[index]["reached"] += 1
        indices = {i for i in map(self.parameters.index, reached) if i is not None}
        stream["reached"] = sorted(indices.union(stream["reached"]))
        for call in calls:
            if contributes_memo(stream, call):
                continue
            if losses.contributes(root, call.output):
                stream["keys"][call.options.get("key", call.key)] = True
        if tape is not None:
            for op in tape.ops:
                if op.grad and op.outputs and op.outputs[0].requires_grad:
                    self.op_counts[op.name.rstrip("_") if not op.name.startswith("__") else op.name] += 1
            if not stream["keys"] and not any(losses.contributes(root, c.output) for c in calls):
                for call, op in losses.by_hand(tape, root):
                    if op.site is None:
                        continue
                    key = (op.name, op.site["path"], op.site["line"])
                    name = call.key
                    call.options["key"] = name
                    stream["keys"][name] = True
                    if key not in self.hand_watch:
                        self.hand_watch[key] = name
                        self.functions.on(op.name, self._hand_call)
                    calls.append(call)
            flow.note_uses(tape, self.parameters)
            flow.note_cuts(tape, self.parameters, root, indices)
            self._note_objective(tape, root)
            if len(self.lost_terms) < 8:
                self.lost_terms += flow.lost_terms(tape, root, self.derivatives, self.parameters)
            self._on_tape(tape, calls, stream)
        return calls

    def _note_objective(self, tape: Tape, root: torch.Tensor) -> None:
        """What weighs log-probabilities in this step, if anything does; a remedy that turns it around is seen through."""
        found = objectives.objective(tape, root)
        if found is None:
            return
        record = {
            "step": self.count,
            "sign": found.sign * self.turned,
            "value": found.value,
            "number": found.number,
            "sites": found.sites,
            "terms": found.terms,
            "drawn": found.drawn,
        }
        self.objectives.append(record)

    def _on_tape(self, tape: Tape, calls: list[losses.LossCall], stream: dict[str, Any]) -> None:
        for record in activations.summarise(tape):
            record["step"] = self.count
            if len(self.activation_records) < 2000:
                self.activation_records.append(record)
        for call in calls:
            key = call.options.get("key", call.key)
            if not stream["keys"].get(key):
                continue
            record = self.loss_records.setdefault(key, self._loss_record(call, key))
            self.layouts.note(tape, key, call, self.count, self._inputs_for(call))
            if "behind" not in record:
                record["behind"] = chains.behind(tape, call.prediction)
                record["path"] = depth.path(tape, call.prediction, self.parameters)
                record["unit_sum"] = losses.unit_sum(call)
                record["behind_target"] = chains.behind(tape, call.target, 6) if call.target is not None else []
                if call.target is not None:
                    record["target_requires_grad"] = bool(call.target.requires_grad)
        if len(self.softmaxes) < 3 * tapefacts.LIMIT:
            self.softmaxes += [r | {"step": self.count} for r in tapefacts.softmaxes(tape)]
        if len(self.broadcasts) < tapefacts.LIMIT:
            self.broadcasts += [r | {"step": self.count} for r in tapefacts.broadcasts(tape)]
        if self.count == 0 or (self.count < 3 and not self.data_tensors):
            for op in tape.ops:
                for tensor in op.inputs:
                    if (
                        tensor.is_leaf
                        and not tensor.requires_grad
                        and tape.producer(tensor, op.index) is None
                        and tensor.dim() >= 1
                        and tensor.shape[0] >= 16
                        and id(tensor) not in self.data_seen
                        and self.parameters.index(tensor) is None
                    ):
                        self._scan("", tensor, "tensor in the script")

    def _loss_record(self, call: losses.LossCall, key: str) -> dict[str, Any]:
        target = call.target
        return {
            "key": key,
            "kind": call.kind,
            "family": call.family,
            "site": call.site,
            "options": {k: v for k, v in call.options.items() if k != "key"},
            "prediction_shape": list(call.prediction.shape),
            "prediction_dtype": str(call.prediction.dtype),
            "target_shape": list(target.shape) if target is not None else None,
            "target_dtype": str(target.dtype) if target is not None else None,
            "calls": 0,
            "prediction_requires_grad": bool(call.prediction.requires_grad),
        }

    def _accept(self, call: losses.LossCall, key: str, stream: dict[str, Any]) -> None:
        record = self.loss_records.setdefault(key, self._loss_record(call, key))
        record["calls"] += 1
        record.setdefault("stream", stream["key"])
        self.batches.wanted(key, call.target, self.count)
        inputs, listening = self._inputs_for(call), losses.watch_weights(call)
        if listening is None:
            self.pairs.add(key, call, self.count, inputs)
        else:  # what a mask behind it leaves of an unreduced loss is known when backward has run
            self.unweighed.append((key, call, self.count, inputs, listening))

    def _weigh(self) -> None:
        """Record the pairs that waited for backward."""
        for key, call, step, inputs, listening in self.unweighed:
            listening.remove()
            self.pairs.add(key, call, step, inputs)
        self.unweighed.clear()

    def _inputs_for(self, call: losses.LossCall) -> list[torch.Tensor]:
        """The tensors given to the outermost modules since the last step, most recent last; data ahead of what was computed from them."""
        found = []
        ahead = call.ordinal - (self.root_total - len(self.root_calls)) if call.ordinal else 0
        calls = self.root_calls[:ahead] if ahead > 0 else self.root_calls
        latest = {id(module): i for i, (module, _, _) in enumerate(calls)}  # a model that is called again was fed anew
        for module, given, _ in (calls[i] for i in sorted(latest.values())):
            tensors = tensors_in(given)
            # A loss written as a module is no model, nor is one that was called for another batch before.
            scores = any(t is call.prediction for t in tensors)
            if not scores and (not any(t.requires_grad for t in tensors) or any(True for _ in module.parameters())):
                found.extend(tensors)
        return [t for t in found if not t.requires_grad] or found

    def derived(self, result: Any) -> None:
        """A derivative that nothing can be learned through."""
        if self.functions.tape is not None and len(self.derivatives) < 64:
            site = self.sites.here(3)
            self.derivatives += [(t, site) for t in tensors_in(result)]

    def backwarded(self, roots: list[Any]) -> None:
        """Gradients have arrived."""
        if self.done:
            return
        self._weigh()
        for state in self.optimizer_state:
            if state["stepped"] and not state["clean"]:  # another loss's backward has added to them
                state["norms"] = norms([p.grad for p in state["probe"]])
        self.backwards += 1
        self.backwards_since_step += 1
        self.cleared.clear()
        for known, state in zip(self.optimizers, self.optimizer_state, strict=True):
            state["given"] = any(p.grad is not None for p in self._mine(known))
        if not self.optimizers:
            self.manual_grads = norms([t.grad for t in self.manual_tensors])
            if self._sampled() and sum(t.numel() for t in self.parameters.tensors) < MANUAL_NUMBERS:
                self.manual_before = (
                    norms([p.grad for p in self.parameters.tensors]),
                    [p.detach().clone() for p in self.parameters.tensors],
                )
        if not self.optimizers and self.backwards >= 3 * self.plan.steps and self.count == 0:
            self._finish("no step")

    # -- optimizers ----------------------------------------------------------------------------------------------

    def note_cleared(self) -> None:
        """Ahead of a backward: which optimizers' gradients are gone, however the script (or a remedy) cleared them."""
        for state in self.optimizer_state:
            if state["clean"] or not state["stepped"]:
                continue
            now = norms([p.grad for p in state["probe"]])
            # Gone, or changed since the step: who fades old gradients (momentum in the buffer) has dealt with them.
            if not np.nan_to_num(now).any() or not np.allclose(now, state["norms"], rtol=1e-4, equal_nan=True):
                state["clean"] = True

    def zero_grad(self, optimizer: Any) -> None:
        """An optimizer's gradients are cleared."""
        for known, state in zip(self.optimizers, self.optimizer_state, strict=True):
            if known is optimizer:
                state["clean"] = True
        if not any(known is optimizer for known in self.optimizers):
            self.zeroed[id(optimizer)] += 1
        if self.backwards_since_step:
            of_module = (
                {id(p) for p in optimizer.parameters()} if isinstance(optimizer, torch.nn.Module) else frozenset()
            )
            for known in self.optimizers:
                held = [
                    p for p in self._mine(known) if p.grad is not None and (known is optimizer or id(p) in of_module)
                ]
                if any(bool(p.grad.any()) for p in held if p.grad is not None):
                    self.cleared.add(id(known))

    def scaler_stepped(self, scaler: Any, optimizer: Any, stepped: bool) -> None:
        """Notes whether a gradient scaler let the optimizer step."""
        self.scaler_steps += 1
        self.scaler_skips += int(not stepped)
        self.scaler_site = self.scaler_site or self.sites.here(3)

    def _meet_optimizer(self, optimizer: Any) -> int:
        for i, known in enumerate(self.optimizers):
            if known is optimizer:
                if sum(len(g["params"]) for g in optimizer.param_groups) != self.optimizer_state[i]["size"]:
                    self._own(optimizer, i)
                return i
        index = len(self.optimizers)
        held = {id(p) for p in self._mine(optimizer)}
        before = (i for i, o in enumerate(self.optimizers) if any(id(p) in held for p in self._mine(o)))
        self.lanes.append(next(before, index))
        self.optimizers.append(optimizer)
        self.optimizer_state.append(
            {"clean": True, "stepped": False, "probe": [], "size": 0, "accumulations": 0, "norms": None, "given": False}
        )
        options = {k: v for k, v in optimizer.param_groups[0].items() if isinstance(v, (int, float, bool, str))}
        record = {
            "class": type(optimizer).__name__,
            "options": options,
            "groups": len(optimizer.param_groups),
            "lrs": [float(g.get("lr", float("nan"))) for g in optimizer.param_groups],
            "stale_steps": 0,
            "empty_steps": 0,
            "cleared_steps": 0,
            "bare_steps": 0,
            "steps": 0,
            "numel": 0,
            "site": self.sites.here(3),
        }
        self.optimizer_records.append(record)
        self._own(optimizer, index)
        return index

    def _own(self, optimizer: Any, index: int) -> None:
        """Notes which parameters an optimizer holds (again after ``add_param_group``)."""
        record, state = self.optimizer_records[index], self.optimizer_state[index]
        record["numel"], state["size"] = 0, 0
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                i = self.parameters.add(parameter, f"optimizer{index}.{len(self.parameters.tensors)}", "optimizer")
                self.parameters.records[i].update(in_optimizer=True, optimizer=index)
                record["numel"] += parameter.numel()
                state["size"] += 1

    def _mine(self, optimizer: Any) -> list[torch.Tensor]:
        return [p for group in optimizer.param_groups for p in group["params"]]

    def step_begins(self, optimizer: Any) -> None:
        """Measures the gradients the step will use."""
        if self.done:
            return
        index = self._meet_optimizer(optimizer)
        record, state = self.optimizer_records[index], self.optimizer_state[index]
        mine = self._mine(optimizer)
        grads = norms([p.grad for p in mine])
        finite = grads[~np.isnan(grads)]
        total = float(np.sqrt(np.sum(np.square(finite)))) if len(finite) else float("nan")
        self._log("grad_norm", total)
        if self.backwards_since_step and (not len(finite) or total == 0.0):
            record["empty_steps"] += 1
            # Cleared by zero_grad, or by hand: what backward gave is None by now.
            gone = state["given"] and all(p.grad is None for p in mine)
            record["cleared_steps"] += int(id(optimizer) in self.cleared or gone)
        if not len(finite):
            record["bare_steps"] += 1
        # Of optimizers that step one behind the other, each has its own backwards since its last step. (What autograd.grad
        # returns is put in the place of old gradients, and not added to them.)
        if state["stepped"] and not state["clean"] and self.accumulations > state["accumulations"]:
            record["stale_steps"] += 1
        if self._sampled():
            tensors = self.parameters.tensors
            self.raw_grads = norms([p.grad for p in tensors])
            self.weights_before = [p.detach().clone() for p in tensors]

    def _sampled(self) -> bool:
        return self.count < DENSE_STEPS or self.count % SPARSE_EVERY == 0

    def step_ended(self, optimizer: Any) -> None:
        """Measures how far the step moved the parameters, and closes it."""
        if self.done:
            return
        index = self._meet_optimizer(optimizer)
        state = self.optimizer_state[index]
        mine = self._mine(optimizer)
        state["clean"] = False
        state["stepped"] = True
        state["accumulations"] = self.accumulations
        state["probe"] = [p for p in mine if p.grad is not None][:4]
        state["norms"] = norms([p.grad for p in state["probe"]])
        self.per_optimizer[self.lanes[index]] += 1
        self.optimizer_records[index]["steps"] += 1
        self._log("lr", float(optimizer.param_groups[0].get("lr", float("nan"))))
        self._log("optimizer", float(index))
        self._close()

    def _manual_step(self, root: torch.Tensor) -> None:
        """Where no optimizer steps: a change of the parameters between two backwards is a step."""
        if self.optimizers:
            return
        found = losses.leaves(root)[:64]
        prints = norms(list(found))
        known = {id(t): i for i, t in enumerate(self.manual_tensors)}
        before, self.manual_prints = self.manual_prints, prints
        previous, self.manual_tensors = self.manual_tensors, found
        if before is None or not previous:
            return
        same = [(i, known[id(t)]) for i, t in enumerate(found) if id(t) in known]
        replaced = not same  # new tensors take the place of all old ones: parameters updated by making new ones
        changed = replaced or any(prints[i] != before[j] for i, j in same)
        if changed and self.backwards_since_step:
            now = norms([t.grad for t in previous])
            if self.manual_grads is not None and len(now) == len(self.manual_grads):
                kept = (now > 0) & (now == self.manual_grads)
                self.manual_stale += int(kept.any() and kept.sum() >= (self.manual_grads > 0).sum() / 2)
            if self._sampled() and self.manual_before is not None:
                self.raw_grads, self.weights_before = self.manual_before
            self.manual_before = None
            self._log("lr", float("nan"))
            given = self.manual_grads[~np.isnan(self.manual_grads)] if self.manual_grads is not None else np.zeros(0)
            self._log("grad_norm", float(np.sqrt(np.square(given).sum())) if len(given) else float("nan"))
            self._log("optimizer", -1.0)
            self.per_optimizer[-1] += 1
            self._close()

    def _close(self) -> None:
        if self.raw_grads is not None:
            tensors = self.parameters.tensors
            weights = norms(list(tensors))
            updates = np.full(len(tensors), np.nan)
            if self.weights_before is not None:
                known = len(self.weights_before)
                updates[:known] = norms([a.detach() - b for a, b in zip(tensors, self.weights_before, strict=False)])
            grads = np.full(len(tensors), np.nan)
            grads[: len(self.raw_grads)] = self.raw_grads
            self.layers.append((self.count, grads, weights, updates))
            self.raw_grads = self.weights_before = None
        self._log("backwards", float(self.backwards_since_step))
        self.step_times.append(time.perf_counter() - self.started)
        self.count += 1
        self.backwards_since_step = 0
        self.root_calls.clear()
        self.derivatives.clear()
        self.evaluation.forget()
        self.functions.tape = None
        if max(self.per_optimizer.values()) >= self.plan.steps:
            self._finish("step limit")
            return
        if self.plan.seconds and time.perf_counter() - self.started > self.plan.seconds:
            self._finish("time limit")
            return
        self._maybe_tape()

    def _maybe_tape(self) -> None:
        every = max(self.plan.steps // 2, 2)
        if self.count in {0, 1, 2} or self.count % every == 0 or self.count == self.plan.steps - 2:
            self.functions.tape = Tape()
            for stream in self.streams.values():
                stream["analysed"] = min(stream["analysed"], 2)

    def _log(self, name: str, value: float) -> None:
        self.series[name].append(value)
        self.series_steps[name].append(self.count)

    def clipped(self, kind: str, limit: float, total: Any) -> None:
        """Notes a clip call: its place relative to backward and step, and the norm it saw."""
        record = self.clips.setdefault(
            kind,
            {
                "kind": kind,
                "limit": limit,
                "calls": 0,
                "before_backward": 0,
                "norms": [],
                "steps": [],
                "site": self.sites.here(3),
            },
        )
        record["calls"] += 1
        if self.backwards_since_step == 0:
            record["before_backward"] += 1
        if isinstance(total, torch.Tensor):
            record["norms"].append(float(total))
            record["steps"].append(self.count)

    def scheduled(self, scheduler: Any) -> None:
        """Notes a scheduler's step."""
        record = self.schedulers.get(id(scheduler))
        if record is None:
            record = {
                "class": type(scheduler).__name__,
                "calls": 0,
                "site": self.sites.here(3),
                "at_steps": [],
                "options": {},
            }
            for key, value in vars(scheduler).items():
                if isinstance(value, (int, float, bool, str)) and not key.startswith("_"):
                    record["options"][key] = value
            self.schedulers[id(scheduler)] = record
        record["calls"] += 1
        if len(record["at_steps"]) < 400:
            record["at_steps"].append(self.count)

    def _finish(self, reason: str) -> None:
        self.done = True
        self.end_reason = reason
        self.finish(reason)

    # -- the trace -----------------------------------------------------------------------------------------------

    def trace(self) -> Trace:
        """Everything heard so far, as a trace (see ``docs/trace.md``)."""
        from .assemble import assemble

        self._weigh()

        return assemble(self)


def contributes_memo(stream: dict[str, Any], call: losses.LossCall) -> bool:
    """Whether this call is already known to belong to the stream."""
    return bool(stream["keys"].get(call.options.get("key", call.key)))
