"""refill: the statistics are the new ones, and every other byte of the file is what it was. No TensorFlow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import State, inspect
from bninspect.errors import RewriteError
from bninspect.graph import flatten, load
from bninspect.graphdef import read
from bninspect.graphdef.functions.bodies import exchanged, spans, write_exchanged
from bninspect.graphdef.reader import records
from bninspect.graphdef.writer import new_node, rewritten, serialized
from bninspect.rewrite.statistics.refill import exchange, filling
from bninspect.rewrite.statistics.slots import find_slots
from bninspect.statistics.pooling import Moments
from tests.support.catching import fused
from tests.support.parts import EMPTY, IMAGE, PARAMETERS, report
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from bninspect.batchnorm import Report
    from bninspect.graphdef import GraphDef, NodeDef
    from bninspect.rewrite.statistics.refill import Filling
    from bninspect.rewrite.statistics.slots import Slot

FROZEN = sorted(path.name for path in FIXTURES.glob("*.pb"))
REFILLABLE = [name for name in FROZEN if find_slots(inspect(load(str(FIXTURES / name))), create=False)[0]]


def report_of(name: str) -> Report:
    return inspect(load(str(FIXTURES / name)))


def drawn(slot: Slot, seed: int = 0) -> Moments:
    """Plausible moments of as many channels as the slot has."""
    draw = np.random.default_rng(seed)
    channels = slot.layers[0].channels or 3
    return Moments(mean=draw.normal(size=channels), variance=draw.uniform(0.5, 2, channels), values=4096)


def slots_of(report: Report) -> tuple[Slot, ...]:
    return find_slots(report, create=False)[0]


def refilled(report: Report, fillings: list[Filling], path: Path) -> Report:
    """The graph with these slots filled, as it is read from a file."""
    graphdef = report.graph.graphdef
    size = write_exchanged(graphdef, exchange(graphdef, fillings), path)
    assert size == path.stat().st_size
    return inspect(load(str(path)))


def bodies(graphdef: GraphDef) -> dict[tuple[str, str], bytes]:
    """(function, node) -> its bytes, for every node of the file."""
    found = {("", node.name): node.span.bytes() for node in graphdef.nodes}
    for name, function in graphdef.functions.items():
        found.update({(name, node.name): node.span.bytes() for node in function.nodes})
    return found


def records_of(slot: Slot) -> set[NodeDef]:
    return {node for node in (slot.mean, slot.variance, slot.reader) if node is not None}


@pytest.mark.parametrize("name", FROZEN)
def test_with_nothing_to_fill_the_file_is_the_file(name: str) -> None:
    """But for functions whose returns are given the names that there are."""
    graphdef = read(str(FIXTURES / name))
    written = b"".join(span.bytes() for span in spans(graphdef, {}))
    if any(function.misnamed for function in graphdef.functions.values()):
        again = records(written, name)
        assert bodies(again) == bodies(graphdef)
        assert {key: one.returns for key, one in again.functions.items()} == {
            key: one.returns for key, one in graphdef.functions.items()
        }
        assert not any(function.misnamed for function in again.functions.values())
    else:
        assert written == (FIXTURES / name).read_bytes()


@pytest.mark.parametrize("name", REFILLABLE)
def test_only_the_statistics_change(name: str, tmp_path: Path) -> None:
    report = report_of(name)
    slots = slots_of(report)
    fillings = [filling(slot, drawn(slot, seed)) for seed, slot in enumerate(slots)]
    after = refilled(report, fillings, tmp_path / "new.pb")
    before, now = bodies(report.graph.graphdef), bodies(after.graph.graphdef)
    mine = {record.name for slot in slots for record in records_of(slot)}
    assert {key for key, data in before.items() if now[key] != data} == {
        key for key in before if key[1] in mine
    }
    made = {key[1] for key in now.keys() - before.keys()}
    assert made == {
        f"{slot.reader.name}/{what}"
        for slot in slots
        if slot.reader is not None
        for what in ("moving_mean", "moving_variance")
    }
    old, rest = report.graph.graphdef, after.graph.graphdef
    assert (old.versions and old.versions.bytes()) == (rest.versions and rest.versions.bytes())
    assert [part.bytes() for part in old.library_rest] == [part.bytes() for part in rest.library_rest]
    found = {layer.name: layer for layer in after.layers}
    assert found.keys() == {layer.name for layer in report.layers}
    for one in fillings:
        for layer in one.slot.layers:
            statistics = found[layer.name].statistics
            assert statistics.state is State.STORED
            assert statistics.values is not None
            np.testing.assert_array_equal(statistics.values.mean.array(), one.mean)
            np.testing.assert_array_equal(statistics.values.variance.array(), one.variance)


def test_a_function_keeps_what_is_not_a_node_of_it() -> None:
    report = report_of("called_twice.pb")
    (slot,) = slots_of(report)
    assert len(slot.layers) == 2
    assert slot.layers[0].functions
    old = report.graph.graphdef
    new = exchanged(old, exchange(old, [filling(slot, drawn(slot))]))
    for name, function in old.functions.items():
        again = new.functions[name]
        changed = {node.name for node in function.nodes} & {record.name for record in records_of(slot)}
        assert (again.span.bytes() == function.span.bytes()) == (not changed)
        assert (again.arguments, again.outputs, again.returns, again.control_returns) == (
            function.arguments, function.outputs, function.returns, function.control_returns,
        )  # fmt: skip
        assert len(again.nodes) == len(function.nodes)


@pytest.mark.parametrize("name", ["siamese.pb", "siamese_decomposed.pb", "called_twice.pb"])
def test_calls_of_one_layer_are_one_slot(name: str) -> None:
    (slot,) = slots_of(report_of(name))
    assert len(slot.layers) == 2


def test_the_shape_and_the_type_of_a_constant_stay() -> None:
    report = report_of("nchw_decomposed.pb")
    (slot,) = slots_of(report)
    assert slot.mean is not None
    held = slot.mean.attr("value")
    one = filling(slot, drawn(slot))
    assert one.mean.shape == held.shape
    assert one.mean.dtype == np.float32


def edited(name: str, edit: Any, path: Path) -> Report:
    """The fixture with its records changed."""
    graphdef = read(str(FIXTURES / name))
    path.write_bytes(serialized(edit(graphdef)))
    return inspect(load(str(path)))


def with_node(graphdef: GraphDef, *nodes: NodeDef) -> GraphDef:
    return replace(graphdef, nodes=(*graphdef.nodes, *nodes))


def half_constants(graphdef: GraphDef) -> GraphDef:
    """The statistics kept in float16, and cast where they are read."""
    nodes = []
    for node in graphdef.nodes:
        if node.name not in ("bn/moving_mean", "bn/moving_variance"):
            nodes.append(node)
            continue
        value = node.attr("value").array().astype(np.float16)
        nodes.append(new_node(f"{node.name}/half", "Const", (), {"dtype": "half", "value": value}))
        cast = {"SrcT": "half", "DstT": "float"}
        nodes.append(new_node(node.name, "Cast", (f"{node.name}/half",), cast))
    return replace(graphdef, nodes=tuple(nodes))


def test_float16_statistics_stay_float16_and_may_not_overflow(tmp_path: Path) -> None:
    report = edited("layers_fused_115.pb", half_constants, tmp_path / "half.pb")
    (slot,) = slots_of(report)
    moments = drawn(slot)
    assert filling(slot, moments).variance.dtype == np.float16
    with pytest.raises(RewriteError, match="beyond the range of half"):
        filling(slot, replace(moments, variance=moments.variance * 1e6))


def test_a_constant_that_something_else_reads_is_left_and_the_layer_gets_its_own(tmp_path: Path) -> None:
    """The moving mean is added to the output."""

    def edit(graphdef: GraphDef) -> GraphDef:
        return with_node(
            graphdef, new_node("sum", "AddV2", ("bn/cond/Merge", "bn/moving_mean"), {"T": "float"})
        )

    report = edited("layers_fused_115.pb", edit, tmp_path / "read.pb")
    (slot,) = slots_of(report)
    assert slot.mean is None
    assert slot.reader is not None
    assert slot.shared_with == "AddV2 sum reads, too"
    one = filling(slot, drawn(slot))
    after = refilled(report, [one], tmp_path / "new.pb")
    before, now = bodies(report.graph.graphdef), bodies(after.graph.graphdef)
    assert now["", "bn/moving_mean"] == before["", "bn/moving_mean"]
    (layer,) = after.layers
    assert layer.statistics.values is not None
    np.testing.assert_array_equal(layer.statistics.values.mean.array(), one.mean)


def test_one_constant_for_mean_and_variance_is_not_written_into(tmp_path: Path) -> None:
    def edit(graphdef: GraphDef) -> GraphDef:
        def reading(node: NodeDef) -> NodeDef:
            inputs = tuple(text.replace("moving_variance", "moving_mean") for text in node.inputs)
            return rewritten(node, name=node.name, inputs=inputs)

        return replace(graphdef, nodes=tuple(reading(node) for node in graphdef.nodes))

    report = edited("layers_fused_115.pb", edit, tmp_path / "both.pb")
    (slot,) = slots_of(report)
    assert slot.shared_with == "holds both a mean and a variance"
    after = refilled(report, [filling(slot, drawn(slot))], tmp_path / "new.pb")
    assert after.layers[0].statistics.state is State.STORED


def test_a_chain_that_shares_its_constant_is_named(tmp_path: Path) -> None:
    def edit(graphdef: GraphDef) -> GraphDef:
        name = inspect(flatten(graphdef)).layers[0].output.node.name
        return with_node(graphdef, new_node("sum", "AddV2", (name, "bn/moving_mean"), {"T": "float"}))

    report = edited("fixed_inference_decomposed_115.pb", edit, tmp_path / "read.pb")
    slots, left = find_slots(report, create=True)
    assert slots == ()
    (one,) = left
    assert one.reason == "its statistics stand in a constant that AddV2 sum reads, too"


@pytest.mark.parametrize("wrong", ["nan", "inf"])
def test_what_is_not_finite_is_not_written(wrong: str) -> None:
    (slot,) = slots_of(report_of("classic.pb"))
    moments = drawn(slot)
    variance: NDArray[np.float64] = moments.variance.copy()
    variance[1] = float(wrong)
    with pytest.raises(RewriteError, match="not finite on these images"):
        filling(slot, replace(moments, variance=variance))


def test_another_number_of_channels_is_refused() -> None:
    (slot,) = slots_of(report_of("classic.pb"))
    moments = Moments(mean=np.zeros(4), variance=np.ones(4), values=9)
    with pytest.raises(RewriteError, match="of 3 values, and what it normalizes has 4 channels"):
        filling(slot, moments)


def test_mix_keeps_a_share_of_the_old(tmp_path: Path) -> None:
    (slot,) = slots_of(report_of("layers_fused_115.pb"))
    moments = drawn(slot)
    held = slot.layers[0].statistics.values
    assert held is not None
    mean, variance = held.numbers()
    one = filling(slot, moments, 0.25)
    np.testing.assert_allclose(one.mean, 0.25 * mean + 0.75 * moments.mean, rtol=1e-6)
    expected = 0.25 * variance + 0.75 * moments.variance
    np.testing.assert_allclose(one.variance, expected, rtol=1e-6)


def test_fields_that_nobody_knows_stay(tmp_path: Path) -> None:
    """Of the file and of a function: those that a later TensorFlow may write."""
    source = tmp_path / "later.pb"
    unknown = b"\xaa\x06\x05later"
    source.write_bytes((FIXTURES / "called_twice.pb").read_bytes() + unknown)
    report = inspect(load(str(source)))
    fillings = [filling(slot, drawn(slot)) for slot in slots_of(report)]
    refilled(report, fillings, tmp_path / "new.pb")
    assert (tmp_path / "new.pb").read_bytes().endswith(unknown)


@pytest.mark.parametrize(
    ("op", "types"), [("FusedBatchNormV3", "T=half, U=float"), ("FusedBatchNorm", "T=float")]
)
def test_a_fused_op_without_statistics_gets_them_in_the_type_it_takes(op: str, types: str) -> None:
    """Of half images the statistics are float32 all the same."""
    line = fused(training=True).replace("FusedBatchNormV3", op).replace("epsilon=", f"{types}, epsilon=")
    (slot,) = slots_of(report(IMAGE + PARAMETERS + line.replace("mean, variance", "none, none") + EMPTY))
    assert slot.reader is not None
    made = filling(slot, Moments(mean=np.array([0.5, 1, 2]), variance=np.array([1.0, 2, 3]), values=64))
    assert (made.mean.dtype.name, made.variance.dtype.name) == ("float32", "float32")
    assert (made.mean.tolist(), made.variance.tolist()) == ([0.5, 1, 2], [1, 2, 3])
