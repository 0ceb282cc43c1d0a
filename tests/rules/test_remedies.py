"""Which command is offered as a fix, and that none is where it would refuse (`tests/fixes` runs them)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm import Mode, Report, inspect
from bninspect.converters.forecast import forecast
from bninspect.graph import flatten
from bninspect.graphdef import read
from bninspect.inputs.request import Request
from bninspect.models.restore import load
from bninspect.rewrite.strip import Stripped, strip
from bninspect.rules import Case, remedies
from bninspect.rules.conversion import for_converters
from bninspect.rules.remedies import (
    BUILD_ANEW,
    data,
    inputs_wanted,
    layers_in_loops,
    obstacle,
    probe_command,
    refresh_command,
    strip_command,
    to_inference,
)
from tests.support.catching import fused
from tests.support.parts import EMPTY, PHASE, STORED, fused_cond, report
from tests.support.places import FIXTURES
from tests.support.probing import fit
from tests.support.text import graph


def _case(name: str, request: Request | None = None, outputs: tuple[str, ...] = ()) -> Case:
    return Case(report=inspect(load(str(FIXTURES / name)), outputs=outputs), request=request)


def test_what_the_model_has_to_be_fed_is_named() -> None:
    case = _case("cases/assign_beside_training.pb")
    model = FIXTURES / "cases" / "assign_beside_training"
    assert strip_command(case) is None
    assert refresh_command(case) == (
        f"bninspect refresh {model}.pb --feed z=@z.npy --feed labels=@labels.npy --strip "
        f"-o {model}.serving.pb"
    )


def test_nothing_is_offered_for_what_could_not_be_decided() -> None:
    case = _case("cases/always_blend_div.pb")
    assert "could not be decided" in (obstacle(case.report) or "")
    assert strip_command(case) is strip_command(case, Mode.TRAINING) is refresh_command(case) is None


def test_nothing_is_offered_for_a_gradient_that_stays_of_training_mode() -> None:
    text = (
        STORED
        + fused(training=True)
        + "back = FusedBatchNormGradV3(y, x, gamma, y:3, y:4, y:5, is_training=true)\ntop = Add(back, y)\n"
    )
    case = Case(report=inspect(graph(text), outputs=("top",)))
    assert to_inference(case) == BUILD_ANEW
    assert strip_command(Case(report=report(STORED + fused(training=True))))


def test_refresh_is_not_offered_where_an_op_would_not_be_run() -> None:
    layer = fused(training=True).replace("mean, variance", "none, none").replace("(x,", "(read,")
    case = Case(report=report(STORED + EMPTY + "read = PyFunc(x, T=float)\n" + layer))
    assert refresh_command(case, strip=True) is None
    assert to_inference(case) == BUILD_ANEW
    assert "--allow-op PyFunc" in (refresh_command(replace(case, allowed_ops=("PyFunc",)), strip=True) or "")


def test_what_the_predicate_is_computed_of_is_not_fed() -> None:
    """It is set itself: `probe` refuses a value for what no longer has a say."""
    text = (
        STORED
        + "share = Placeholder(dtype=float, shape=[])\nhalf = Const(0.5)\nphase = Greater(share, half)\n"
    )
    found = report(text + fused_cond("phase", "bn") + "top = Relu(bn)\n")
    assert [layer.mode for layer in found.layers] == [Mode.SWITCHED]
    assert inputs_wanted(found) == "--image DIR"


def test_what_lets_a_layer_run_at_all_is_fed() -> None:
    """A head that runs while it is trained: fed for inference it would have no value."""
    text = STORED + PHASE + "in_training = Switch(x, phase)\n" + fused(x="in_training:1", training=True)
    (layer,) = report(text + "top = Relu(y)\n").layers
    assert [(source.name, value) for source, value in layer.runs_when] == [("phase:0", True)]
    assert "--feed phase=true" in inputs_wanted(report(text + "top = Relu(y)\n"))


def test_outputs_that_the_file_does_not_tell_are_named() -> None:
    case = _case("net_mixed.pb")
    command = strip_command(case)
    assert command is not None
    assert ("--output" in command) == (len(case.report.outputs) > 1)


def test_outputs_that_were_chosen_are_named_again() -> None:
    case = _case("classic_net.pb", outputs=("bn/cond/Merge",))
    assert "--output bn/cond/Merge " in (strip_command(case) or "")
    assert "--output bn/cond/Merge " in (refresh_command(case) or "")


def test_refresh_is_not_advised_for_layers_in_a_loop() -> None:
    case = _case("cases/rnn_training.pb")
    assert layers_in_loops(case.report)
    assert refresh_command(case) is None
    assert not layers_in_loops(_case("classic.pb").report)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (None, " --image DIR"),
        (Request(random=4), " --image DIR"),
        (Request(images=("a b.jpg",), preprocess="tf"), " --image 'a b.jpg' --preprocess tf"),
        (Request(images=("p/",), size=(8, 9), resize="pad"), " --image p/ --size 8x9 --resize pad"),
        (Request(images=tuple(f"{number}.png" for number in range(9))), " --image DIR"),
        (Request(images=("p",), feeds=("k=@k.npy",)), " --image p --feed k=@k.npy"),
        (Request(random=4, feeds=("k=@k.npy",)), " --image DIR --feed k=@k.npy"),
        (Request(images=tuple("abcdefgh")), " --image " + " --image ".join("abcdefgh")),
        (Request(data=("a.npz", "b.csv"), batch_size=4), " --data a.npz --data b.csv --batch-size 4"),
        (Request(images=("p",), channels="bgr", input="image"), " --image p --input image --channels bgr"),
    ],
)  # fmt: skip
def test_a_model_that_was_run_is_run_with_the_same(request_: Request | None, words: str) -> None:
    assert data(_case("classic_net.pb", request_)) == words


def test_strip_is_tried_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    case = _case("net_mixed.pb")
    tried: list[Mode] = []

    def counted(report: Report, mode: Mode) -> Stripped:
        tried.append(mode)
        return strip(report, mode)

    monkeypatch.setattr(remedies, "strip", counted)
    assert for_converters(case.report, forecast(case.report))[1]
    assert obstacle(case.report) is None
    assert strip_command(case) is not None
    assert tried == [Mode.INFERENCE]


def test_ops_that_were_let_through_are_let_through_again() -> None:
    case = replace(_case("classic_net.pb", Request(images=("p",))), allowed_ops=("Foreign",))
    assert data(case) == " --image p --allow-op Foreign"
    assert data(replace(case, request=None)) == " --image DIR --allow-op Foreign"


def test_a_model_is_measured_again_under_another_preset() -> None:
    case = _case("classic_net.pb", Request(images=("p",), preprocess="tf", channels="bgr"))
    model = FIXTURES / "classic_net.pb"
    assert probe_command(case) == f"bninspect probe {model} --image p --preprocess tf --channels bgr"
    preset = fit("caffe", 0.1)
    assert probe_command(case, preset) == f"bninspect probe {model} --image p --preprocess caffe"


def test_a_few_layers_are_named_and_all_are_not() -> None:
    case = _case("two_switches.pb")
    model = FIXTURES / "two_switches"
    end = f" --image DIR -o {model}.refreshed.pb"
    assert refresh_command(case) == f"bninspect refresh {model}.pb{end}"
    assert refresh_command(case, ["bn_a"]) == f"bninspect refresh {model}.pb --layer bn_a{end}"
    assert refresh_command(case, ["bn_a", "bn_b"]) == f"bninspect refresh {model}.pb{end}"
    stripped = refresh_command(case, ["bn_a"], strip=True)
    assert stripped == f"bninspect refresh {model}.pb --image DIR --strip -o {model}.serving.pb"


@pytest.mark.parametrize(
    ("name", "mode", "command"),
    [
        ("classic.pb", Mode.INFERENCE, "bninspect strip {}.pb -o {}.serving.pb"),
        ("classic.pb", Mode.TRAINING, "bninspect strip {}.pb --mode training -o {}.training.pb"),
    ],
)
def test_strip_to_a_mode(name: str, mode: Mode, command: str) -> None:
    model = FIXTURES / name.removesuffix(".pb")
    assert strip_command(_case(name), mode) == command.format(model, model)


def test_what_brings_a_model_to_inference() -> None:
    """Strip; or statistics from data; or its author."""
    assert to_inference(_case("classic.pb")).startswith("bninspect strip ")
    assert to_inference(_case("fixed_training_fused_2.pb")).startswith("bninspect ")
    assert " --strip " in to_inference(_case("formula_training.pb"))
    assert to_inference(_case("cases/rnn_training.pb")) == BUILD_ANEW
    weightless = _case("train.meta")
    assert to_inference(weightless) == strip_command(weightless) == refresh_command(weightless)


@pytest.mark.parametrize(
    ("path", "model", "target"),
    [
        ("-", "MODEL", "refreshed.pb"),
        ("net.pb", "net.pb", "net.refreshed.pb"),
        ("-net.pb", "./-net.pb", "./-net.refreshed.pb"),
        ("a b/net.pbtxt", "'a b/net.pbtxt'", "'a b/net.refreshed.pb'"),
        ("saved/saved_model.pb", "saved/saved_model.pb", "saved.refreshed.pb"),
        ("net.v2", "net.v2", "net.v2.refreshed.pb"),
        ("nets/.meta", "nets/.meta", "nets.refreshed.pb"),
        (".meta", ".meta", "refreshed.pb"),
    ],
)
def test_the_new_file_stands_beside_the_model(path: str, model: str, target: str) -> None:
    graphdef = replace(read(str(FIXTURES / "classic.pb")), path=path)
    case = Case(report=inspect(flatten(graphdef)))
    assert refresh_command(case) == f"bninspect refresh {model} --image DIR -o {target}"
