"""The user's files stay byte-identical: content, time, mode; and nothing new remains."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from lossdoctor.script.journal import Journal
from lossdoctor.trials.zygote import Target, Zygote

from .running import LOOP, record, write

Tree = dict[str, tuple[str, bytes, int, int]]


def tree(folder: Path) -> Tree:
    """Every path below ``folder``: kind, content, mode, and for files the time of their last change."""
    found: Tree = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path).encode(), 0, 0)
        elif path.is_dir():
            found[name] = ("dir", b"", stat.S_IMODE(status.st_mode), 0)
        else:
            found[name] = ("file", path.read_bytes(), stat.S_IMODE(status.st_mode), status.st_mtime_ns)
    return found


def belongings(folder: Path) -> None:
    """A project with something to lose."""
    torch.save({"best": 0.9}, folder / "best.pt")
    (folder / "log.txt").write_text("yesterday\n")
    (folder / "table.csv").write_text("a,b\n1,2\n")
    np.save(folder / "predictions.npy", np.arange(5))
    with h5py.File(folder / "metrics.h5", "w") as file:
        file["loss"] = np.ones(3)
    (folder / "runs" / "old").mkdir(parents=True)
    (folder / "runs" / "old" / "weights.bin").write_bytes(b"precious" * 100)
    (folder / "runs" / "notes.md").write_text("keep me")
    (folder / "cache").mkdir()
    (folder / "cache" / "a.bin").write_bytes(b"a")
    (folder / "moved").mkdir()
    (folder / "moved" / "inner.txt").write_text("inside")
    (folder / "readonly.txt").write_text("r")
    (folder / "readonly.txt").chmod(0o444)
    (folder / "latest").symlink_to("runs/old")
    (folder / "through.txt").symlink_to("table.csv")
    with sqlite3.connect(folder / "study.db") as database:
        database.execute("create table trial (value)")
    database.close()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, ns=(10**18, 10**18))


HARM = """
import os, shutil, sqlite3, pathlib, json, tempfile, subprocess, sys
import numpy, h5py

def harm(i):
    torch.save(model.state_dict(), "best.pt")
    torch.save(model.state_dict(), pathlib.Path(f"epoch{i}.pt"))
    torch.save(model.state_dict(), "legacy.pt", _use_new_zipfile_serialization=False)
    torch.jit.save(torch.jit.script(model), "scripted.pt")
    with open("log.txt", "a") as log:
        log.write(f"{i}\\n")
    with open("table.csv", "w") as table:
        table.write("ruined")
    if i == 0:
        open("new.txt", "x").close()
    with open("predictions.npy", "r+b") as file:
        file.write(b"xxxx")
    numpy.save("predictions.npy", numpy.zeros(3))
    numpy.savez("more.npz", a=numpy.ones(2))
    with h5py.File("metrics.h5", "a") as file:
        file[f"loss{i}"] = numpy.zeros(3)
    pathlib.Path("summary.json").write_text(json.dumps({"i": i}))
    pathlib.Path("through.txt").write_text("through the link")
    pathlib.Path("touched").touch()
    os.makedirs(f"out/{i}/deep", exist_ok=True)
    pathlib.Path(f"out/{i}/deep/file").write_text("x")
    os.replace("summary.json", f"out/{i}/summary.json")
    if i == 0:
        shutil.rmtree("runs")
        os.rename("moved", "moved_away")
        os.remove("readonly.txt")
        os.remove("latest")
        os.symlink("out", "latest")
        os.rename("cache/a.bin", "cache/b.bin")
        os.chmod("log.txt", 0o600)
        os.link("log.txt", "hard.txt")
    with sqlite3.connect("study.db") as database:
        database.execute("insert into trial values (1)")
    database.close()
    os.utime("table.csv")
    memory = numpy.memmap("memory.bin", dtype="float32", mode="w+", shape=(8,))
    memory[:] = 1
    os.truncate("log.txt", 3)
    descriptor = os.open("low.bin", os.O_CREAT | os.O_WRONLY)
    os.write(descriptor, b"low")
    os.close(descriptor)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project folder with belongings."""
    folder = tmp_path / "project"
    folder.mkdir()
    belongings(folder)
    return folder


def assert_untouched(folder: Path, before: Tree) -> None:
    after = tree(folder)
    assert sorted(after) == sorted(before)
    for name, was in before.items():
        assert after[name] == was, name


def test_what_training_writes_is_undone(place: Path) -> None:
    script = write(place, LOOP + HARM + "for i in range(6):\n    step()\n    harm(i)\nprint('through')\n")
    before = tree(place)
    seen = record(script, steps=50, runs=2)
    assert seen.log.splitlines() == ["through", "through"]
    assert seen.problems == []
    assert_untouched(place, before)


def test_what_is_written_ahead_of_training_is_undone(place: Path) -> None:
    script = write(place, LOOP + HARM + "harm(0)\nharm(1)\nfor i in range(6): step()\nprint('through')\n")
    before = tree(place)
    seen = record(script, steps=50)
    assert seen.log == "through\n"
    assert_untouched(place, before)


def test_a_script_that_never_trains_or_fails_leaves_nothing(place: Path) -> None:
    script = write(place, LOOP + HARM + "harm(0)\nraise ValueError('no')\n")
    before = tree(place)
    assert record(script).state == "ended"
    assert_untouched(place, before)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_writes_of_loader_workers_are_undone(place: Path, method: str) -> None:
    write(
        place,
        f"""
import os, pathlib, torch
from torch.utils.data import DataLoader, Dataset

class Writing(Dataset):
    def __len__(self):
        return 24
    def __getitem__(self, i):
        with open("log.txt", "a") as log:
            log.write("worker")
        pathlib.Path(f"sample{{i}}.txt").write_text("x")
        torch.save(torch.ones(1), "best.pt")
        return torch.randn(3)

if __name__ == "__main__":
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x in DataLoader(Writing(), batch_size=6, num_workers=2, multiprocessing_context="{method}"):
        optimizer.zero_grad()
        model(x).pow(2).mean().backward()
        optimizer.step()
    assert os.path.exists("sample3.txt")
    print("through")
""",
    )
    before = tree(place)
    seen = record(place / "train.py", steps=50)
    assert seen.log == "through\n"
    assert_untouched(place, before)


def test_writes_of_python_children_are_undone(place: Path) -> None:
    script = write(
        place,
        LOOP
        + """
import os, subprocess, sys
from concurrent.futures import ProcessPoolExecutor

def write_in_pool(i):
    with open(f"pool{i}.txt", "w") as file:
        file.write("x")
    os.remove("runs/notes.md") if i == 0 else None

if __name__ == "__main__":
    for i in range(4):
        step()
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(write_in_pool, range(3)))
    subprocess.run([sys.executable, "-c", "open('log.txt', 'w').write('gone'); import h5py; h5py.File('metrics.h5', 'w').close()"], check=True)
    print("through")
""",
    )
    before = tree(place)
    assert record(script, steps=50).log == "through\n"
    assert_untouched(place, before)


def test_what_the_set_up_made_stays_for_every_run(place: Path) -> None:
    script = write(
        place,
        LOOP
        + "import os\nos.mkdir('made')\nfor i in range(3):\n    step()\n    assert not os.path.exists('made/x'), i\nopen('made/x', 'w').close()\nprint('through')\n",
    )
    before = tree(place)
    with Zygote(Target(str(script), cwd=str(place)), place.parent / "log") as zygote:
        from lossdoctor.contracts.plan import Plan

        assert zygote.wait(60) == "waiting"
        for _ in range(2):
            (outcome,) = zygote.run_all([Plan(steps=50, label="probe")], 60)
            assert outcome.end == "script ended", outcome.error
            assert (place / "made").is_dir()
            assert not (place / "made" / "x").exists()
    assert_untouched(place, before)


def test_a_file_that_could_not_be_put_back_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossdoctor.script.journal.BACKUP_LIMIT", 10)
    (place.parent / "store").mkdir()
    journal = Journal(place.parent / "store")
    with pytest.raises(PermissionError, match="could not put back"):
        journal.note(place / "runs" / "old" / "weights.bin")
    with pytest.raises(PermissionError, match="could not put back"):
        journal._audit("shutil.rmtree", (str(place / "runs"), None))
    target = place / "runs" / "old" / "weights.bin"
    before = tree(place)
    journal.note(target, whole=False)
    with open(target, "ab") as file:
        file.write(b"appended")
    assert journal.undo() == []
    assert_untouched(place, before)
    target.write_bytes(b"short")
    (problem,) = journal.undo()
    assert "could not be put back" in problem


def test_undo_can_be_repeated_and_copes_with_changed_kinds(place: Path) -> None:
    (place.parent / "store").mkdir()
    journal = Journal(place.parent / "store")
    for name in ("log.txt", "cache", "latest", "absent"):
        journal.note(place / name)
    before = tree(place)
    (place / "log.txt").unlink()
    (place / "log.txt").mkdir()
    (place / "latest").unlink()
    (place / "latest").mkdir()
    (place / "absent").mkdir()
    (place / "absent" / "x").write_text("x")
    assert journal.undo() == []
    assert journal.undo() == []
    assert_untouched(place, before)


def test_trackers_write_nothing(place: Path) -> None:
    package = place / "tensorboardX"
    write(package, "class SummaryWriter:\n    def __init__(self, *a):\n        open('events', 'w')\n", "__init__.py")
    write(
        place,
        "def log_metric(*a): raise RuntimeError('reached the server')\ndef start_run(**k): raise RuntimeError('server')\n",
        "mlflow.py",
    )
    script = write(
        place,
        "import mlflow, os\nfrom tensorboardX import SummaryWriter\nwriter = SummaryWriter('runs')\n"
        + LOOP
        + "with mlflow.start_run(run_name='x'):\n    for i in range(4):\n        writer.add_scalar('loss', step(), i)\n        mlflow.log_metric('loss', 1.0)\nwriter.close()\nprint(os.environ['WANDB_MODE'], os.path.exists('events'))\n",
    )
    before = tree(place)
    assert record(script, steps=50).log == "disabled False\n"
    assert_untouched(place, before)
