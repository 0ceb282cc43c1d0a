"""`inspect`, `check`, `diff` and `forecast` from Python: what the commands say, as objects."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import asdict
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bninspect
from bninspect import cli
from bninspect.api.shown import Shown
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSIC = FIXTURES / "classic.pb"
MIXED = FIXTURES / "net_mixed.pb"
OLD, NEW = (FIXTURES / "training" / "wired_14" / f"model.ckpt-{step}" for step in (0, 20))
REPORTS: dict[str, tuple[Callable[[], Shown], list[str]]] = {
    "inspect": (lambda: bninspect.inspect(MIXED), ["graph", str(MIXED)]),
    "check": (lambda: bninspect.check(MIXED, deploy=True), ["check", str(MIXED), "--deploy"]),
    "diff": (lambda: bninspect.diff(OLD, NEW), ["diff", str(OLD), str(NEW)]),
    "forecast": (lambda: bninspect.forecast(MIXED), ["forecast", str(MIXED)]),
}
every_report = pytest.mark.parametrize("name", sorted(REPORTS))


@every_report
def test_to_dict_is_what_json_says(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    report, arguments = REPORTS[name]
    cli.run([*arguments, "--format", "json"])
    assert report().to_dict() == json.loads(capsys.readouterr().out)


@every_report
def test_to_dict_gives_a_copy(name: str) -> None:
    report = REPORTS[name][0]()
    report.to_dict().clear()
    report.to_dict()[report.ROWS].clear()
    assert report.to_dict()[report.ROWS]


@every_report
def test_a_report_is_pickled_and_copied(name: str) -> None:
    report = REPORTS[name][0]()
    for other in (pickle.loads(pickle.dumps(report)), copy.deepcopy(report), copy.copy(report)):
        assert other.to_dict() == report.to_dict()
        assert repr(other) == repr(report)
    assert asdict(report)["verdict"] == report.verdict


@every_report
def test_repr_is_the_verdict(name: str) -> None:
    report = REPORTS[name][0]()
    assert repr(report) == f"<{type(report).__name__}: {report.verdict}>"
    assert "\n" not in report.verdict


@every_report
def test_a_notebook_shows_the_verdict_and_a_table(name: str) -> None:
    report = REPORTS[name][0]()
    html = report._repr_html_().replace(report.pictures or "no pictures", "")
    rows = report.to_dict()[report.ROWS]
    assert html.startswith("<p><strong>")
    assert html.count("<tr>") == 1 + len(rows)
    assert all(f"<th>{column}</th>" in html for column in report.COLUMNS)


@every_report
def test_a_notebook_shows_pictures_in_a_frame(name: str) -> None:
    report = REPORTS[name][0]()
    assert report.pictures in report._repr_html_()
    if report.pictures:
        assert report.pictures.startswith('<iframe title="pictures" sandbox="" ')
        whole = unescape(report.pictures.partition('srcdoc="')[2].removesuffix('"></iframe>'))
        assert whole.startswith("<!doctype html>")
        assert "<script" not in whole
        assert 'class="map' in whole
    else:
        assert name in ("check", "forecast", "strip")


@every_report
def test_to_frame_has_a_row_for_each(name: str) -> None:
    pytest.importorskip("pandas", reason="makes a table of pandas")
    report = REPORTS[name][0]()
    table = report.to_frame()
    assert len(table) == len(report.to_dict()[report.ROWS])
    assert set(report.COLUMNS) <= set(table.columns) | {"statistics.worst.channel"}


def test_to_frame_without_pandas_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(bninspect.PackageError, match="pip install pandas") as caught:
        bninspect.inspect(CLASSIC).to_frame()
    assert isinstance(caught.value, ImportError)


@pytest.mark.parametrize("model", [CLASSIC, str(CLASSIC), "graph"], ids=["Path", "str", "graph"])
def test_a_model_is_a_path_or_a_graph(model: Any) -> None:
    model = bninspect.load(CLASSIC) if model == "graph" else model
    assert bninspect.load(model).graphdef.path == str(CLASSIC)
    assert bninspect.inspect(model).path == str(CLASSIC)
    assert bninspect.check(model).to_dict() == bninspect.check(str(CLASSIC)).to_dict()


def test_checkpoints_are_compared_as_graphs_too() -> None:
    pair = bninspect.load(OLD), bninspect.load(NEW)
    assert bninspect.diff(*pair).to_dict() == bninspect.diff(OLD, NEW).to_dict()


def test_a_layer_is_taken_by_name_or_by_position() -> None:
    layers = bninspect.inspect(MIXED).layers
    assert [layers[layer.name] for layer in layers] == list(layers)
    assert layers[-1] is layers[len(layers) - 1]
    assert layers[:1].names == layers.names[:1]
    with pytest.raises(bninspect.SelectionError, match=r"^no layer is called 'x'; the closest: "):
        layers["x"]
    with pytest.raises(LookupError):
        layers["x"]
    with pytest.raises(IndexError):
        layers[len(layers)]


def test_a_copied_layer_keeps_its_names_and_its_numbers() -> None:
    layer = bninspect.inspect(CLASSIC).layers[0]
    other = pickle.loads(pickle.dumps(layer))
    assert (other.x.name, other.output.name, other.mode) == (layer.x.name, layer.output.name, layer.mode)
    held, copied = layer.statistics.values, other.statistics.values
    assert held is not None
    for before, after in zip(held.numbers(), copied.numbers(), strict=True):
        assert before.tolist() == after.tolist()
    assert other.x.node.inputs == ()


def test_a_graph_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="keep the path, and load it again"):
        pickle.dumps(bninspect.load(CLASSIC))


def test_a_check_gives_its_findings() -> None:
    judged = bninspect.check(CLASSIC, deploy=True)
    assert judged.failed
    assert judged.exit_code == 1
    assert judged.verdict.startswith(f"{CLASSIC}: ")
    assert [finding.code for finding in judged] == [one["code"] for one in judged.to_dict()["findings"]]
    assert not bninspect.check(CLASSIC, select="BN101").failed
    assert bninspect.check(CLASSIC, fail_on="warning").failed


def test_several_models_and_a_folder(tmp_path: Path) -> None:
    for name in ("a.pb", "b.pb"):
        (tmp_path / name).write_bytes(CLASSIC.read_bytes())
    (tmp_path / "c.pb").write_bytes(b"no model")
    judged = bninspect.check(tmp_path)
    assert [Path(model.path).name for model in judged.models] == ["a.pb", "b.pb", "c.pb"]
    assert judged.models[2].error is not None
    assert judged.exit_code == 2
    assert judged.verdict.startswith("3 models: ")
    assert len(bninspect.check([tmp_path / "a.pb", str(tmp_path / "b.pb")]).models) == 2


def test_one_model_that_cannot_be_read_raises(tmp_path: Path) -> None:
    with pytest.raises(bninspect.BninspectError, match="No such file"):
        bninspect.check(tmp_path / "absent.pb")


def test_a_baseline_is_known(tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    cli.run(["check", str(CLASSIC), "--deploy", "--baseline", str(known), "--update-baseline"])
    judged = bninspect.check(CLASSIC, deploy=True, baseline=known)
    assert not judged.failed
    assert list(judged) == []
    assert all(one.known for one in judged.found)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: bninspect.check(CLASSIC, fail_on="err"), "did you mean 'error'?"),  # type: ignore[arg-type]
        (lambda: bninspect.check(CLASSIC, momentum=2), "more than 0 and less than 1 is wanted"),
        (lambda: bninspect.check(CLASSIC, deploy="yes"), "True or False is wanted"),  # type: ignore[arg-type]
        (lambda: bninspect.check(CLASSIC, jobs=0), "at least 1 is wanted"),
        (lambda: bninspect.check(CLASSIC, preprocess="tff"), "did you mean 'tf'?"),  # type: ignore[arg-type]
        (lambda: bninspect.check(CLASSIC, preproces="tf"), "did you mean preprocess?"),  # type: ignore[call-arg]
        (lambda: bninspect.forecast(CLASSIC, converters="openvinno"), "did you mean openvino?"),
        (lambda: bninspect.diff(OLD, NEW, fail_on="all"), "one of error, warning, note is wanted"),  # type: ignore[arg-type]
        (
            lambda: bninspect.inspect(CLASSIC, outputs="output", signature="serving_default"),
            "give one of them",
        ),
    ],
)
def test_a_wrong_option_raises_before_anything_is_read(call: Callable[[], object], told: str) -> None:
    with pytest.raises(bninspect.OptionError) as caught:
        call()
    assert told in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_forecast_says_what_each_converter_serves() -> None:
    told = bninspect.forecast(FIXTURES / "default_true.pb", converters=["openvino", "coreml"])
    assert [one.converter.title for one in told] == ["OpenVINO", "Core ML"]
    [openvino, coreml] = told.converters
    assert (openvino.serves, coreml.serves) == (bninspect.Serves.TRAINING, bninspect.Serves.REFUSES)
    assert [layer.name for layer in openvino.changed[0].layers] == ["bn"]
    assert told.fix is not None
    assert {one.serves for one in told.stripped} == {bninspect.Serves.INFERENCE}
    assert (len(told.trials), len(told.untried)) == (0, 0)


def test_a_code_that_is_none_raises() -> None:
    with pytest.raises(bninspect.SelectionError, match="no rule is called"):
        bninspect.check(CLASSIC, select="BN999")
    with pytest.raises(bninspect.SelectionError, match="leaves no rule"):
        bninspect.check(CLASSIC, select="BN101", ignore="BN1")
