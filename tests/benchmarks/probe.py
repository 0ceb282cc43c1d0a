"""`python -m tests.benchmarks.probe`: what measuring every layer costs a pass, as ratios of one run.

A ResNet-50 of 53 batch norms and 8 images, in either mode: the pass that also takes the moments of every
layer's x over the bare one, in time (both in one process, taking turns, the best of each) and in the most
memory above that of the loaded model (one process each). Time is read from the clock, which shows lost
parallelism, and from the processors, which neighbours on a busy machine hardly disturb. Last the whole
command beside a script written by hand (see `probe_command`), in processor time. Needs TensorFlow; exit code
1 where a promise is broken.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm import Mode, inspect
from bninspect.graph import load
from bninspect.graphdef.writer import serialized
from bninspect.rewrite import specialize
from bninspect.rewrite.moments import measure
from bninspect.run.session import Session
from tests.benchmarks.models import resnet50
from tests.benchmarks.probe_command import whole_processes
from tests.benchmarks.processes import environment
from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGES, ROUNDS, SEED = 8, 20, 0
MOST_TIME, MOST_MEMORY, MOST_COMMAND = 1.35, 1.25, 1.45
BARE, MEASURED = "bare", "measured"


def passes(path: Path, mode: Mode, kind: str) -> Callable[[], list[Any]]:
    """Runs the images once through the model, in a session of its own; with moments where they are to be
    measured."""
    report = inspect(load(str(path)))
    special = specialize(report, mode)
    fetches = list(report.outputs)
    for layer in report.layers if kind == MEASURED else ():
        found = measure(special.edits, layer.x, data_format=layer.data_format)
        fetches += [found.mean, found.variance]
    pruned = special.pruned(fetches)
    session = Session(serialized(pruned.graphdef))
    names = [pruned.names[tensor] for tensor in fetches]
    images = np.random.default_rng(SEED).normal(size=(IMAGES, 224, 224, 3)).astype(np.float32)
    return lambda: session.run(names, {"image:0": images})


def times(path: Path, mode: Mode) -> dict[str, tuple[float, float]]:
    """Seconds on the clock and of the processors, of either pass: the best of its rounds, the first one left
    out."""
    runs = {kind: passes(path, mode, kind) for kind in (BARE, MEASURED)}
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in runs}
    for _ in range(ROUNDS + 1):
        for kind, run in runs.items():
            clock, processors = time.perf_counter(), time.process_time()
            run()
            found[kind].append((time.perf_counter() - clock, time.process_time() - processors))
    return {
        kind: (min(clock for clock, _ in taken[1:]), min(busy for _, busy in taken[1:]))
        for kind, taken in found.items()
    }


def peak(path: Path, mode: Mode, kind: str) -> int:
    """The most memory of two passes, in bytes above that of the process once the model is loaded (Linux)."""
    run = passes(path, mode, kind)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    before = _status("VmRSS")
    run()
    run()
    return _status("VmHWM") - before


def _status(key: str) -> int:
    """A size of this process, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))


def peak_elsewhere(path: Path, mode: Mode, kind: str) -> int:
    """The same, in a process of its own; the lowest of three."""
    arguments = [sys.executable, "-m", "tests.benchmarks.probe", str(path), mode.value, kind]
    outputs = [
        subprocess.run(arguments, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, check=True).stdout
        for _ in range(3)
    ]
    return min(int(output) for output in outputs)


def line(what: str, measured: float, bare: float, unit: str, most: float) -> bool:
    """Prints one row; whether its promise is kept."""
    ratio = measured / bare
    kept = ratio <= most
    promise = f"at most {most:<8} {'kept' if kept else 'BROKEN'}"
    print(f"{what:<48} {measured:8.3f} {unit} / {bare:8.3f} {unit} = {ratio:.2f}   {promise}", flush=True)
    return kept


def main() -> int:
    """Measures both modes, prints the table; 1 if a promise is broken."""
    if find_spec("tensorflow") is None:
        print("TensorFlow is not installed: there is no pass to measure")
        return 0
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "resnet.pb"
        nodes = resnet50(path)
        print(f"ResNet-50, {nodes} nodes, {IMAGES} images, seed {SEED}, {os.cpu_count()} processors")
        for mode in (Mode.TRAINING, Mode.INFERENCE):
            taken = times(path, mode)
            kept.append(line(f"{mode.value}: one pass", taken[MEASURED][0], taken[BARE][0], "s", MOST_TIME))
            name = f"{mode.value}: the same, processor time"
            kept.append(line(name, taken[MEASURED][1], taken[BARE][1], "s", MOST_TIME))
            if sys.platform == "linux":
                memory = [peak_elsewhere(path, mode, kind) / 1e6 for kind in (MEASURED, BARE)]
                kept.append(line(f"{mode.value}: most memory", memory[0], memory[1], "MB", MOST_MEMORY))
        whole, script = whole_processes(path, Path(folder) / "images", 1, SEED)
        kept.append(line("one photo, all of the command over a script", whole, script, "s", MOST_COMMAND))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    if len(sys.argv) == 4:
        print(peak(Path(sys.argv[1]), Mode(sys.argv[2]), sys.argv[3]))
        sys.exit(0)
    sys.exit(main())
