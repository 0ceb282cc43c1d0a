"""The whole of `bninspect probe` beside the script that a person would write by hand.

Both are processes of their own, from the start of Python to its end, on the same photographs: the script
reads the file with TensorFlow, decodes and resizes the images, feeds the phase once true and once false and
prints how far the outputs lie apart. The command does that, measures every layer, holds both modes against
the original, tests the companions and writes its report.

Processor time: on a busy machine the clock measures the neighbours.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tests.benchmarks.processes import fastest

COMMAND, SCRIPT = "command", "script"
_HEIGHT, _WIDTH = 300, 400


def whole_processes(model: Path, images: Path, count: int, seed: int, rounds: int = 3) -> tuple[float, float]:
    """Processor seconds of the command and of the script; each the best of its rounds."""
    photographs(images, count, seed)
    ours, theirs = (
        ["-m", "tests.benchmarks.probe_command", kind, str(model), str(images)] for kind in (COMMAND, SCRIPT)
    )
    command, script = fastest(ours, theirs, rounds=rounds)
    return command, script


def photographs(folder: Path, count: int, seed: int) -> None:
    """Writes so many PNG images of smooth random colours, each another."""
    import tensorflow as tf

    folder.mkdir(exist_ok=True)
    generator = np.random.default_rng(seed)
    for number in range(count):
        coarse = generator.uniform(0, 255, (6, 8, 3))
        pixels = tf.cast(tf.image.resize(coarse, (_HEIGHT, _WIDTH)), tf.uint8)
        (folder / f"{number}.png").write_bytes(tf.io.encode_png(pixels).numpy())


def command(model: str, images: str) -> int:
    """The exit code of the command."""
    from bninspect.cli import run

    return run(["probe", model, "--image", images])


def script(model: str, images: str) -> int:
    """Both modes by hand."""
    import tensorflow as tf

    graphdef = tf.compat.v1.GraphDef()
    graphdef.ParseFromString(Path(model).read_bytes())
    pictures = np.stack(
        [
            tf.image.resize(tf.io.decode_png(file.read_bytes(), channels=3), (224, 224)).numpy()
            for file in sorted(Path(images).iterdir())
        ]
    )
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graphdef, name="")
        with tf.compat.v1.Session(graph=graph) as session:
            training, inference = (
                session.run("features:0", {"image:0": pictures, "phase_train:0": phase})
                for phase in (True, False)
            )
    print(np.abs(training - inference).max())
    return 0


if __name__ == "__main__":
    sys.exit({COMMAND: command, SCRIPT: script}[sys.argv[1]](*sys.argv[2:]))
