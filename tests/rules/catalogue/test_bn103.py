"""BN103 mode-left-to-the-caller."""

from __future__ import annotations

from bninspect.rules import Severity
from bninspect.rules.remedies import BUILD_ANEW
from tests.support.catching import caught, found, fused, of_fixture
from tests.support.parts import PHASE, STORED, UNDECIDED, fused_cond
from tests.support.places import FIXTURES

SWITCHED = STORED + PHASE


def test_catches_a_placeholder() -> None:
    finding = caught("BN103", SWITCHED + fused_cond("phase"))
    assert (finding.node, finding.layer, finding.severity) == ("phase", "y", Severity.WARNING)
    assert finding.message == "1 layer depends on the placeholder phase; feed false for inference"


def test_catches_with_deploy_as_an_error() -> None:
    assert caught("BN103", SWITCHED + fused_cond("phase"), deploy=True).severity is Severity.ERROR


def test_evaluates_a_negation() -> None:
    text = "not = LogicalNot(phase)\n" + fused_cond("not")
    assert caught("BN103", SWITCHED + text).message.endswith("; feed true for inference")


def test_a_number_is_fed_as_one() -> None:
    text = "mode = Placeholder(dtype=int32)\nnone = Const(0)\nq = Equal(mode, none, T=int32)\n" + fused_cond(
        "q"
    )
    assert caught("BN103", STORED + text).message.endswith("the placeholder mode; feed 1 for inference")


def test_one_switch_of_many_layers_is_one_finding() -> None:
    (finding,) = of_fixture("BN103", "net_mixed.pb")
    assert "4 layers" in finding.message
    assert finding.layer is None


def test_says_what_a_default_serves() -> None:
    (finding,) = of_fixture("BN103", "default_false.pb")
    assert finding.message.endswith("; its default serves inference")


def test_catches_a_predicate_of_two_placeholders_once() -> None:
    (finding,) = of_fixture("BN103", "and_two.pb")
    assert finding.message.endswith("; computed from several: is_train:0, update_stats:0")


def test_says_that_no_value_serves_every_layer() -> None:
    text = fused_cond("phase") + fused_cond("phase", "z", "y", true_is="inference")
    finding = caught("BN103", SWITCHED + text)
    assert finding.message.endswith("; no one value serves inference in all of them")


def test_does_not_catch_a_default_that_trains() -> None:
    """That is BN104."""
    assert not of_fixture("BN103", "default_true.pb")


def test_does_not_catch_a_constant() -> None:
    for value in ("true", "false"):
        assert not found("BN103", STORED + f"phase = Const({value})\n" + fused_cond("phase"))


def test_does_not_catch_a_fixed_mode() -> None:
    assert not found("BN103", SWITCHED + fused())


def test_strip_is_the_remedy_else_the_author() -> None:
    """What stands beside the layer could not be decided, and strip refuses the model."""
    text = SWITCHED + fused_cond("phase")
    model = FIXTURES / "default_false.pb"
    (finding,) = of_fixture("BN103", model.name)
    assert finding.remedy == f"bninspect strip {model} -o {model.with_suffix('.serving.pb')}"
    assert caught("BN103", text + UNDECIDED).remedy == BUILD_ANEW
