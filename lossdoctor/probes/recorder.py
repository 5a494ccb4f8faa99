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

from . import activations, chains, datascan, depth, flow, losses, masked, objectives, tapefacts, terms
from .attention import AttentionWatch
from .batches import Batches
from .byhand import HandMadeSteps
from .called import Modules
from .carried import Carried
from .evaluation import Evaluation
from .functions import Tape, tensors_in
from .instruments import Instruments, Silent
from .layouts import Layouts
from .optimizers import Optimizers
from .pairs import Pairs
from .parameters import Parameters, norms

# Per-parameter norms: every one of the first steps, then every few.
DENSE_STEPS = 10
SPARSE_EVERY = 5


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
        self.carried = Carried()
        self.softmaxes: list[dict[str, Any]] = []
        self.broadcasts: list[dict[str, Any]] = []
        self.torn: list[dict[str, Any]] = []
        self.count = 0  # step calls so far, of all optimizers
        self.per_optimizer: Counter[int] = Counter()
        self.optimizers = Optimizers(self.parameters, self.sites)
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
        self.modules = Modules(self.parameters, self.sites)
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
        self.by_hand = HandMadeSteps(self.parameters)
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
            self.modules.meet_root(module)
            if self.count == 0:
                self.attention.given(tensors_in((args, kwargs)))
        self.functions.module_stack.append(self.modules.name(module))
        return args, kwargs

    def forwarded(self, module: Any, args: Any, kwargs: Any, result: Any, depth: int) -> Any:
        """Notes a call."""
        if self.functions.module_stack:
            self.functions.module_stack.pop()
        if self.done:
            return result
        grad = torch.is_grad_enabled()
        record = self.modules.called(module, args, kwargs, result, self.count)
        if not grad and depth == 0:
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
                "terms": None,
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
            if stream["terms"] is None:
                mine = [
                    c.output for c in calls if c.output is not None and stream["keys"].get(c.options.get("key", c.key))
                ]
                stream["terms"] = terms.shares(tape, root, mine)
            if len(self.lost_terms) < 8:
                self.lost_terms += terms.lost_terms(tape, root, self.derivatives, self.parameters)
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
        self.carried.note(tape, self.count)
        for record in activations.summarise(tape):
            record["step"] = self.count
            if len(self.activation_records) < 2000:
                self.activation_records.append(record)
        for call in calls:
            key = call.options.get("key", call.key)
            if not stream["keys"].get(key):
                continue
            record = self.loss_records.setdefault(key, self._loss_record(call, key))
            given = self._inputs_for(call)
            self.layouts.note(tape, key, call, self.count, given)
            if "behind" not in record:
                record["behind"] = chains.behind(tape, call.prediction)
                record["path"] = depth.path(tape, call.prediction, self.parameters)
                record["unit_sum"] = losses.unit_sum(call)
                record["chosen"] = masked.chosen(tape, call, given)
                record["behind_target"] = chains.behind(tape, call.target, 6) if call.target is not None else []
                if call.target is not None:
                    record["target_requires_grad"] = bool(call.target.requires_grad)
        if len(self.softmaxes) < 3 * tapefacts.LIMIT:
            self.softmaxes += [r | {"step": self.count} for r in tapefacts.softmaxes(tape)]
        if len(self.torn) < tapefacts.LIMIT:
            self.torn += [r | {"step": self.count} for r in tapefacts.torn(tape)]
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

    def derived(self, result: Any, roots: list[Any], wanted: list[Any]) -> None:
        """A derivative of a model that is trained, by its input: nothing can be learned through it."""
        if self.functions.tape is None or len(self.derivatives) >= 64:
            return
        if any(isinstance(t, torch.nn.Parameter) or self.parameters.trained(t) for t in wanted):
            return
        if any(self.parameters.trained(leaf) for root in roots for leaf in losses.leaves(root)):
            site = self.sites.here(3)
            self.derivatives += [(t, site) for t in tensors_in(result) if not t.requires_grad]

    def backwarded(self, roots: list[Any]) -> None:
        """Gradients have arrived."""
        if self.done:
            return
        self._weigh()
        self.optimizers.backwarded()
        self.backwards += 1
        self.backwards_since_step += 1
        if not self.optimizers.known:
            self.by_hand.backwarded(copy=self._sampled())
        if not self.optimizers.known and self.backwards >= 3 * self.plan.steps and self.count == 0:
            self._finish("no step")

    # -- optimizers ----------------------------------------------------------------------------------------------

    def note_cleared(self) -> None:
        """Ahead of a backward: which optimizers' gradients are gone, however the script (or a remedy) cleared them."""
        self.optimizers.note_cleared()

    def zero_grad(self, optimizer: Any) -> None:
        """Gradients of an optimizer or module are cleared."""
        self.optimizers.zero_grad(optimizer, behind_backward=bool(self.backwards_since_step))

    def scaler_stepped(self, scaler: Any, optimizer: Any, stepped: bool) -> None:
        """Notes whether a gradient scaler let the optimizer step."""
        self.scaler_steps += 1
        self.scaler_skips += int(not stepped)
        self.scaler_site = self.scaler_site or self.sites.here(3)

    def step_begins(self, optimizer: Any) -> None:
        """Measures the gradients the step will use."""
        if self.done:
            return
        total = self.optimizers.begins(optimizer, self.backwards_since_step, self.accumulations)
        self._log("grad_norm", total)
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
        index = self.optimizers.ended(optimizer, self.accumulations)
        self.per_optimizer[self.optimizers.lanes[index]] += 1
        self._log("lr", float(optimizer.param_groups[0].get("lr", float("nan"))))
        self._log("optimizer", float(index))
        self._close()

    def _manual_step(self, root: torch.Tensor) -> None:
        """Where no optimizer steps: a change of the parameters between two backwards is a step."""
        if self.optimizers.known:
            return
        moved = self.by_hand.moved(root)
        if moved and self.backwards_since_step:
            total, before = self.by_hand.closes()
            if self._sampled() and before is not None:
                self.raw_grads, self.weights_before = before
            self._log("lr", float("nan"))
            self._log("grad_norm", total)
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
        if self.functions.tape is not None:
            self.carried.keep(self.functions.tape, self.count)
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
