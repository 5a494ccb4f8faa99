"""Made-up patients for the renderers: one sick with trials, one healthy, one crashed, one full of traps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lossdoctor.contracts.catalogue import STAGES
from lossdoctor.trace.model import Diagnosis, Finding, Node, RemedySpec, Site, Trace, TrialResult

ROOT = Path("/home/ada/flights")
SCRIPT = "train.py"

PATCH = """\
--- a/train.py
+++ b/train.py
@@ -21,7 +21,7 @@
 class SequenceModel(nn.Module):
     def __init__(self, input_dim, hidden_dim, output_dim, num_layers, dropout):
         super().__init__()
-        self.recurrent = nn.LSTM(input_dim, hidden_dim, num_layers, dropout=dropout)
+        self.recurrent = nn.LSTM(input_dim, hidden_dim, num_layers, dropout=dropout, batch_first=True)
         self.head = nn.Linear(hidden_dim, output_dim)
{blank}
     def forward(self, X):
@@ -43,4 +43,4 @@
 def split_window(X):
-    inputs = transform(X[:, :5, :])
-    targets = transform(X[:, 5:, :])
+    inputs = transform(X[:, :-1, :])
+    targets = transform(X[:, 1:, :])
     return inputs, targets
""".format(blank=" ")

RULED_OUT = {
    "target-range-mismatch": "the model ends in `nn.Linear`, which reaches every real number; targets lie in [0, 1]",
    "missing-zero-grad": "every one of the 100 steps starts from a zeroed gradient",
    "lr-too-high": "from the same start, no smaller step size ends lower",
    "exploding-gradient": "the gradient norm stays between 0.02 and 0.31",
    "bad-data-values": "no input, target or loss was nan or infinite",
}
CANNOT_TELL = {
    "overfitting": "the script evaluates nothing in its first 100 steps, so there is no held-out loss to compare with",
    "padding-in-loss": "the probe saw no mask, no packing and no padding token",
}


def lstm_finding() -> Finding:
    """The root cause of the sick patient."""
    return Finding(
        cause="batch-first-mismatch",
        stage="wiring",
        severity="error",
        title="The LSTM reads samples as time steps",
        message="`self.recurrent` is given (32, 5, 1) and takes axis 0, the 32 samples, for time. Prediction "
        "i depends on every sample before it: 94% of what reaches a prediction comes from other samples.",
        why="Each prediction is made from unrelated sequences, and the five real time steps are treated as a batch. "
        "Order within a sequence, the one thing to be learned, never enters the recurrence.",
        location=Site(
            str(ROOT / "train.py"),
            24,
            "__init__",
            "        self.recurrent = nn.LSTM(input_dim, hidden_dim, num_layers, dropout=dropout)",
        ),
        evidence={
            "mixed_fraction": 0.9412,
            "input_shape": [32, 5, 1],
            "batch_first": False,
            "influence": {"own_sample": 0.0588, "other_samples": 0.9412},
            "loss_by_position": [0.1083, 0.1091, 0.1087, 0.1079, 0.1094, 0.1088, 0.1085],
        },
        remedies=[
            RemedySpec(
                "set-batch-first",
                "Tell the LSTM that its batch comes first.",
                {"module": "recurrent"},
                "self.recurrent = nn.LSTM(input_dim, hidden_dim, num_layers,\n"
                "                         dropout=dropout, batch_first=True)",
                "safe",
            )
        ],
        confidence=0.97,
        structural=True,
        proof="mechanism-only",
    )


def gap_finding() -> Finding:
    """The second fault, in the plan too."""
    return Finding(
        cause="causal-gap",
        stage="wiring",
        severity="error",
        title="Each prediction is five steps away from what it may see",
        message="Target t is `X[:, t+5]`, and prediction t sees inputs up to t: the four steps between are never seen.",
        why="The nearest observation carries most of the signal, and it lies out of reach.",
        location=Site(str(ROOT / "train.py"), 45, "split_window", "    targets = transform(X[:, 5:, :])"),
        evidence={"offset": 5, "reachable_r2": 0.11, "whole_input_r2": 0.48},
        remedies=[
            RemedySpec(
                "next-step-targets",
                "Predict the next step: shift the window by one instead of by five.",
                {},
                "inputs = transform(X[:, :-1, :])\ntargets = transform(X[:, 1:, :])",
            )
        ],
        confidence=0.9,
        structural=True,
        proof="mechanism-only",
    )


def plateau_finding() -> Finding:
    """The symptom."""
    return Finding(
        cause="loss-plateau",
        stage="outcome",
        severity="warning",
        title="The loss does not fall",
        message="Over 100 steps the loss moves by less than its own noise (slope -2.1e-05 a step, p = 0.41) and "
        "sits on the score of the best constant prediction.",
        why="The model has learned nothing from its input.",
        evidence={"slope": -2.1e-05, "p": 0.41, "last": 0.1089, "best_constant": 0.1081},
        confidence=0.9,
    )


def tree_of(sick: dict[str, str], ruled_out: dict[str, str], cannot_tell: dict[str, str]) -> list[Node]:
    """A whole tree: ``sick`` names the answer of each stage that is not ok."""
    nodes = []
    for stage in STAGES:
        causes = [
            {"cause": c, "reason": ruled_out.get(c) or cannot_tell.get(c) or ""}
            for c in stage.causes
            if c in ruled_out or c in cannot_tell or c in sick.get(stage.name, "")
        ]
        answer = sick.get(stage.name, "ok").split(" ")[0]
        nodes.append(Node(stage.name, stage.question, answer, causes))  # type: ignore[arg-type]
    return nodes


def sick() -> Diagnosis:
    """Two faults in the wiring, their symptom, two remedies tried alone and together."""
    ruled_out = RULED_OUT | {c: "looked for, and not there" for s in STAGES[:2] for c in s.causes if c not in RULED_OUT}
    return Diagnosis(
        script=SCRIPT,
        verdict="sick",
        steps=100,
        root_cause="batch-first-mismatch",
        proof="confirmed",
        plan=["batch-first-mismatch", "causal-gap"],
        explains=["loss-plateau"],
        ruled_out=[{"cause": c, "reason": r} for c, r in ruled_out.items()],
        cannot_tell=[{"cause": c, "reason": r} for c, r in CANNOT_TELL.items()],
        findings=[lstm_finding(), gap_finding(), plateau_finding()],
        trials=[
            TrialResult(
                "set-batch-first",
                "batch-first-mismatch",
                "mechanism-only",
                "samples no longer reach each other (0.94 → 0); the loss is not better yet, the gap is still there",
                {"loss": 0.1089, "skill": -0.007, "mixed_fraction": 0.9412},
                {"loss": 0.1092, "skill": -0.01, "mixed_fraction": 0.0},
            ),
            TrialResult(
                "next-step-targets",
                "causal-gap",
                "mechanism-only",
                "every prediction now sees the step before its target; samples still mix",
                {"loss": 0.1089, "skill": -0.007, "gap": 4},
                {"loss": 0.0931, "skill": 0.139, "gap": 0},
            ),
            TrialResult(
                "set-batch-first + next-step-targets",
                "batch-first-mismatch",
                "confirmed",
                "both faults are gone, and training beats the untreated runs by 31 times their noise",
                {"loss": 0.1089, "skill": -0.007},
                {"loss": 0.0594, "skill": 0.45},
            ),
        ],
        tree=tree_of(
            {"wiring": "sick batch-first-mismatch causal-gap", "outcome": "symptom loss-plateau"},
            ruled_out,
            CANNOT_TELL,
        ),
        patch=PATCH,
        notes=["The probe ran on the CPU with one thread.", "`best.pt` was redirected: your files are as they were."],
        summary="The LSTM takes the batch for time, so every prediction is made from other people's flights; with "
        "that put right, and with targets one step ahead, the loss falls to 0.059.",
    )


def healthy() -> Diagnosis:
    """Nothing wrong, one remark."""
    ruled_out = {c: "looked for, and not there" for s in STAGES for c in s.causes} | RULED_OUT
    for cause in CANNOT_TELL:
        del ruled_out[cause]
    del ruled_out["no-nonlinearity"]
    remark = Finding(
        cause="no-nonlinearity",
        stage="signal",
        severity="info",
        title="Dropout on a one-layer LSTM does nothing",
        message="`nn.LSTM(..., num_layers=1, dropout=0.1)` has no layer between which it could drop.",
        location=Site(str(ROOT / "train.py"), 24, "__init__", "        self.lstm = nn.LSTM(10, 64, dropout=0.1)"),
    )
    return Diagnosis(
        script=SCRIPT,
        verdict="healthy",
        steps=100,
        ruled_out=[{"cause": c, "reason": r} for c, r in ruled_out.items()],
        cannot_tell=[{"cause": c, "reason": r} for c, r in CANNOT_TELL.items()],
        findings=[remark],
        tree=tree_of({}, ruled_out, CANNOT_TELL),
        summary="In 100 steps the loss fell from 0.34 to 0.059, well below the best constant prediction's 0.108.",
    )


def crashed() -> Diagnosis:
    """The script raised before its first training step."""
    trouble = "RuntimeError: mat1 and mat2 shapes cannot be multiplied (32x5 and 10x64)"
    site = Site(str(ROOT / "train.py"), 31, "forward", "        return self.head(states)")
    return Diagnosis(
        script=SCRIPT,
        verdict="inconclusive",
        steps=0,
        root_cause="script-error",
        cannot_tell=[{"cause": c, "reason": "no training step was made"} for s in STAGES[1:] for c in s.causes],
        findings=[
            Finding(
                cause="script-error",
                stage="runs",
                severity="error",
                title="The script stops before its first training step",
                message=f"It raises `{trouble}`.",
                why="Without a training step there is nothing to measure.",
                location=site,
            )
        ],
        tree=[Node("runs", STAGES[0].question, "sick", [{"cause": "script-error", "reason": trouble}])],
        error={
            "type": "RuntimeError",
            "message": "mat1 and mat2 shapes cannot be multiplied (32x5 and 10x64)",
            "traceback": "Traceback (most recent call last):\n"
            '  File "train.py", line 88, in <module>\n    main()\n'
            '  File "train.py", line 31, in forward\n    return self.head(states)\n'
            f"{trouble}",
        },
        summary="The script raised before its first optimizer step, so nothing could be measured.",
    )


def hostile() -> Diagnosis:
    """Text which breaks a format that forgets to escape, and numbers which JSON lacks."""
    nasty = "<script>alert('x')</script> | 100% *bold* [link](x) `a|b` ``` :: , \n second line \x1b[31mred\x07"
    finding = Finding(
        cause="loss-plateau",
        stage="outcome",
        severity="warning",
        title=nasty,
        message=nasty,
        why=nasty,
        location=Site("/elsewhere/a b,c:d.py", 3, "<module>", "x = '<b>' # | `tick`"),
        evidence={"<key>": float("nan"), "big": [float("inf")] * 9, "nested": {"a|b": {"deep": None}}},
        remedies=[RemedySpec("r", nasty, {}, "print('</pre>')\n```", "show-only", False, nasty)],
        suppressed="",
    )
    ignored = Finding("overfitting", "outcome", "error", "Ignored", "seen", suppressed="known, see #12")
    return Diagnosis(
        script="a b.py",
        verdict="sick",
        root_cause="loss-plateau",
        explains=["vanishing-gradient"],
        plan=["nobody-knows"],
        cannot_tell=[{"cause": "lr-too-low", "reason": nasty}],
        findings=[finding, ignored],
        trials=[TrialResult("r", "loss-plateau", "refuted", nasty, {"loss": float("nan")}, {"|": "<i>"})],
        tree=[
            Node("outcome", 'Does "it" <go> down # now?', "sick", [{"cause": "loss-plateau"}, {"cause": "overfitting"}])
        ],
        notes=[nasty],
        summary=nasty,
    )


def _falling(rng: np.random.Generator, start: float, end: float, n: int, noise: float, tau: float) -> np.ndarray:
    return end + (start - end) * np.exp(-np.arange(n) / tau) + noise * rng.standard_normal(n)


def _shared(rng: np.random.Generator, n: int) -> Trace:
    names = ["recurrent.weight_ih_l0", "recurrent.weight_hh_l0", "recurrent.bias_ih_l0", "recurrent.bias_hh_l0"]
    names += ["recurrent.weight_ih_l1", "recurrent.weight_hh_l1", "recurrent.bias_ih_l1", "head.weight", "head.bias"]
    sampled = np.arange(0, n, 5)
    sizes = 10.0 ** np.linspace(-3.2, -0.8, len(names))
    norms = sizes * np.exp(0.3 * rng.standard_normal((len(sampled), len(names))))
    return Trace(
        meta={
            "script": SCRIPT,
            "steps": n,
            "seconds": 3.4,
            "torch": "2.13.0",
            "python": "3.11.7",
            "device": "cpu",
            "seed": 3,
        },
        records={"parameters": [{"name": name} for name in names]},
        arrays={
            "steps/loss": np.arange(n),
            "series/grad_norm": np.abs(_falling(rng, 0.31, 0.05, n, 0.01, 12)),
            "series/lr": np.full(n, 3e-3),
            "layers/steps": sampled,
            "layers/grad_norm": norms,
            "layers/update_ratio": norms / sizes * 1e-3,
        },
        exams={"floors": {"best_constant": 0.1081, "name": "the targets' variance"}},
    )


def sick_trace() -> Trace:
    """The curves, matrices and exams behind :func:`sick`."""
    rng, n, batch = np.random.default_rng(0), 100, 32
    trace = _shared(rng, n)
    samples = np.tril(np.exp(-np.abs(np.subtract.outer(np.arange(batch), np.arange(batch))) / 9.0))
    target = rng.choice([0, 1 / 3, 2 / 3, 1.0], size=(160, 5), p=[0.25, 0.3, 0.25, 0.2])
    trace.arrays |= {
        "series/loss": _falling(rng, 0.16, 0.1089, n, 0.006, 4),
        "series/eval_loss": np.array([0.131, 0.1102, 0.1095, 0.1091, 0.1088]),
        "steps/eval_loss": np.array([19, 39, 59, 79, 99]),
        "exam/dependency/samples": samples * (0.7 + 0.3 * rng.random((batch, batch))),
        "exam/dependency/time": np.eye(5) * 0.9,
        "exam/dependency/target_time": np.eye(5, 10, 5),
        "pairs/prediction": 0.49 + 0.03 * rng.standard_normal((160, 5)),
        "pairs/target": target,
    }
    trace.exams |= {
        "dependency": {"mixed_fraction": 0.9412},
        "range": {"low": None, "high": None},
        "lr_sweep": {"factors": [0.01, 0.1, 10.0, 100.0], "final": [-0.2, 0.01, 0.02, -10.0], "untreated": 0.015},
    }
    runs = [
        ("untreated", "untreated", "", "untried", -0.007),
        ("untreated, another seed", "untreated", "", "untried", -0.02),
        ("untreated, a third seed", "untreated", "", "untried", 0.004),
        ("set-batch-first", "treated", "set-batch-first", "mechanism-only", -0.01),
        ("next-step-targets", "treated", "next-step-targets", "mechanism-only", 0.139),
        ("both remedies", "plan", "set-batch-first + next-step-targets", "confirmed", 0.45),
    ]
    steps = np.arange(0, n, 2)
    trace.records["curves"] = [
        {
            "name": name,
            "kind": kind,
            "steps": steps.tolist(),
            "values": _falling(rng, -0.5, end, len(steps), 0.012, 5 if end < 0.2 else 14).tolist(),
            "remedy": remedy,
            "verdict": verdict,
        }
        for name, kind, remedy, verdict, end in runs
    ]
    return trace


def healthy_trace() -> Trace:
    """The curves behind :func:`healthy`."""
    rng, n = np.random.default_rng(1), 100
    trace = _shared(rng, n)
    target = rng.choice([0, 1 / 3, 2 / 3, 1.0], size=(160, 5))
    trace.arrays |= {
        "series/loss": _falling(rng, 0.34, 0.059, n, 0.006, 18),
        "exam/dependency/samples": np.eye(32) * (0.8 + 0.2 * rng.random(32)),
        "exam/dependency/time": np.tril(np.exp(-np.abs(np.subtract.outer(np.arange(9), np.arange(9))) / 2.0)),
        "pairs/prediction": target + 0.12 * rng.standard_normal((160, 5)),
        "pairs/target": target,
    }
    return trace


def crashed_trace() -> Trace:
    """Nearly nothing: the run never got to a step."""
    return Trace(meta={"script": SCRIPT, "steps": 0, "torch": "2.13.0", "python": "3.11.7"})
