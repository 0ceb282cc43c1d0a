"""Of a model with several signatures each is looked at, and which of them serves which mode is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.cli import run
from bninspect.errors import SelectionError
from bninspect.graph import flatten
from bninspect.graphdef.records import SignatureDef
from bninspect.models.restore import load
from bninspect.render.graph.notes import signature_lines
from bninspect.render.json import graph_document
from bninspect.rewrite.freeze import frozen
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from bninspect.batchnorm import Report

BOTH = FIXTURES / "cases" / "two_signatures"
NONE = FIXTURES / "cases" / "no_batch_norm"


def of_both(*, signature: str | None = None, outputs: tuple[str, ...] = ()) -> Report:
    return inspect(load(str(BOTH)), outputs=outputs, signature=signature)


def test_the_serving_signature_is_the_model_and_the_other_is_named() -> None:
    report = of_both()
    assert [layer.mode for layer in report.layers] == [Mode.INFERENCE] * 2
    assert [(one.key, [layer.mode for layer in one.layers]) for one in report.signatures] == [
        ("serving_default", [Mode.INFERENCE] * 2),
        ("train", [Mode.TRAINING] * 2),
    ]
    assert "".join(line.text.strip() + "\n" for line in signature_lines(report, 9)) == (
        "by signature:\nserving_default runs 2 in inference mode\ntrain runs 2 in training mode\n"
    )
    assert graph_document(report, report.layers)["signatures"][1]["modes"] == {"training": 2}


def test_what_another_signature_reaches_is_not_left_out() -> None:
    assert not [skip.what for skip in of_both().skipped if "beside the outputs" in skip.what]


def test_a_signature_by_its_name_and_by_its_call() -> None:
    """The call was written out, and is no node any more; its name is in every listing of the file."""
    for report in (of_both(signature="train"), of_both(outputs=("StatefulPartitionedCall_1",))):
        assert [layer.mode for layer in report.layers] == [Mode.TRAINING] * 2


def test_a_name_that_is_none() -> None:
    with pytest.raises(SelectionError, match=r"no signature 'predict'; it has serving_default, train$"):
        of_both(signature="predict")
    with pytest.raises(SelectionError, match=r"'StatefulPartitionedCall_1' has no output 7"):
        of_both(outputs=("StatefulPartitionedCall_1:7",))
    with pytest.raises(SelectionError, match="it has none"):
        inspect(load(str(FIXTURES / "classic.pb")), signature="train")


def test_signatures_of_the_same_layers_are_no_news() -> None:
    """As an Estimator exports them: several keys, one network."""
    record = load(str(BOTH)).graphdef
    first = next(one for one in record.signatures if one.key == "serving_default")
    again = SignatureDef(key="predict", inputs=first.inputs, outputs=first.outputs)
    report = inspect(flatten(replace(record, signatures=(first, again))))
    assert [one.key for one in report.signatures] == ["serving_default", "predict"]
    assert not list(signature_lines(report, 9))


def test_one_signature_is_the_model() -> None:
    assert inspect(load(str(FIXTURES / "saved_tfkeras"))).signatures == ()


def test_output_and_signature_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", str(BOTH), "--output", "x", "--signature", "train"]) == 2
    assert "--output and --signature" in capsys.readouterr().err


def test_a_model_without_batch_norm_has_outputs_all_the_same() -> None:
    """Its call stays one node in `graph`, and is written out to be frozen."""
    report = frozen(inspect(load(str(NONE))))
    assert [tensor.node.op for tensor in report.outputs] == ["Identity"]


@pytest.mark.tensorflow
def test_a_model_without_batch_norm_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    assert run(["check", str(NONE), "--random", "2"]) == 0
    assert "without batch norm (1 note)" in capsys.readouterr().out
