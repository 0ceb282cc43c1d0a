"""The verdict: every way to a mode, said in the words of whatever decides it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm.branches import Fixed
from bninspect.batchnorm.layer import Report, State, Statistics
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.verdict import behaviours, opposed, verdict
from bninspect.graph import Graph
from bninspect.graph.graph import Signature
from tests.support.parts import IMAGE, PARAMETERS, report as parsed
from tests.support.reports import (
    INITIAL,
    fixed_training,
    layer,
    odds,
    phase,
    predicate,
    report,
    resnet,
    tensor,
)


def with_default(value: bool) -> Report:
    decided = predicate(phase("training", "PlaceholderWithDefault"), default=value)
    return report(layer("a", decided=decided), layer("b", decided=decided))


def test_a_placeholder_has_to_be_fed() -> None:
    assert verdict(report(*resnet(predicate(phase("phase_train"))))) == (
        "53 batch norms, all switched by phase_train:0 (placeholder, no default: must be fed); "
        "all with initial statistics",
        "error",
    )


def test_a_default_serves_when_nothing_is_fed() -> None:
    assert verdict(with_default(False)) == (
        "2 batch norms, all switched by training:0 (default false): inference unless true is fed",
        "plain",
    )
    assert verdict(with_default(True)) == (
        "2 batch norms, all switched by training:0 (default true): TRAINING unless false is fed",
        "error",
    )


def test_a_default_is_said_by_the_value_of_its_source() -> None:
    source = phase("inferring", "PlaceholderWithDefault")
    decided = predicate(source, true_when=False, default=False)
    assert verdict(report(layer(decided=decided))).text.endswith(
        "switched by inferring:0 (default false): TRAINING unless true is fed"
    )
    number = predicate(phase("mode", "PlaceholderWithDefault", dtype="int32"), default=1)
    assert "TRAINING unless 0 is fed" in verdict(report(layer(decided=number))).text


def test_a_variable_decides_by_what_it_holds() -> None:
    assert verdict(report(layer(decided=predicate(phase("is_training", "VariableV2"))))) == (
        "1 batch norm, switched by is_training:0, a variable: true means training, false inference",
        "warning",
    )


def test_another_source_is_only_named() -> None:
    text = verdict(report(layer(decided=predicate(phase("next", "IteratorGetNext"))))).text
    assert text.endswith("switched by next:0 (IteratorGetNext): true means training, false inference")


@pytest.mark.parametrize(
    ("mode", "named", "level"), [(Mode.INFERENCE, "inference", "plain"), (Mode.TRAINING, "TRAINING", "error")]
)
def test_a_constant_predicate_fixes_the_mode(mode: Mode, named: str, level: str) -> None:
    constant = predicate(None, constant=mode is Mode.TRAINING)
    value = str(mode is Mode.TRAINING).lower()
    assert verdict(report(layer(decided=constant), layer("c", decided=constant))) == (
        f"2 batch norms run in {named} mode, whatever is fed: the predicate is the constant {value}",
        level,
    )


def test_a_computed_predicate_is_shown_with_the_reason() -> None:
    decided = predicate(None, behind=tensor("both", "LogicalAnd"), reason="a:0 and b:0 decide together")
    assert verdict(report(layer(decided=decided))) == (
        "1 batch norm, switched by both:0 (LogicalAnd): a:0 and b:0 decide together",
        "warning",
    )


def test_fixed_modes() -> None:
    assert verdict(report(*(layer(f"bn{index}") for index in range(11)))) == (
        "11 batch norms run in inference mode, whatever is fed",
        "plain",
    )
    assert verdict(report(fixed_training())) == (
        "1 batch norm runs in TRAINING mode, whatever is fed",
        "error",
    )


def test_layers_that_differ_are_counted_the_worst_first() -> None:
    told = report(layer("a", decided=predicate(phase())), fixed_training("c"), fixed_training("d"))
    assert verdict(told).text == "3 batch norms: 2 in TRAINING mode, 1 switched by training:0"
    assert [[one.name for one in way.layers] for way in behaviours(told)] == [["c", "d"], ["a"]]


def test_more_ways_than_a_line_holds_are_counted() -> None:
    told = report(*(layer(f"bn{index}", decided=predicate(phase(f"p{index}"))) for index in range(5)))
    assert verdict(told).text == (
        "5 batch norms: 1 switched by p0:0, 1 switched by p1:0, 1 switched by p2:0, 2 in 2 other ways"
    )


def test_four_ways_are_all_said() -> None:
    told = report(*(layer(f"bn{index}", decided=predicate(phase(f"p{index}"))) for index in range(4)))
    assert verdict(told).text == (
        "4 batch norms: 1 switched by p0:0, 1 switched by p1:0, 1 switched by p2:0, 1 switched by p3:0"
    )


def test_one_source_may_send_layers_opposite_ways() -> None:
    decided = predicate(phase())
    told = report(layer("a", decided=decided), layer("b", decided=decided, negated=True))
    assert opposed(told) == ("training:0",)
    assert verdict(told) == (
        "2 batch norms: 1 switched by training:0 (true is training), 1 switched by training:0 (false is "
        "training); no value serves inference to all",
        "error",
    )


def test_statistics_that_nobody_should_serve_with() -> None:
    broken = Statistics(state=State.INVALID, reason="NaN in the variance")
    told = report(layer("a"), layer("b", statistics=INITIAL), layer("c", statistics=broken))
    assert verdict(told) == (
        "3 batch norms run in inference mode, whatever is fed; 1 with invalid statistics, "
        "1 with initial statistics",
        "error",
    )


def test_no_layer_and_what_it_may_mean() -> None:
    text, level = verdict(report(lookalikes=odds()["lookalikes"]))
    assert text == "no batch norm; it may be folded into the weights, or this is not the file you meant"
    assert level == "warning"


def test_a_place_undecided_is_not_called_the_wrong_file() -> None:
    assert verdict(report(**odds())).text == "no batch norm for certain: 1 place could not be decided"


def test_training_mode_is_right_in_a_training_graph() -> None:
    assert verdict(report(fixed_training(updates="run"))) == (
        "1 batch norm runs in training mode, as in any training graph",
        "plain",
    )


def test_a_training_graph_that_is_deployed_serves_training() -> None:
    assert verdict(report(fixed_training(updates="run")), deploy=True) == (
        "1 batch norm runs in TRAINING mode, whatever is fed",
        "error",
    )


def test_behaviours_are_those_of_training_unless_it_is_deployed() -> None:
    trained = report(fixed_training(updates="run"))
    assert [way.level for way in behaviours(trained)] == ["plain"]
    assert [way.level for way in behaviours(trained, deploy=True)] == ["error"]


def test_a_signature_says_that_a_training_graph_is_served() -> None:
    told = report(fixed_training(updates="run"))
    signed = Graph([], graphdef=told.graph.graphdef, signatures=(Signature(key="s", inputs={}, outputs={}),))
    assert verdict(replace(told, graph=signed)) == (
        "1 batch norm runs in TRAINING mode, whatever is fed",
        "error",
    )


@pytest.mark.parametrize("updates", ["unused", "none"])
def test_statistics_that_training_leaves_as_they_are(updates: str) -> None:
    text, level = verdict(report(fixed_training("a", updates=updates)))
    assert text.endswith("; training does not update the moving statistics")
    assert level == "error"
    assert verdict(report(layer("a", updates="none"))).level == "plain"


VARIABLE_MEAN = PARAMETERS.replace("Const([0.5, -0.5, 0.25])", "VariableV2(shape=[3], dtype=float)")
TRAINED = "weights = VariableV2(shape=[3])\ntrain = ApplyGradientDescent(weights, epsilon, beta)\n"


@pytest.mark.parametrize(("more", "level"), [("", "error"), (TRAINED, "plain")])
def test_missing_weights_are_grave_where_the_model_is_to_serve(more: str, level: str) -> None:
    """A graph that training is to run has none yet."""
    text = IMAGE + VARIABLE_MEAN + "y = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
    said = verdict(parsed(text + more))
    assert "weights missing" in said.text
    assert said.level == level


def test_one_layer_with_statistics_that_nobody_should_serve_with() -> None:
    assert verdict(report(layer(statistics=INITIAL))) == (
        "1 batch norm runs in inference mode, whatever is fed; initial statistics",
        "error",
    )


def test_inference_mode_in_a_training_graph_is_no_training() -> None:
    assert verdict(report(layer(updates="run"))) == (
        "1 batch norm runs in inference mode, whatever is fed",
        "plain",
    )


@pytest.mark.parametrize(
    ("mode", "name", "level"), [(Mode.TRAINING, "TRAINING", "error"), (Mode.INFERENCE, "inference", "plain")]
)
def test_conditionals_around_a_layer_are_named(mode: Mode, name: str, level: str) -> None:
    one = layer(mode=mode)
    assert isinstance(one.wiring, Fixed)
    around = replace(one, wiring=replace(one.wiring, runs_when=((phase("a"), True), (phase("b"), False))))
    assert verdict(report(around)) == (
        f"1 batch norm runs in {name} mode inside a conditional on a:0, b:0",
        level,
    )


@pytest.mark.parametrize(
    ("op", "facts", "end"),
    [
        ("Placeholder", {"unfed": False}, " (placeholder, no default: must be fed)"),
        (
            "PlaceholderWithDefault",
            {"default": 0.5, "unfed": None},
            " (PlaceholderWithDefault): true means training, false inference",
        ),
    ],
    ids=["no default", "a default that cannot be told"],
)
def test_what_cannot_be_told_of_a_default_is_not_said(op: str, facts: dict[str, object], end: str) -> None:
    decided = predicate(phase("training", op), **facts)
    assert verdict(report(layer(decided=decided))) == (f"1 batch norm, switched by training:0{end}", "plain")


def test_behaviours_stand_by_how_grave_they_are() -> None:
    """A placeholder is plain, a variable a warning, a default that trains an error."""
    plain = layer("a", decided=predicate(phase("p")))
    warning = layer("b", decided=predicate(phase("v", "VariableV2")))
    error = layer("c", decided=predicate(phase("d", "PlaceholderWithDefault"), default=True))
    found = behaviours(report(plain, warning, error))
    assert [(way.layers[0].name, way.level, way.runs) for way in found] == [
        ("c", "error", False),
        ("b", "warning", False),
        ("a", "plain", False),
    ]


def test_two_layers_with_initial_statistics_are_all() -> None:
    text = verdict(report(layer("a", statistics=INITIAL), layer("b", statistics=INITIAL))).text
    assert text.endswith("; all with initial statistics")
