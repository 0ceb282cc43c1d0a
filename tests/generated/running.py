"""The program's commands in this process, and TensorFlow's default session with a time limit."""

from __future__ import annotations

import io
import os
import re
import threading
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect import cli

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.generated.outcome import Tally
    from tests.generated.truth import Truth

    Array = NDArray[Any]

_INTERRUPTED = 130
_ASKS = "also has to be fed"
LIMIT = 30
"""Seconds that a written file may take to run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The one line of a refusal, without the path."""
        return self.err.strip().removeprefix("bninspect: ")


def command(*arguments: object) -> Ended:
    """Runs one command; an exception that leaves it counts as exit 3."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = cli.run([str(argument) for argument in arguments])
        except Exception as error:
            return Ended(code=3, out=out.getvalue(), err=f"{type(error).__name__}: {error}")
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    return Ended(code=code, out=out.getvalue(), err=err.getvalue())


def fed(tally: Tally, folder: Path, name: str, *arguments: object) -> Ended:
    """Runs a command on the model with the inputs of the truth. Where it asks for something else that
    decides, which counts as said, that is fed its first value.
    """
    truth = tally.truth
    given = [name, truth.path, *arguments, *inputs(truth, folder)]
    ended = command(*given)
    if ended.code == 2 and _ASKS in ended.err:
        tally.said(name, f"exit 2: {ended.line}")
        named = ended.err.partition(_ASKS)[2]
        for source, values in truth.sources.items():
            if re.search(rf"\b{source}\b", named):
                given += ["--feed", f"{source}={str(values[0]).lower()}"]
        ended = command(*given)
    return ended


def inputs(truth: Truth, folder: Path) -> list[str]:
    """The options that feed what the truth was fed, in the same batches."""
    if truth.images:
        return ["--image", str(truth.path.parent / "images"), "--batch-size", "8"]
    found = []
    for name in truth.inputs:
        path = folder / f"{truth.seed}_{name}.npy"
        np.save(path, truth.arrays[f"feed/{name}"])
        found += ["--feed", f"{name}=@{path}"]
    return found


def constants(path: Path) -> dict[str, Array]:
    """The float constants of a GraphDef, as TensorFlow reads them."""
    tf = _tensorflow()
    definition = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    return {
        node.name: tf.make_ndarray(node.attr["value"].tensor)
        for node in definition.node
        if node.op == "Const" and node.attr["dtype"].type == tf.float32.as_datatype_enum
    }


def served(path: Path, truth: Truth, feed: Mapping[str, Any], outputs: Sequence[str]) -> list[Array] | str:
    """The outputs in TensorFlow's default session, its graph optimizer on, over the batches of the truth; or
    why there are none. Of `feed` only what the file still has is fed.
    """
    found: list[list[Array] | str] = []
    work = threading.Thread(target=lambda: found.append(_served(path, truth, feed, outputs)), daemon=True)
    work.start()
    work.join(LIMIT)
    return found[0] if found else f"TensorFlow's default session did not end within {LIMIT} s"


def _served(path: Path, truth: Truth, feed: Mapping[str, Any], outputs: Sequence[str]) -> list[Array] | str:
    tf = _tensorflow()
    graph = tf.Graph()
    try:
        definition = tf.compat.v1.GraphDef.FromString(path.read_bytes())
        with graph.as_default():
            tf.import_graph_def(definition, name="")
        held = {node.name for node in definition.node}
        fixed = {f"{name}:0": value for name, value in feed.items() if name in held}
        whole = {f"{name}:0": truth.arrays[f"feed/{name}"] for name in truth.inputs}
        size = 8
        count = len(next(iter(whole.values())))
        parts = []
        with tf.compat.v1.Session(graph=graph) as session:
            for start in range(0, count, size):
                batch = {name: value[start : start + size] for name, value in whole.items()}
                parts.append(session.run(list(outputs), {**batch, **fixed}))
    except Exception as error:
        return str(error).strip().splitlines()[0][:200]
    return [np.concatenate([part[at] for part in parts]) for at in range(len(outputs))]


def _tensorflow() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    return tf
