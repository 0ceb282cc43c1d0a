"""What is handed to TensorFlow to run both modes, node by node: golden listings, and what is fed to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.graph import load
from bninspect.measure.both_modes import MODES, BothModes, both_modes, unfeedable, unfetchable
from bninspect.rewrite.copies import copies
from bninspect.rewrite.edits import Edits
from tests.support.fixtures import with_loops
from tests.support.listing import changed
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.batchnorm import Report

NAMES = [
    "classic.pb", "default_true.pb", "half_decomposed.pb", "mixed_modes.pb", "nchw_decomposed.pb",
    "while_inside_switched.pb",
]  # fmt: skip
SERVING = {Mode.TRAINING: Mode.INFERENCE, Mode.INFERENCE: Mode.INFERENCE}


def both_of(report: Report) -> BothModes:
    """Each mode in its copy, every layer measured and compared."""
    return both_modes(report, lambda mode, _: mode, report.outputs, report.layers, report.layers)


def facts(report: Report, both: BothModes) -> list[str]:
    """Where all is found in the program."""
    lines = [f"source {one.name}: {serving}" for one, serving in both.sources.items()]
    for mode in MODES:
        lines.append(f"{mode.value}:")
        lines += [f"  {tensor.name} at {both.fetch(mode, tensor)}" for tensor in report.outputs]
        for name, output in both.outputs[mode].items():
            change = both.changes[mode][name]
            lines.append(f"  {name}: {change.what}, output {output.name} at {both.fetch(mode, output)}")
            lines.append(f"    moments at {', '.join(both.moments.get((mode, name), ('nowhere',)))}")
    lines += [f"gap of {name} at {', '.join(names)}" for name, names in both.gaps.items()]
    lines += [f"{name} is not measured: {reason}" for name, reason in both.unmeasured.items()]
    return lines


@pytest.mark.parametrize("name", NAMES)
def test_the_program_of_both_modes(name: str, expected: Callable[[str, str], None]) -> None:
    report = with_loops(name)
    both = both_of(report)
    lines = [*facts(report, both), *changed(both.graphdef, report.graph.graphdef)]
    expected(f"{name}.txt", "\n".join(lines) + "\n")


def test_of_ghost_batches_the_images_are_measured() -> None:
    """And not the groups that the layer takes its moments over."""
    report = with_loops("cases/ghost_batches.pb")
    [layer] = report.layers
    ours = [f"conv1/Conv2D/bninspect/moments/{part}:0" for part in ("image_mean", "image_variance", "values")]
    assert both_of(report).moments == {(mode, layer.name): tuple(ours) for mode in MODES}


@pytest.mark.parametrize("name", NAMES)
def test_every_node_is_known_by_its_name_in_the_original(name: str) -> None:
    """Those of the copy by the name without its prefix, also once the program was put into another."""
    both = both_of(with_loops(name))
    assert both.originals
    assert all(new == f"inference/{old}" for new, old in both.originals.items())
    moved = both.moved(copies(both.graphdef, both.graphdef, prefix="b", apart=(both.graphdef.nodes[0].name,)))
    first = both.graphdef.nodes[0].name
    renamed = {new: old for new, old in moved.originals.items() if new.startswith("b/")}
    assert renamed[f"b/{first}"] == first
    assert set(renamed) <= {node.name for node in moved.graphdef.nodes}
    assert moved.fetched <= {f"{node.name}:0" for node in moved.graphdef.nodes}
    for new, old in renamed.items():
        assert new in (f"b/{old}", f"b/inference/{old}")


def test_what_decides_is_fed_to_each_copy_where_something_reads_it() -> None:
    """A dropout reads the source as well. What no node takes is not fed."""
    both = both_of(inspect(load(str(FIXTURES / "net_mixed.pb"))))
    image = np.zeros((1, 2), np.float32)
    fed = both.feeds({"image:0": image, "nobody:0": image}, SERVING)
    assert fed.pop("image:0") is image
    assert {name: value.tolist() for name, value in fed.items()} == {
        "training:0": False,
        "inference/training:0": False,
    }
    fed = both.feeds({}, {mode: mode for mode in MODES})
    assert {name: value.tolist() for name, value in fed.items()} == {
        "training:0": True,
        "inference/training:0": False,
    }
    assert both.feeds_of_original(Mode.TRAINING) == {"training:0": np.True_}
    assert both.feeds_of_original(Mode.INFERENCE) == {"training:0": np.False_}
    assert both.fed(["image:0"]) == {"image:0", "training:0", "inference/training:0"}


def test_a_program_reaches_what_it_reads_but_for_what_is_before_a_source() -> None:
    report = inspect(load(str(FIXTURES / "negated.pb")))
    both = both_of(report)
    reached = {node.name for node in both.reached(report.graph)}
    assert {"image", "bn/cond/FusedBatchNormV3", "bn/cond/FusedBatchNormV3_1", "bn/moving_mean"} <= reached
    assert not {node.name for node in report.graph if node.op in ("Switch", "Merge")} & reached
    assert "training" not in reached


@pytest.mark.parametrize(
    ("file", "node", "reason"),
    [
        ("classic.pb", "bn/cond/Merge", None),
        ("nested_functions.pb", "output", None),
        ("while_inside_switched.pb", "while/Identity", None),
    ],
)
def test_a_tensor_of_the_file_can_be_fetched(file: str, node: str, reason: str | None) -> None:
    report = inspect(load(str(FIXTURES / file)))
    assert unfetchable(report.graph.node(node).output()) == reason


def test_what_stands_inside_a_function_cannot_be_fetched_or_fed() -> None:
    report = inspect(load(str(FIXTURES / "nested_functions.pb")))
    inner = next(node for node in report.graph if node.functions)
    name = inner.functions[-1]
    reason = unfetchable(inner.output())
    assert reason == f"it stands inside function {name}, whose tensors cannot be fetched"
    assert unfeedable(inner.output(), ()) == f"what decides, {inner.output().name}, is inside a function"
    loop = f"what decides, {inner.output().name}, is computed in a loop, where nothing can be fed"
    assert unfeedable(inner.output(), {inner}) == loop


def test_a_node_of_ours_is_no_tensor_of_the_file() -> None:
    report = inspect(load(str(FIXTURES / "classic.pb")))
    assert unfetchable(Edits(report.graph).add("new", "NoOp", ())) == "it is not a tensor of the file"
    assert unfeedable(report.graph.node("training").output(), ()) is None
