"""Model Explorer's own loader and TensorBoard's own reader accept what is written for them.

Both are run by the interpreter that BNINSPECT_READERS names, else by this one; a test skips where the package
is missing: they bring a TensorFlow, or a protobuf, of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.mode import Mode
from bninspect.cli import run
from bninspect.models.open import load
from tests.support.places import FIXTURES

PYTHON = os.environ.get("BNINSPECT_READERS", sys.executable)
EXPLORER = """
import json, sys
from model_explorer.builtin_graphdef_adapter import BuiltinGraphdefAdapter
from model_explorer.config import ModelExplorerConfig
from model_explorer.node_data_builder import GraphNodeData, ModelNodeData, NodeDataResult
model, overlay = sys.argv[1:]
config = ModelExplorerConfig()
config.add_model_from_path(model)
config.add_node_data_from_path(overlay)
for data in json.load(open(overlay)).values():
    results = {key: NodeDataResult(**value) for key, value in data.pop("results").items()}
    ModelNodeData(graphsData={"main": GraphNodeData(results=results, **data)}).to_json_string()
nodes = {}
for collection in BuiltinGraphdefAdapter().convert(model, {})["graphCollections"]:
    for graph in collection.graphs:
        nodes[graph["id"]] = {node["id"]: node["label"] for node in graph["nodes"]}
print(json.dumps(nodes))
"""
TENSORBOARD = """
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={"histograms": 0})
events.Reload()
tags = events.Tags()
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
import glob
read = list(LegacyEventFileLoader(glob.glob(sys.argv[1] + "/*")[0]).Load())
own = [(value.tag, event.step, value.simple_value) for event in read for value in event.summary.value
       if value.WhichOneof("value") == "simple_value"]
histograms = {value.tag: (value.histo.num, value.histo.min, value.histo.max) for event in read
              for value in event.summary.value if value.WhichOneof("value") == "histo"}
print(json.dumps({"graph": tags["graph"], "nodes": len(events.Graph().node), "numbers": own,
                  "histograms": histograms}))
"""


def read_by(code: str, package: str, *arguments: object) -> Any:
    """What the code prints as JSON; skips where its package is missing."""
    has = subprocess.run([PYTHON, "-c", f"import {package}"], capture_output=True, check=False)
    if has.returncode:
        pytest.skip(f"{package} is not installed for {PYTHON}; name an interpreter with BNINSPECT_READERS")
    words = [PYTHON, "-c", code, *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "model", ["classic.pb", "stateless_if_net.pb", "nested_functions.pb", "cond_ema_115.pb"]
)
def test_model_explorer_finds_every_node_of_an_overlay(model: str, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.json"
    words = ["report", str(FIXTURES / model), "-o", str(tmp_path / "page.html"), "--overlay", str(overlay)]
    assert run(words) == 0
    written = json.loads(overlay.read_text(encoding="utf-8"))
    nodes = read_by(EXPLORER, "model_explorer", FIXTURES / model, overlay)
    named = {(graph, key) for graph, data in written.items() for key in data["results"]}
    assert named
    shown = sorted(nodes[graph][key] for graph, key in named)
    held = {
        branch.node
        for layer in inspect(load(str(FIXTURES / model))).layers
        for mode in (Mode.TRAINING, Mode.INFERENCE)
        if (branch := layer.branch(mode)) is not None and branch.node.nodedef is not None
    }
    assert {node.op for node in held} <= set(shown)


@pytest.mark.tensorflow
def test_tensorboard_reads_the_event_file(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    words = ["report", str(FIXTURES / "classic.pb"), "--image", str(FIXTURES / "image.jpg")]
    assert run([*words, "-o", str(tmp_path / "page.html"), "--tensorboard", str(folder)]) == 0
    found = read_by(TENSORBOARD, "tensorboard", folder)
    assert found["graph"] is True
    assert found["nodes"] == len(load(str(FIXTURES / "classic.pb")).graphdef.nodes)
    assert {(tag, step) for tag, step, _ in found["numbers"]} == {("own_score", 0), ("deployed_score", 0)}
    assert found["histograms"]["bn/moving_mean"] == [3, 0, 0]
    assert found["histograms"]["bn/moving_variance"] == [3, 1, 1]
    assert found["histograms"]["bn/batch_mean"][0] == 3


def test_an_overlay_is_refused_for_what_is_no_graphdef(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["report", str(FIXTURES / "saved_tfkeras"), "-o", str(tmp_path / "page.html")]
    assert run([*words, "--overlay", str(tmp_path / "overlay.json")]) == 2
    assert "freeze it first" in capsys.readouterr().err
