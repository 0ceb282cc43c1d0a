"""`python -m tests.benchmarks.refresh_jobs`: whole commands, `refresh --jobs 1` and none over `--jobs 2`.

2,048 images of 32x32 as one array, through ten convolutions of 64 channels with batch norm. The commands
take turns, and of each the fastest of ROUNDS on the clock counts. Beside them stands TensorFlow alone, which
loads and runs the same batches in two processes of one thread, and in one process: what nothing can be faster
than. Needs TensorFlow, joblib and two processors with nothing else to do; exit code 1 where a promise is
broken.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from tests.benchmarks.processes import environment

IMAGES, SIZE, CHANNELS, LAYERS, ROUNDS = 2048, 32, 64, 10, 3
WAYS = {"--jobs 1": ("--jobs", "1"), "--jobs 2": ("--jobs", "2"), "none": ()}
LEAST = {"--jobs 1": 1.6, "none": 1.0}
"""How many times as long as `--jobs 2` the others have to take, at least."""


BARE = """
import sys
import numpy
from bninspect.run.session import tensorflow

tf, (first, step, threads) = tensorflow().compat.v1, map(int, sys.argv[1:])
graphdef = tf.GraphDef.FromString(open("model.pb", "rb").read())
layers = [node for node in graphdef.node if node.op.startswith("FusedBatchNorm")]
for node in layers:
    node.attr["is_training"].b = True
fetches = [f"{node.name}:{port}" for node in layers for port in (1, 2)]
with tf.Graph().as_default() as graph:
    tf.import_graph_def(graphdef, name="")
settings = tf.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
session, pixels = tf.Session(graph=graph, config=settings), numpy.load("x.npy").astype("float32")
for start in range(32 * first, len(pixels), 32 * step):
    session.run(fetches, {"image:0": pixels[start : start + 32]})
"""
"""TensorFlow alone: the moments of every `step`th batch from the `first` on, in so many threads."""


def network(path: Path) -> None:
    """Writes the model."""
    import tensorflow

    tf = tensorflow.compat.v1
    draw = np.random.default_rng(0)
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, SIZE, SIZE, 3], name="image")
        ones, zeros = np.ones(CHANNELS, np.float32), np.zeros(CHANNELS, np.float32)
        for _ in range(LAYERS):
            kernel = draw.normal(0, 0.05, (3, 3, int(x.shape[-1]), CHANNELS)).astype(np.float32)
            x = tf.nn.conv2d(x, kernel, 1, "SAME")
            x = tf.nn.relu(tf.nn.fused_batch_norm(x, ones, zeros, zeros, ones, is_training=False)[0])
        tf.reduce_mean(x, [1, 2], name="out")
        path.write_bytes(graph.as_graph_def().SerializeToString())


def seconds(folder: Path, way: str) -> float:
    """The time on the clock of one command. Raises CalledProcessError where it fails."""
    asked = ["refresh", "model.pb", "-o", f"{way.replace(' ', '')}.pb", "--data", "x.npy", "--no-check"]
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "bninspect", *asked, *WAYS[way]],
        cwd=folder, env=environment(), check=True, capture_output=True,
    )  # fmt: skip
    return time.perf_counter() - begun


def bare(folder: Path, processes: int) -> float:
    """The time on the clock of TensorFlow alone: one process with all threads, or several of one thread."""
    begun = time.perf_counter()
    step, threads = str(processes), "0" if processes == 1 else "1"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", BARE, str(first), step, threads],
            cwd=folder,
            env=environment(),
            stderr=subprocess.DEVNULL,
        )
        for first in range(processes)
    ]
    if any(process.wait() for process in started):
        raise RuntimeError("TensorFlow alone did not run")
    return time.perf_counter() - begun


def main() -> int:
    """Measures, prints the table; 1 if a promise is broken."""
    missing = [package for package in ("tensorflow", "joblib") if find_spec(package) is None]
    if missing:
        print(f"{', '.join(missing)} is not installed: there is nothing to measure")
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        network(folder / "model.pb")
        pixels = np.random.default_rng(1).integers(0, 256, (IMAGES, SIZE, SIZE, 3)).astype(np.uint8)
        np.save(folder / "x.npy", pixels)
        taken: dict[str, list[float]] = {way: [] for way in WAYS}
        alone: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(ROUNDS):
            for way in WAYS:
                taken[way].append(seconds(folder, way))
            for count in alone:
                alone[count].append(bare(folder, count))
        same = (folder / "--jobs1.pb").read_bytes() == (folder / "--jobs2.pb").read_bytes()
    best = {way: min(found) for way, found in taken.items()}
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"{IMAGES} images of {SIZE}x{SIZE}, {os.cpu_count()} processors, load {load:.1f}")
    print(", ".join(f"{way}: {found:.1f} s" for way, found in best.items()))
    print(", ".join(f"TensorFlow alone in {count}: {min(found):.1f} s" for count, found in alone.items()))
    kept = [same]
    print(f"the same bytes: {same}")
    for way, least in LEAST.items():
        ratio = best[way] / best["--jobs 2"]
        kept.append(ratio >= least)
        print(f"{way} / --jobs 2 = {ratio:.2f}   at least {least}   {'kept' if kept[-1] else 'BROKEN'}")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
