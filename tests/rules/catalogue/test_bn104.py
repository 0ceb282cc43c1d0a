"""BN104 defaults-to-training."""

from __future__ import annotations

from bninspect.rules.remedies import BUILD_ANEW
from tests.support.catching import caught, found, of_fixture
from tests.support.parts import PHASE, STORED, UNDECIDED, fused_cond
from tests.support.places import FIXTURES


def default(value: str) -> str:
    """A placeholder with this default."""
    return f"given = Const({value})\nphase = PlaceholderWithDefault(given, dtype=bool, shape=[])\n"


def test_catches_true() -> None:
    finding = caught("BN104", STORED + default("true") + fused_cond("phase"))
    assert (finding.node, finding.layer) == ("phase", "y")
    assert finding.message == "1 layer trains unless phase:0 is fed: its default is true"


def test_catches_false_behind_a_negation() -> None:
    text = default("false") + "not = LogicalNot(phase)\n" + fused_cond("not")
    assert "phase:0 is fed: its default is false" in caught("BN104", STORED + text).message


def test_one_switch_of_many_layers_is_one_finding() -> None:
    text = default("true") + fused_cond("phase") + fused_cond("phase", "z", "y")
    finding = caught("BN104", STORED + text)
    assert finding.layer is None
    assert finding.message == "all 2 layers train unless phase:0 is fed: its default is true"


def test_names_the_layers_where_others_do_not_train() -> None:
    text = default("true") + fused_cond("phase") + fused_cond("phase", "z", "y", true_is="inference")
    finding = caught("BN104", STORED + text)
    assert (finding.layer, finding.node) == ("y", "phase")
    assert finding.message == "1 of 2 layers (y) trains unless phase:0 is fed: its default is true"


def test_does_not_catch_false() -> None:
    assert not found("BN104", STORED + default("false") + fused_cond("phase"))


def test_does_not_catch_true_behind_a_negation() -> None:
    text = default("true") + "not = LogicalNot(phase)\n" + fused_cond("not")
    assert not found("BN104", STORED + text)


def test_does_not_catch_a_placeholder_that_must_be_fed() -> None:
    assert not found("BN104", STORED + PHASE + fused_cond("phase"))


def test_does_not_catch_a_constant() -> None:
    assert not found("BN104", STORED + "phase = Const(true)\n" + fused_cond("phase"))


def test_does_not_catch_the_learning_phase_of_keras() -> None:
    assert not of_fixture("BN104", "keras225_net.pb")


def test_strip_is_the_remedy_else_the_author() -> None:
    text = STORED + default("true") + fused_cond("phase")
    model = FIXTURES / "default_true.pb"
    (finding,) = of_fixture("BN104", model.name)
    assert finding.remedy == f"bninspect strip {model} -o {model.with_suffix('.serving.pb')}"
    assert caught("BN104", text + UNDECIDED).remedy == BUILD_ANEW
