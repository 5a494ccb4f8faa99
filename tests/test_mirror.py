"""A script under the probe is the script under plain python: same output, same arguments, same weights to the bit."""

from __future__ import annotations

from pathlib import Path

import pytest

from .running import LOOP, plain, record, write

TELLS = """
import atexit, hashlib, os, sys, helper
print("argv", sys.argv)
print("name", __name__, "package", __package__, "spec", __spec__ and __spec__.name)
print("file", __file__)
print("path0", sys.path[0])
print("cwd", os.getcwd())
print("doc", __doc__, "main", sys.modules["__main__"].__dict__ is globals())
print("stdin", repr(sys.stdin.read()))
print("neighbour", helper.NAME)
atexit.register(lambda: print("goodbye", pickle.loads(pickle.dumps(Mine(3))).value))
import pickle

class Mine:
    def __init__(self, value):
        self.value = value
"""
STEPS = """
def digest():
    data = b"".join(p.detach().numpy().tobytes() for p in model.parameters())
    return hashlib.sha256(data).hexdigest()[:16]

for i in range(8):
    print(i, step(), digest(), torch.rand(1).item())
"""
ORDINARY = '"""A docstring."""' + TELLS + LOOP + STEPS + "print('end', file=sys.stderr)\nsys.exit(3)\n"
RICH = """
import hashlib, random, sys, numpy, torch
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(1); random.seed(2); numpy.random.seed(3)
x = torch.randn(96, 6); y = (x.sum(1) > 0).long()
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
model = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(16, 2))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20)
for epoch in range(2):
    for a, b in loader:
        model.train()
        loss = torch.nn.functional.cross_entropy(model(a), b)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        model.eval()
        with torch.no_grad():
            right = (model(x).argmax(1) == y).float().mean().item()
        data = b"".join(t.detach().numpy().tobytes() for t in model.state_dict().values())
        print(loss.item(), right, hashlib.sha256(data).hexdigest()[:16], random.random(), numpy.random.rand(), torch.rand(1).item())
"""
TRANSFORMED = """
import hashlib, torch
from torch.func import functional_call, grad, grad_and_value, vmap
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.LayerNorm(16), torch.nn.Softplus(), torch.nn.Dropout(0.2), torch.nn.Linear(16, 2))
weights = {k: v.detach().clone() for k, v in model.named_parameters()} | {"unused": torch.ones(2)}
x = torch.randn(96, 6); y = (x.sum(1) > 0).long()

def objective(weights, x, y):
    scores = functional_call(model, weights, (x,), strict=False)
    return torch.nn.functional.cross_entropy(scores, y), scores.argmax(1)

def alone(weights, x, y):
    return objective(weights, x[None], y[None])[0]

slope, value_too, each = grad(objective, has_aux=True), grad_and_value(objective, has_aux=True), vmap(grad(alone), (None, 0, 0), randomness="different")
for i in range(12):
    g, decided = slope(weights, x, y)
    if i % 2:
        g, (loss, decided) = value_too(weights, x, y)
        print(loss.item())
    weights = {k: w - 0.1 * g[k] for k, w in weights.items()}
    data = b"".join(w.numpy().tobytes() for w in weights.values())
    print(hashlib.sha256(data).hexdigest()[:16], int(decided.sum()), each(weights, x[:4], y[:4])["0.bias"].sum().item(), torch.rand(1).item())
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project folder with a neighbour module, one of them named as a module that our own code imports."""
    write(tmp_path, "NAME = __name__", "work/helper.py")
    return tmp_path / "work"


def test_output_argv_main_and_weights_are_those_of_plain_python(place: Path) -> None:
    write(place, ORDINARY)
    alone = plain("train.py", "--lr", "0.1", "x y", cwd=place)
    assert alone.returncode == 3
    seen = record("train.py", steps=50, argv=("--lr", "0.1", "x y"), cwd=place)
    assert seen.log == alone.stdout
    assert seen.run is not None
    assert seen.run.trace is not None
    assert seen.run.trace.steps == 8
    assert seen.run.end == "script exited"
    assert seen.run.error is not None
    assert seen.run.error["message"] == "exit code 3"


def test_a_loader_batchnorm_dropout_and_schedule_are_not_disturbed(place: Path) -> None:
    script = write(place, RICH)
    alone = plain(script)
    assert len(alone.stdout.splitlines()) == 12
    assert record(script, steps=50).log == alone.stdout


def test_function_transforms_are_differentiated_to_the_same_bits(place: Path) -> None:
    script = write(place, TRANSFORMED)
    alone = plain(script)
    assert len(alone.stdout.splitlines()) == 18
    seen = record(script, steps=50)
    assert seen.log == alone.stdout
    assert seen.run is not None
    assert seen.run.trace is not None
    assert seen.run.trace.steps > 5


def test_a_module_runs_as_python_dash_m(place: Path) -> None:
    write(place, "print('package', __name__)", "pkg/__init__.py")
    write(place, "VALUE = 7", "pkg/part.py")
    write(place, "from . import part\nfrom .part import VALUE\nprint(VALUE)" + TELLS + LOOP + STEPS, "pkg/train.py")
    alone = plain("pkg.train", "-v", cwd=place, module=True)
    assert alone.returncode == 0, alone.stdout
    assert record("pkg.train", module=True, argv=("-v",), cwd=place, steps=50).log == alone.stdout


def test_a_package_runs_by_its_main_and_a_folder_too(place: Path) -> None:
    write(place, "", "pkg/__init__.py")
    write(place, "NAME = 'helper of the folder'", "pkg/helper.py")
    write(place, TELLS + LOOP + STEPS, "pkg/__main__.py")
    assert record("pkg", module=True, cwd=place, steps=50).log == plain("pkg", cwd=place, module=True).stdout
    assert record("pkg", cwd=place, steps=50).log == plain("pkg", cwd=place).stdout


def test_a_symbolic_link_finds_the_neighbours_of_its_target(place: Path) -> None:
    write(place, TELLS + LOOP + STEPS)
    link = place.parent / "elsewhere" / "run.py"
    link.parent.mkdir()
    link.symlink_to(place / "train.py")
    assert record(link, steps=50).log == plain(link).stdout


def test_a_traceback_is_the_one_that_python_shows(place: Path) -> None:
    script = write(
        place,
        LOOP
        + """
def deeper(i):
    try:
        {}["missing"]
    except KeyError as error:
        raise RuntimeError(f"broken at {i}") from error

for i in range(6):
    step()
    if i == 3:
        deeper(i)
""",
    )
    seen = record(script, steps=50)
    assert seen.log == plain(script).stdout
    assert seen.run is not None
    assert seen.run.error is not None
    assert seen.run.error["type"] == "RuntimeError"
    assert seen.run.error["site"]["source"].startswith("raise RuntimeError")
    assert seen.run.trace is not None
    assert seen.run.trace.steps == 4


def test_a_neighbour_named_like_a_module_that_only_we_have_imported(place: Path) -> None:
    """Much is loaded in the script's process ahead of the script; its own file of such a name must win all the same."""
    write(place, "WHOSE = 'the script\\'s'", "uuid.py")
    write(place, "WHOSE = 'the script\\'s'", "statistics/__init__.py")
    script = write(
        place, "import uuid, statistics\nprint(uuid.WHOSE, statistics.WHOSE)" + LOOP + "for _ in range(3): step()"
    )
    assert record(script).log == "the script's the script's\n"


def test_training_in_a_thread(place: Path) -> None:
    script = write(
        place,
        LOOP
        + """
import threading
def work():
    for i in range(6):
        print(i, step())
thread = threading.Thread(target=work)
thread.start()
""",
    )
    seen = record(script, steps=50, timeout=20)
    assert seen.log == plain(script).stdout
    assert seen.run is not None
    assert seen.run.trace is not None
    assert seen.run.trace.steps == 6


def test_each_fork_reads_open_files_from_where_they_stood(place: Path) -> None:
    """A file that the script opened ahead of training is read on by every run from the same place."""
    (place / "rows.txt").write_text("".join(f"{i}\n" for i in range(5000)))
    script = write(
        place,
        "rows = open('rows.txt', buffering=1)\nnext(rows)\nimport os; os.lseek(rows.fileno(), 0, 1)\n"
        + LOOP
        + "for _ in range(4):\n    step()\n    print(os.read(rows.fileno(), 5))",
    )
    log = record(script, steps=50, runs=2).log.splitlines()
    assert len(log) == 8
    assert log[:4] == log[4:]
