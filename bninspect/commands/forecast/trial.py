"""What a converter really makes of a model: run, and compared with both modes of the original.

The converter runs in a child process with limits of time and memory (`running/child.py`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.commands.forecast.judging import Trial, judge_trial
from bninspect.commands.forecast.modes import Modes, modes_of
from bninspect.converters.fact import Serves
from bninspect.errors import Absent, BninspectError
from bninspect.graph.search import upstream
from bninspect.graphdef import writer
from bninspect.inputs.feeds import parse
from bninspect.inputs.placeholders import image_input, layout, placeholders
from bninspect.rewrite.freeze import frozen
from bninspect.steps import step

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from bninspect.batchnorm import Report
    from bninspect.converters.forecast import ConverterForecast

PACKAGES = {
    "openvino": {"openvino": "openvino"},
    "coreml": {"coremltools": "coremltools", "tensorflow": "tensorflow"},
    "tflite": {"tensorflow": "tensorflow"},
    "tf2onnx": {"tf2onnx": "tf2onnx", "onnxruntime": "onnxruntime", "tensorflow": "tensorflow"},
    "opencv": {"cv2": "opencv-python-headless"},
}
"""Converter -> module -> package of what has to be installed to run it; the first names its version."""
SECONDS = 300.0
"""Limit of time of one model in one converter."""
MEMORY = 24 << 30
"""Limit of its address space, bytes: TensorFlow alone maps several GB."""
_CHILD = "bninspect.commands.forecast.running.child"
_MOST_OF_A_REASON = 300


def missing(converter: str) -> str | None:
    """Why the converter cannot run here; None if it can."""
    if converter not in PACKAGES:
        return "it cannot be run here"
    absent = [package for module, package in PACKAGES[converter].items() if find_spec(module) is None]
    return f"not installed: {', '.join(absent)}" if absent else None


def installed_version(converter: str) -> str | None:
    """Of the package of the converter; None if it does not say."""
    try:
        return version(next(iter(PACKAGES[converter].values())))
    except PackageNotFoundError:
        return None


def try_converters(
    report: Report,
    forecasts: Sequence[ConverterForecast],
    fed: Sequence[str] = (),
    allowed: Collection[str] = (),
) -> tuple[tuple[Trial, ...], tuple[Absent, ...]]:
    """(what each installed converter made of the model, those that were not tried). `fed`: NAME=VALUE texts;
    `allowed`: ops that the original may run besides the pure ones.

    Raises BninspectError if the original cannot be run, InputError for a text of `fed` that does not fit.
    """
    tested = {one.converter.name: one for one in forecasts if one.converter.tested}
    others = dict.fromkeys(one.converter.name for one in forecasts if not one.converter.tested)
    untried = tuple(
        Absent(what=name, reason=reason)
        for name in (*tested, *others)
        if (reason := missing(name)) is not None
    )
    wanted = [name for name in tested if missing(name) is None]
    if not wanted:
        return (), untried
    held = frozen(report)
    step("running both modes of the original")
    modes = modes_of(held, parse(held.graph, fed)[0], allowed)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.pb"
        writer.write(held.graph.graphdef, model)
        for name in wanted:
            step(f"running {name}")
            asked = request(name, model, modes, Path(folder), "model")
            failure = run_converters([asked])
            found.append(seen(asked, modes, tested[name], failure))
    return tuple(found), untried


def run_converters(requests: Sequence[Mapping[str, Any]]) -> str | None:
    """Runs requests to one converter in one child, in order; why it ended early, if it did."""
    first = Path(requests[0]["result"])
    listed = first.with_suffix(".requests")
    listed.write_text(json.dumps({"memory": MEMORY, "requests": list(requests)}), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with first.with_suffix(".log").open("wb") as log:
        try:
            ended = subprocess.run(
                [sys.executable, "-m", _CHILD, str(listed)],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                timeout=SECONDS * len(requests), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"it did not end within {SECONDS:g} s"
    return f"its process ended with {ended.returncode}" if ended.returncode else None


def request(converter: str, model: Path, modes: Modes, folder: Path, name: str) -> dict[str, Any]:
    """One request (`running/child.py`): the model as it is, and every round of feeds."""
    feeds = folder / f"{name}.feeds.npz"
    if not feeds.exists():
        arrays: dict[str, Any] = {
            f"{at}/{key}": value for at, one in modes.rounds.items() for key, value in one.feeds.items()
        }
        np.savez(feeds, **arrays)
    return {
        "converter": converter,
        "model": str(model),
        "outputs": list(modes.outputs),
        "channels_last": _channels_last(modes.report),
        "rounds": list(modes.rounds),
        "feeds": str(feeds),
        "made": str(folder / f"{name}.{converter}.npz"),
        "result": str(folder / f"{name}.{converter}.json"),
    }


def _channels_last(report: Report) -> bool:
    places = placeholders(report.graph, upstream(tensor.node for tensor in report.outputs))
    try:
        image = image_input(report.graph, places, report.layers, None)
    except BninspectError:
        return True
    return image is None or layout(report.graph, image) == "NHWC"


def seen(
    asked: Mapping[str, Any], modes: Modes, forecast: ConverterForecast, failure: str | None = None
) -> Trial:
    """What a request came to, beside its forecast."""
    converter, result = asked["converter"], Path(asked["result"])
    number = installed_version(converter)
    if not result.exists():
        return Trial(
            converter=converter, version=number, serves=Serves.REFUSES, reason=failure or "it crashed"
        )
    answer = json.loads(result.read_text(encoding="utf-8"))
    if answer["refused"] is not None:
        serves = None if answer["stage"] == "evaluate" or modes.unrunnable else Serves.REFUSES
        reason = " ".join(answer["refused"].split())[:_MOST_OF_A_REASON]
        return Trial(converter=converter, version=number, serves=serves, reason=reason)
    made = np.load(asked["made"])
    values = {at: [made[f"{at}/{place}"] for place in range(len(modes.outputs))] for at in modes.rounds}
    return judge_trial(values, modes, forecast, number)
