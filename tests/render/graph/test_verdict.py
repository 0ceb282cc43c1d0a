"""The verdict: every way to a mode, told in the words of whatever decides it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm.layer import Report, State, Statistics
from bninspect.batchnorm.mode import Mode
from bninspect.graph import Graph
from bninspect.graph.graph import Signature
from bninspect.render.graph.verdict import verdict
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


def said(told: Report) -> list[str]:
    """The statements, without their tone."""
    return [sentence.text for sentence in verdict(told)]


def with_default(value: bool) -> Report:
    decided = predicate(phase("training", "PlaceholderWithDefault"), default=value)
    return report(layer("a", decided=decided), layer("b", decided=decided))


def test_a_placeholder_has_to_be_fed() -> None:
    assert said(report(*resnet(predicate(phase("phase_train"))))) == [
        "53 batch-norm layers, all switched by phase_train:0 (Placeholder): feed true for training, "
        "false for inference; nothing is served unless it is fed.",
        "All hold initial statistics, as if never trained: inference does not normalize there.",
    ]


def test_a_default_serves_when_nothing_is_fed() -> None:
    assert said(with_default(False)) == [
        "2 batch-norm layers, all switched by training:0 (PlaceholderWithDefault, default false): "
        "feeding nothing serves inference; feed true for training."
    ]
    [sentence] = verdict(with_default(True))
    assert "feeding nothing serves TRAINING; feed false for inference" in sentence.text
    assert sentence.tone == "error"


def test_a_negated_predicate_is_told_by_the_value_of_its_source() -> None:
    decided = predicate(phase("inferring"), true_when=False)
    assert "feed false for training, true for inference" in said(report(layer(decided=decided)))[0]
    assert "feed true for training, false for" in said(report(layer(decided=decided, negated=True)))[0]


def test_a_number_is_fed_as_a_number() -> None:
    decided = predicate(phase("mode", dtype="int32"))
    assert "feed 1 for training, 0 for inference" in said(report(layer(decided=decided)))[0]


def test_a_variable_decides_by_what_it_holds() -> None:
    [sentence] = verdict(report(layer(decided=predicate(phase("is_training", "VariableV2")))))
    assert sentence.text.endswith(
        "true means training, false inference; what is served is what this variable holds."
    )
    assert sentence.tone == "warning"


def test_another_source_is_only_named() -> None:
    text = said(report(layer(decided=predicate(phase("next", "IteratorGetNext")))))[0]
    assert text.endswith("switched by next:0 (IteratorGetNext): true means training, false inference.")


@pytest.mark.parametrize(
    ("mode", "named", "tone"), [(Mode.INFERENCE, "inference", "plain"), (Mode.TRAINING, "TRAINING", "error")]
)
def test_a_constant_predicate_fixes_the_mode(mode: Mode, named: str, tone: str) -> None:
    constant = predicate(None, constant=mode is Mode.TRAINING)
    [sentence] = verdict(report(layer(decided=constant), layer("c", decided=constant)))
    value = str(mode is Mode.TRAINING).lower()
    decided = f"decided by a predicate that is the constant {value}"
    assert sentence.text == f"2 batch-norm layers, all {decided}: {named}, fixed in the file."
    assert sentence.tone == tone


def test_a_computed_predicate_is_shown_with_the_reason() -> None:
    decided = predicate(None, behind=tensor("both", "LogicalAnd"), reason="a:0 and b:0 decide together")
    assert said(report(layer(decided=decided))) == [
        "1 batch-norm layer, switched by a computed predicate, both:0 (LogicalAnd): "
        "a:0 and b:0 decide together."
    ]


def test_fixed_modes() -> None:
    assert said(report(*(layer(f"bn{index}") for index in range(11)))) == [
        "11 batch-norm layers; all run in inference mode, fixed in the file."
    ]
    [sentence] = verdict(report(fixed_training()))
    assert sentence.text == "1 batch-norm layer; it runs in TRAINING mode whatever is fed, fixed in the file."
    assert sentence.tone == "error"


def test_layers_that_differ_are_named_the_worst_first() -> None:
    layers = [layer(f"a{index}", decided=predicate(phase())) for index in range(1)]
    texts = said(report(*layers, fixed_training("c"), fixed_training("d")))
    assert texts[0] == "3 batch-norm layers, which do not all behave alike:"
    assert texts[1] == "- 2 of 3 run in TRAINING mode whatever is fed, fixed in the file (c, d)."
    assert texts[2].startswith("- 1 of 3 is switched by training:0 (Placeholder)")


def test_one_source_may_send_layers_opposite_ways() -> None:
    decided = predicate(phase())
    texts = said(report(layer("a", decided=decided), layer("b", decided=decided, negated=True)))
    assert "feed true for training" in texts[1]
    assert texts[1].endswith("(a).")
    assert "feed false for training" in texts[2]
    assert texts[2].endswith("(b).")


def test_statistics_that_nobody_should_serve_with() -> None:
    broken = Statistics(state=State.INVALID, reason="NaN in the variance")
    texts = said(report(layer("a"), layer("b", statistics=INITIAL), layer("c", statistics=broken)))
    assert texts[1:] == [
        "1 of 3 holds initial statistics, as if never trained: inference does not normalize there.",
        "1 of 3 holds invalid statistics: inference gives NaN there.",
    ]


def test_no_layer_and_what_it_may_mean() -> None:
    texts = said(report(lookalikes=odds()["lookalikes"]))
    assert texts[0] == "No batch-norm layer in this model."
    assert "folded into the weights" in texts[1]
    assert "logits:0" in texts[1]
    assert texts[2:] == ["6 lookalikes found; see below."]
    assert said(report(outputs=()))[1].endswith("not the file you meant.")


def test_a_place_undecided_is_not_called_the_wrong_file() -> None:
    assert said(report(**odds())) == [
        "No batch-norm layer for certain: 1 place could not be decided; see below.",
        "6 lookalikes found; see below.",
    ]


def test_training_mode_is_right_in_a_training_graph() -> None:
    first, second = verdict(report(fixed_training(updates="run")))
    assert first.text == (
        "1 batch-norm layer; it runs in training mode whatever is fed: right while training, not for serving."
    )
    assert second.text == "A training graph; its train op runs the updates of the moving statistics."
    assert (first.tone, second.tone) == ("plain", "plain")


def test_a_signature_says_that_a_training_graph_is_served() -> None:
    told = report(fixed_training(updates="run"))
    signed = Graph([], graphdef=told.graph.graphdef, signatures=(Signature(key="s", inputs={}, outputs={}),))
    [first, _] = verdict(replace(told, graph=signed))
    assert "TRAINING mode whatever is fed" in first.text
    assert first.tone == "error"


@pytest.mark.parametrize(
    ("updates", "words"),
    [
        ("unused", "no train op runs the updates of the moving statistics"),
        ("none", "nothing updates the moving statistics"),
    ],
)
def test_statistics_that_training_leaves_as_they_are(updates: str, words: str) -> None:
    end = ": inference will not use what training saw."
    [_, sentence] = verdict(report(fixed_training("a", updates=updates)))
    assert sentence.text == f"A training graph, and {words}{end}"
    assert sentence.tone == "error"
    layers = [fixed_training("a", updates=updates), fixed_training("b", updates="run")]
    [_, sentence] = verdict(report(*layers, layer("c", updates="none")))[-2:]
    assert sentence.text == f"A training graph, and {words} of 1 of 2 layers (a){end}"


def test_a_training_graph_of_frozen_layers() -> None:
    [_, sentence] = verdict(report(layer("a", updates="none")))
    assert sentence.text == "A training graph; what normalizes with moving statistics does not update them."
    assert sentence.tone == "plain"
