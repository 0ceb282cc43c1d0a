"""What a person sees, as golden files at two widths; see `pytest --update-expected`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm.branches import Fixed, Switched
from bninspect.batchnorm.layer import BatchNorm, Report, State, Statistics
from bninspect.batchnorm.mode import Form
from bninspect.graph import Node
from bninspect.render.graph.screen import render_graph, render_layers
from tests.support.drawing import coloured, drawn
from tests.support.reports import (
    INITIAL,
    fixed_training,
    layer,
    odds,
    phase,
    predicate,
    report,
    resnet,
    statistics,
    tensor,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTHS = (80, 100)


def mixed() -> Report:
    """Layers that differ in everything a column can show."""
    default = predicate(phase("is_training", "PlaceholderWithDefault"), default=False)
    return report(
        layer("net/a", decided=predicate(phase("phase_train"))),
        layer("net/encoder/deep/scope/b", decided=default, negated=True, epsilon=1.001e-5),
        fixed_training("net/c"),
        layer("net/d", epsilon=None, statistics=INITIAL, form=Form.DECOMPOSED, op="Rsqrt", data_format=None),
        layer("net/e", statistics=statistics([0.0], [0.0]), channels=None),
        layer("net/f", statistics=Statistics(state=State.UNREAD, reason="no checkpoint beside the file")),
        layer("net/g", statistics=Statistics(state=State.INVALID, reason="NaN in the mean"), channels=2048),
    )


def training() -> Report:
    """A training graph with every answer to what a layer normalizes with and who updates its statistics."""
    learns = ("gamma", "beta")
    variable = tensor("net/frozen/gamma", "VariableV2")
    ops = (tensor("net/forgotten/AssignMovingAvg", "AssignSub").node,)
    inference = layer("net/inference", updates="none", trainable=learns, statistics=INITIAL)
    return report(
        fixed_training("net/run", updates="run", trainable=learns, momentum=0.99, update_ops=ops),
        fixed_training("net/forgotten", updates="unused", trainable=learns, momentum=0.99, update_ops=ops),
        fixed_training("net/frozen", updates="unused", trainable=(), gamma=variable, update_ops=ops),
        layer("net/switched", decided=predicate(phase()), updates="none", trainable=("beta",)),
        inference,
    )


def under_if() -> Report:
    """A layer whose branches stand in library functions."""
    one = layer("sequential/bn1", decided=predicate(phase()))
    assert one.training is not None
    assert one.inference is not None
    branches = []
    for branch, function in (
        (one.training, "sequential_bn1_cond_true_12"),
        (one.inference, "sequential_bn1_cond_false_13"),
    ):
        name = f"sequential/bn1/cond/{function}/FusedBatchNormV3"
        node = Node(
            name=name,
            op="FusedBatchNormV3",
            nodedef=None,
            functions=(function,),
            label=f"{function}/FusedBatchNormV3",
        )
        branches.append(replace(branch, node=node))
    merge = Node(name="sequential/bn1/cond", op="Merge", nodedef=None, stands_for="sequential/bn1/cond:0")
    merge.predicate = tensor("training", "Placeholder")
    assert one.switch is not None
    wiring = Switched(switch=one.switch, training=branches[0], inference=branches[1], joins=(merge,))
    changed = replace(one, wiring=wiring, output=merge.output())
    return report(changed, replace(changed, name="sequential/bn2"))


def chosen_statistics() -> BatchNorm:
    """One chain for both modes; Merges choose the statistics."""
    one = layer("bn", decided=predicate(phase()), form=Form.DECOMPOSED, op="Rsqrt", gamma=None)
    output = tensor("bn/batchnorm/add_1", "AddV2")
    wired = one.wiring
    assert isinstance(wired, Switched)
    mean, variance = tensor("bn/moments/Squeeze", "Squeeze"), tensor("bn/moments/Squeeze_1", "Squeeze")
    training = replace(wired.training, node=mean.node, output=output, mean=mean, variance=variance)
    inference = replace(wired.inference, node=wired.inference.mean.node, output=output)
    return replace(one, wiring=replace(wired, training=training, inference=inference), output=output)


REPORTS: dict[str, Callable[[], Report]] = {
    "resnet": lambda: report(*resnet(predicate(phase("phase_train"))), **odds()),
    "mixed": mixed,
    "under_if": under_if,
    "training": training,
    "one": lambda: report(layer("bn", decided=predicate(phase()))),
    "none": lambda: report(**odds()),
}
LAYERS: dict[str, Callable[[], Sequence[BatchNorm]]] = {
    "switched": lambda: [
        layer("bn", decided=predicate(phase()), epsilon=1.001e-5, momentum=0.99, updates="run")
    ],
    "fixed": lambda: [fixed_training("net/c"), layer("net/d", statistics=INITIAL)],
    "under_if": lambda: under_if().layers[:1],
    "training": lambda: training().layers[1:4],
    "chosen_statistics": lambda: [chosen_statistics()],
    "computed": lambda: [layer(decided=predicate(None, reason="a:0 and b:0 decide together"))],
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", REPORTS)
def test_graph(name: str, width: int, expected: Callable[[str, str], None]) -> None:
    text = drawn(render_graph(REPORTS[name]()), width)
    assert max(map(len, text.split("\n"))) <= width
    expected(f"graph-{name}-{width}.txt", text)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["mixed", "training"])
def test_all_layers(name: str, width: int, expected: Callable[[str, str], None]) -> None:
    text = drawn(render_graph(REPORTS[name](), everything=True), width)
    assert max(map(len, text.split("\n"))) <= width
    expected(f"all-{name}-{width}.txt", text)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str, width: int, expected: Callable[[str, str], None]) -> None:
    layers: Sequence[BatchNorm] = LAYERS[name]()
    text = drawn(render_layers(layers), width)
    assert max(map(len, text.split("\n"))) <= width
    expected(f"layer-{name}-{width}.txt", text)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_name_is_cut_at_any_width(width: int) -> None:
    names = [one.name.removeprefix("resnet_v1_50/") for one in REPORTS["resnet"]().layers]
    text = drawn(render_graph(REPORTS["resnet"](), everything=True), width)
    column = "".join(line.split("  ")[0].strip() for line in text.split("\n"))
    assert [name for name in names if name.removesuffix("/BatchNorm") not in column] == []


def test_a_pipe_grows_rather_than_fold_a_name() -> None:
    deep = "/".join(f"scope_{index}" for index in range(20))
    told = report(layer(f"net/{deep}/bn"), layer("net/b"))
    text = drawn(render_graph(told, everything=True), None)
    assert any(line.startswith(f"{deep}/bn  ") for line in text.split("\n"))


def many_ways() -> Report:
    """Each layer switched by a source of its own, every second one with initial statistics."""
    layers = []
    for index in range(60):
        one = layer(f"block_{index}/a_rather_long_scope/of_names/bn", decided=predicate(phase(f"p{index}")))
        layers.append(replace(one, statistics=INITIAL if index % 2 else one.statistics))
    return report(*layers, **odds())


@pytest.mark.parametrize("width", [None, 100])
def test_no_model_fills_more_than_forty_lines(width: int | None) -> None:
    lines = drawn(render_graph(many_ways()), width).splitlines()
    assert len(lines) <= 40
    assert lines[0].startswith("model.pb: 60 batch norms: 1 switched by p0:0")
    assert any("other groups: --all" in line for line in lines)
    everything = drawn(render_graph(many_ways(), everything=True), width)
    assert all(f"block_{index}/" in everything or f"{index}  " in everything for index in range(60))


def test_the_verdict_is_repeated_below_more_than_a_screen() -> None:
    short = drawn(render_graph(REPORTS["one"]())).splitlines()
    assert short.count(short[0]) == 1
    lines = drawn(render_graph(many_ways()), None).splitlines()
    assert len(lines) > 24
    assert lines[-1] == lines[0]


def test_names_that_do_not_stand_below_their_layers() -> None:
    told = report(*(renamed(layer(f"bn{index}"), f"node{index}/norm") for index in range(3)))
    assert "  inference  node*/norm\n" in drawn(render_graph(told))


def renamed(one: BatchNorm, name: str) -> BatchNorm:
    """The layer of inference with its node called otherwise."""
    wiring = one.wiring
    assert isinstance(wiring, Fixed)
    node = tensor(name, "FusedBatchNormV3").node
    return replace(one, wiring=replace(wiring, only=replace(wiring.only, node=node)))


def test_letters_two_cells_wide_are_folded_no_earlier_than_others() -> None:
    shown = drawn(render_graph(report(layer("层" * 12, decided=predicate(phase("相"))))), 100)
    assert f"  true   training   {'层' * 12}/cond/FusedBatchNormV3    output 1 of the Switch\n" in shown


def test_nothing_in_a_name_reaches_the_terminal_as_a_command() -> None:
    text = drawn(render_graph(report(layer("[red]\x1b[2Jbn"))), 100)
    assert "[red]\\x1b[2Jbn" in text


def test_colour_only_where_the_terminal_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for no_color, expected in ((False, True), (True, False)):
        shown = coloured(render_graph(report(layer(statistics=INITIAL))), no_color=no_color)
        assert ("\x1b[1;31m" in shown) is expected
