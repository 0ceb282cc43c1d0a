"""The JSON document, field by field."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np

from bninspect import __version__
from bninspect.batchnorm.branches import Switched
from bninspect.batchnorm.layer import State, Statistics
from bninspect.batchnorm.mode import Mode
from bninspect.graph import Node
from bninspect.render.json import dumps, graph_document
from tests.support.reports import fixed_training, held, layer, odds, phase, predicate, report


def test_the_document_of_a_switched_layer() -> None:
    one = layer(
        "bn", decided=predicate(phase("phase_train")), momentum=0.99, updates="run", trainable=("gamma",)
    )
    document = graph_document(report(one, **odds()), [one])
    assert document["schema_version"] == 1
    assert document["tool"] == {"name": "bninspect", "version": __version__}
    assert document["model"] == {
        "path": "model.pb",
        "format": "graphdef",
        "bytes": 95447303,
        "nodes": 1519,
        "functions": 0,
        "producer": 134,
        "checkpoint": None,
        "outputs": ["logits:0"],
    }
    assert document["switches"] == [
        {
            "source": "phase_train:0",
            "source_op": "Placeholder",
            "default": None,
            "constant": None,
            "layers": 1,
        }
    ]
    assert document["layers"] == [
        {
            "name": "bn",
            "form": "fused",
            "op": "FusedBatchNormV3",
            "function": None,
            "mode": "switched",
            "switch": {
                "predicate": "phase_train:0",
                "source": "phase_train:0",
                "source_op": "Placeholder",
                "default": None,
                "constant": None,
                "training_when": True,
            },
            "training": {"node": "bn/cond/FusedBatchNormV3", "branch": True},
            "inference": {"node": "bn/cond/FusedBatchNormV3_1", "branch": False},
            "merges": ["bn/cond/Merge"],
            "input": "bn/Conv2D:0",
            "output": "bn/cond/Merge:0",
            "gamma": "bn/gamma",
            "beta": "bn/beta",
            "moving_mean": "bn/moving_mean",
            "moving_variance": "bn/moving_variance",
            "epsilon": 0.001,
            "momentum": 0.99,
            "data_format": "NHWC",
            "channels": 3,
            "statistics": {"state": "stored", "reason": None, "mean": [-0.5, 2.25], "variance": [0.25, 4.0]},
            "statistics_sets": [],
            "updates": "run",
            "idle_update_ops": [],
            "trainable": ["gamma"],
        }
    ]
    assert document["lookalikes"][-1] == {
        "name": "l2/Rsqrt",
        "kind": "l2_normalize",
        "reason": "Rsqrt of a sum of squares",
    }
    assert document["unrecognised"] == [
        {"node": "odd/FusedBatchNorm", "reason": "its variance is computed from two inputs", "fix": None}
    ]
    assert document["skipped"] == [
        {"what": "function bodies", "count": 318, "reason": "nothing that is served calls them"}
    ]


def test_a_fixed_mode_has_one_branch_and_no_switch() -> None:
    [entry] = graph_document(report(fixed_training()), [fixed_training()])["layers"]
    assert entry["switch"] is None
    assert entry["inference"] is None
    assert entry["training"] == {"node": "bn/cond/FusedBatchNormV3", "branch": None}
    assert entry["moving_mean"] is None
    assert entry["statistics"] == {"state": "absent", "reason": "shape (0,)", "mean": None, "variance": None}
    assert entry["updates"] is None
    assert entry["trainable"] is None


def test_a_computed_predicate_and_a_constant_one() -> None:
    computed = layer("a", decided=predicate(None, reason="two placeholders"))
    constant = layer("b", decided=predicate(None, constant=False))
    document = graph_document(report(computed, constant), [computed, constant])
    assert [entry["switch"]["source"] for entry in document["layers"]] == [None, None]
    assert [entry["switch"]["training_when"] for entry in document["layers"]] == [None, None]
    assert [group["constant"] for group in document["switches"]] == [None, False]


def test_training_when_is_a_value_of_the_source() -> None:
    for true_when, negated, expected in ((True, False, True), (False, False, False), (False, True, True)):
        one = layer(decided=predicate(phase(), true_when=true_when), negated=negated)
        assert graph_document(report(one), [one])["layers"][0]["switch"]["training_when"] is expected


def test_the_function_is_the_innermost_one_of_the_training_node() -> None:
    one = layer(decided=predicate(phase()))
    assert isinstance(one.wiring, Switched)
    inside = Node(
        name="f/bn", op="FusedBatchNormV3", nodedef=None, functions=("outer", "inner"), label="inner/bn"
    )
    wiring = replace(one.wiring, training=replace(one.wiring.training, node=inside))
    [entry] = graph_document(report(one), [replace(one, wiring=wiring)])["layers"]
    assert entry["function"] == "inner"
    assert entry["training"]["node"] == "inner/bn"


def test_only_the_chosen_layers_stand_in_it_and_the_switches_of_all() -> None:
    decided = predicate(phase())
    layers = [layer("a", decided=decided), layer("b", decided=decided)]
    document = graph_document(report(*layers), layers[:1])
    assert [entry["name"] for entry in document["layers"]] == ["a"]
    assert document["switches"][0]["layers"] == 2


def test_what_json_does_not_have_is_null() -> None:
    values = replace(held([0.0], [1.0]), mean_range=(None, math.inf), variance_range=(-1.0, math.nan))
    broken = Statistics(state=State.INVALID, reason="NaN", values=values)
    one = layer(statistics=broken, epsilon=math.nan)
    [entry] = json.loads(dumps(graph_document(report(one), [one])))["layers"]
    assert entry["epsilon"] is None
    assert entry["statistics"]["mean"] == [None, None]
    assert entry["statistics"]["variance"] == [-1.0, None]


def test_a_document_is_written_as_the_library_writes_it() -> None:
    words = {"quoted": 'a "b" \\ \n \u00e9 \U0001f600', "empty": "", "mode": Mode.TRAINING}
    numbers = [
        0,
        -1,
        10**30,
        0.1,
        1e22,
        1e-300,
        -0.0,
        True,
        False,
        None,
        np.float64(0.1),
        np.float32(0.5).item(),
    ]
    document = {**words, "numbers": numbers, "nothing": [{}, [], (), {"deep": [[[1]], ("x",)]}]}
    assert dumps(document) == json.dumps(document, indent=2)
