"""The proof in TensorFlow: the branch that runs is the one that the report says.

A Merge tells which of its inputs came (`Merge:1`, the value_index). Where there is none to ask (an If, a
Select, a loop), the model itself tells: in training mode the output for an image depends on its companions in
the batch, in inference mode it does not. Both are seen from outside, whatever the names in the graph.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import BatchNorm, Branch, Mode, Report
from bninspect.graph.search import upstream
from bninspect.graphdef.schema import message_class
from bninspect.run.session import Session
from tests.batchnorm.test_fixtures import report_of
from tests.support.places import FIXTURES
from tests.support.tables import Row, fixtures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from bninspect.graph import Node

    Feeds = dict[str, NDArray[Any]]

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
]
SWITCHED = [row for row in fixtures() if row.mode == "switched" and row.runs == "yes"]
DEFAULTED = [row for row in SWITCHED if row.default != "-"]
IN_LOOPS = {"while_inside_switched.pb"}
"""What stands inside a loop cannot be fetched."""
FAR = 1e-3
"""Of the largest output: companions change a training-mode output by far more, and rounding by far less."""
SEED = 5
MODES = [Mode.TRAINING, Mode.INFERENCE]


def each(rows: list[Row]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.file)


@cache
def session_of(file: str) -> Session:
    path = FIXTURES / file
    if path.suffix != ".pbtxt":
        return Session(path.read_bytes())
    from google.protobuf import text_format

    message = text_format.Parse(path.read_text(encoding="utf-8"), message_class("GraphDef")())
    return Session(message.SerializeToString())


def feeds_for(mode: Mode, row: Row, report: Report) -> Feeds:
    """What the report says to feed for every layer to run in one mode.

    A predicate of several sources has no value of one source to tell: there the table says what to feed.
    """
    feeds: Feeds = {}
    for layer in report.layers:
        assert layer.switch is not None
        source, value = layer.switch.predicate.source, layer.switch.training_when
        if source is not None and value is not None:
            wanted = value if mode is Mode.TRAINING else not value
            feeds[source.name] = np.asarray(
                wanted, np.int32 if source.node.attr("dtype") == "int32" else np.bool_
            )
        else:
            for name, training in row.training_when.items():
                feeds[f"{name}:0"] = np.asarray(training == (mode is Mode.TRAINING))
    return feeds


def images(report: Report, seed: int = SEED) -> Feeds:
    """Four random images for every input of a rank above 0; the first one is the same for every seed."""
    feeds: Feeds = {}
    for number, node in enumerate(report.graph):
        dtype, shape = node.attr("dtype"), node.attr("shape")
        if node.op != "Placeholder" or dtype not in ("float", "half") or not shape:
            continue
        sizes = [4, *(size if size > 0 else 4 for size in shape[1:])]
        first = np.random.default_rng(number).normal(0.5, 1, sizes[1:])
        others = np.random.default_rng([seed, number]).normal(-2, 5, [3, *sizes[1:]])
        values = np.concatenate([first[np.newaxis], others])
        feeds[f"{node.name}:0"] = values.astype(np.float16 if dtype == "half" else np.float32)
    return feeds


def observed(row: Row, report: Report, feeds: Mapping[str, NDArray[Any]]) -> Mode:
    """The mode as it is seen at the outputs: does the first image's output depend on the others?"""
    names = [output.name for output in report.outputs]
    results = []
    for seed in (SEED, SEED + 1):
        values = session_of(row.file).run(names, {**images(report, seed), **feeds})
        results.append([value[:1].astype(np.float64) for value in values])
    far = max(np.abs(a - b).max() / max(np.abs(a).max(), 1e-9) for a, b in zip(*results, strict=True))
    return Mode.TRAINING if far > FAR else Mode.INFERENCE


def input_of(merge: Node, branch: Branch, report: Report) -> int:
    """By which input of a Merge the branch comes, as the report has it: as a statistic, or from its node."""
    statistics = [i for i, tensor in enumerate(merge.inputs) if tensor in (branch.mean, branch.variance)]
    nodes = [i for i, tensor in enumerate(merge.inputs) if branch.node in upstream([tensor.node])]
    (index,) = statistics or nodes
    return index


def merges(layer: BatchNorm) -> list[Node]:
    """The Merges that stand in the file (that of an If does not)."""
    return [merge for merge in layer.merges if merge.op == "Merge" and merge.nodedef is not None]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@each([row for row in SWITCHED if row.file not in IN_LOOPS])
def test_value_index(row: Row, mode: Mode) -> None:
    report = report_of(row.file)
    feeds = {**images(report), **feeds_for(mode, row, report)}
    expected = {}
    for layer in report.layers:
        branch = layer.training if mode is Mode.TRAINING else layer.inference
        assert branch is not None
        for merge in merges(layer):
            expected[f"{merge.name}:1"] = input_of(merge, branch, report)
    values = session_of(row.file).run(list(expected), feeds)
    assert dict(zip(expected, map(int, values), strict=True)) == expected


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@each(SWITCHED)
def test_companions(row: Row, mode: Mode) -> None:
    report = report_of(row.file)
    assert observed(row, report, feeds_for(mode, row, report)) is mode


@each(DEFAULTED)
def test_default(row: Row) -> None:
    report = report_of(row.file)
    served = {layer.switch.served_by_default for layer in report.layers if layer.switch is not None}
    assert served == {observed(row, report, {})}


def test_most_fixtures_have_a_merge_to_ask() -> None:
    asked = [row.file for row in SWITCHED if any(merges(layer) for layer in report_of(row.file).layers)]
    assert len(asked) > len(SWITCHED) * 0.7
