"""`bninspect diff`: every kind of file beside every other, exit codes, the document, and what it allows."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.cli import run as run_command
from bninspect.graphdef.schema import message_class
from bninspect.models.checkpoint.checkpoint import Checkpoint
from bninspect.models.restore import load
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

TRAINING = FIXTURES / "training"
CHANGE = {"nodes", "moved", "values", "relative_l2", "max_abs", "reason"}


@pytest.fixture
def run(command_line: Run, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `diff`."""

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()  # what was said before
        return command_line("diff", *arguments)

    return call


def told(run: Run, *arguments: object) -> Any:
    """The document."""
    _, out, err = run(*arguments, "--format", "json")
    assert not err
    return json.loads(out)


def ckpt(case: str, step: int) -> Path:
    return TRAINING / case / f"model.ckpt-{step}"


def frozen(case: str, step: int, folder: Path, edit: Callable[[Any], None] | None = None) -> Path:
    """The layer of a fixture with the values of its checkpoint, frozen for inference."""
    path = folder / f"{case}-{step}.pb"
    layer = ["--output", "bn/FusedBatchNormV3:0", "--no-verify"]
    assert run_command(["strip", f"{ckpt(case, step)}.meta", "-o", str(path), *layer]) == 0
    if edit is not None:
        message = message_class("GraphDef").FromString(path.read_bytes())
        edit(message)
        path.write_bytes(message.SerializeToString(deterministic=True))
    return path


@pytest.mark.parametrize(
    ("case", "code"),
    [("wired_14", 0), ("wired_115", 0), ("unwired_14", 1), ("unwired_115", 1), ("inference_115", 0)],
)
def test_the_exit_code_is_that_of_the_findings(run: Run, case: str, code: int) -> None:
    for form in ("table", "json"):
        assert run(ckpt(case, 0), ckpt(case, 20), "--format", form)[0] == code
    assert run(ckpt(case, 0), ckpt(case, 20), "--exit-zero")[0] == 0
    assert run(ckpt(case, 0), ckpt(case, 20), "--fail-on", "note")[0] == code


def test_the_document(run: Run) -> None:
    document = told(run, ckpt("unwired_115", 0), ckpt("unwired_115", 20))
    assert document["schema_version"] == 1
    assert (document["old"]["step"], document["new"]["step"]) == (0, 20)
    assert document["new"]["path"] == str(ckpt("unwired_115", 20))
    (layer,) = document["layers"]
    assert (layer["name"], layer["matched"], layer["trains"]) == ("bn", "name", "batch")
    assert layer["verdict"] == "weights moved, statistics did not"
    for part in ("weights", "gamma", "beta"):
        assert set(layer[part]) == CHANGE
        assert layer[part]["moved"] is True
    assert layer["weights"]["nodes"] == ["conv/kernel"]
    old, new = (
        Checkpoint.open(str(ckpt("unwired_115", step)))["conv/kernel"].array().astype(float)
        for step in (0, 20)
    )
    expected = np.linalg.norm(new - old) / max(np.linalg.norm(old), np.linalg.norm(new))
    assert layer["weights"]["relative_l2"] == pytest.approx(expected, rel=1e-12)
    assert (layer["statistics"]["moved"], layer["statistics"]["w"]) == (False, 0.0)
    (finding,) = document["findings"]
    assert (finding["code"], finding["layer"], finding["severity"]) == ("BN501", "bn", "error")
    assert (document["unmatched"], document["skipped"]) == ([], [])


def test_old_and_new_swapped(run: Run) -> None:
    """The verdicts stay; the steps tell."""
    for case in ("wired_115", "unwired_115"):
        there, back = (told(run, ckpt(case, one), ckpt(case, 20 - one)) for one in (0, 20))
        one, other = there["layers"][0], back["layers"][0]
        assert one["verdict"] == other["verdict"]
        assert one["weights"]["relative_l2"] == pytest.approx(other["weights"]["relative_l2"], rel=1e-12)
    assert "are they swapped?" in run(ckpt("wired_115", 20), ckpt("wired_115", 0))[1]
    assert "are they swapped?" not in run(ckpt("wired_115", 0), ckpt("wired_115", 20))[1]


def test_the_same_file_twice(run: Run) -> None:
    for path in (ckpt("unwired_115", 20), FIXTURES / "slim_resnet.pb", FIXTURES / "saved_model_115"):
        document = told(run, path, path)
        assert {layer["verdict"] for layer in document["layers"]} == {"nothing moved"}
        assert document["findings"] == document["skipped"] == []


def test_frozen_against_frozen(run: Run, tmp_path: Path) -> None:
    for case, verdict in (("wired_115", "both moved"), ("unwired_115", "weights moved, statistics did not")):
        document = told(run, frozen(case, 0, tmp_path), frozen(case, 20, tmp_path))
        assert document["layers"][0]["verdict"] == verdict
        assert document["findings"] == []
        assert [one["code"] for one in document["skipped"]] == ["BN501"] * (case == "unwired_115")


def test_a_saved_model_against_another(run: Run, tmp_path: Path) -> None:
    """One value of gamma is another one in a copy; the file knows no mode of training."""
    source = FIXTURES / "saved_tfkeras"
    folder = shutil.copytree(source, tmp_path / "copy")
    (layer,) = told(run, source, source)["layers"]
    (node,) = layer["gamma"]["nodes"]
    gamma = load(str(source)).node(node).stored
    assert gamma is not None
    data = folder / "variables" / "variables.data-00000-of-00001"
    held, values = data.read_bytes(), gamma.array().astype("<f4")
    assert held.count(values.tobytes()) == 1
    data.write_bytes(
        held.replace(values.tobytes(), np.append(values[:-1], values[-1] + 1).astype("<f4").tobytes())
    )
    document = told(run, source, folder)
    (layer,) = document["layers"]
    assert (layer["gamma"]["moved"], layer["beta"]["moved"], layer["statistics"]["moved"]) == (
        True,
        False,
        False,
    )
    assert layer["gamma"]["max_abs"] == pytest.approx(1.0, rel=1e-6)
    assert (layer["verdict"], layer["trains"]) == ("weights moved, statistics did not", "unknown")


@pytest.mark.parametrize("turned", [False, True], ids=["checkpoint first", "frozen first"])
def test_frozen_against_checkpoint(run: Run, tmp_path: Path, turned: bool) -> None:
    pair = [ckpt("unwired_115", 0), frozen("unwired_115", 20, tmp_path)]
    (finding,) = told(run, *(pair[::-1] if turned else pair))["findings"]
    assert finding["code"] == "BN501"


def test_statistics_of_nan(run: Run, tmp_path: Path) -> None:
    def poison(message: Any) -> None:
        (node,) = [node for node in message.node if node.name == "bn/moving_mean"]
        node.attr["value"].tensor.tensor_content = np.array([np.nan, 1.0], "<f4").tobytes()

    document = told(run, ckpt("wired_115", 0), frozen("wired_115", 20, tmp_path, poison))
    statistics = document["layers"][0]["statistics"]
    assert (statistics["moved"], statistics["undefined"]) == (True, 1)
    assert statistics["max_abs"]["mean"] is None
    assert statistics["worst"]["channel"] == 1
    poisoned = tmp_path / "wired_115-20.pb"
    assert told(run, poisoned, poisoned)["layers"][0]["verdict"] == "nothing moved"
    assert run(poisoned, poisoned)[0] == 0


def without_meta(case: str, step: int, folder: Path) -> Path:
    """A copy of a checkpoint, its graph left behind."""
    for path in (TRAINING / case).glob(f"model.ckpt-{step}.*"):
        if path.suffix != ".meta":
            shutil.copy(path, folder)
    return folder / f"model.ckpt-{step}"


@pytest.mark.parametrize("step", [0, 20])
def test_one_graph_serves_both_checkpoints(run: Run, tmp_path: Path, step: int) -> None:
    whole = told(run, ckpt("unwired_14", 0), ckpt("unwired_14", 20))
    paths: list[object] = [ckpt("unwired_14", 0), ckpt("unwired_14", 20)]
    paths[step > 0] = without_meta("unwired_14", step, tmp_path)
    document = told(run, *paths)
    assert document["layers"] == whole["layers"]
    assert document["old" if step == 0 else "new"]["path"] == str(tmp_path / f"model.ckpt-{step}")
    owner = "NEW" if step == 0 else "OLD"
    words = " ".join(run(*paths)[1].split())  # the path may be longer than a line
    assert f"(checkpoint, with the graph of {owner}, step {step})" in words


def test_the_remedy_can_be_run_for_a_checkpoint_without_its_graph(run: Run, tmp_path: Path) -> None:
    bare = without_meta("unwired_115", 20, tmp_path)
    first = f"cp {ckpt('unwired_115', 0)}.meta {bare}.meta && "
    (finding,) = told(run, ckpt("unwired_115", 0), bare)["findings"]
    fix = finding["remedy"]
    assert fix.startswith(f"{first}bninspect refresh {bare} ")
    assert fix.endswith(f" -o {bare}-refreshed.pb")
    shutil.copy(f"{ckpt('unwired_115', 0)}.meta", f"{bare}.meta")
    (finding,) = told(run, ckpt("unwired_115", 0), bare)["findings"]
    assert first + finding["remedy"] == fix


def test_two_checkpoints_without_a_graph(run: Run, tmp_path: Path) -> None:
    paths = [without_meta("unwired_14", step, tmp_path) for step in (0, 20)]
    code, out, err = run(*paths)
    assert (code, out) == (2, "")
    assert err.startswith(f"bninspect: {paths[0]}: a checkpoint without its graph")
    assert err.count("\n") == 1


def test_a_frozen_graph_cannot_take_a_checkpoint(run: Run, tmp_path: Path) -> None:
    """Its constants would pass for the values of the checkpoint."""
    code, out, err = run(FIXTURES / "classic.pb", without_meta("unwired_14", 20, tmp_path))
    assert (code, out) == (2, "")
    assert "holds its weights as constants; name the .meta file of the graph" in err
    assert err.count("\n") == 1


def test_a_checkpoint_of_another_model(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(ckpt("ewma_called_115", 0), without_meta("wired_115", 20, tmp_path))
    assert code == 0
    assert "statistics not read" in out


def test_what_cannot_be_compared_is_one_line_and_2(run: Run, tmp_path: Path) -> None:
    for pair in (
        (FIXTURES / "image.jpg", FIXTURES / "classic.pb"),
        (FIXTURES / "classic.pb", tmp_path / "absent.pb"),
        (FIXTURES / "classic.pb", FIXTURES / "folded.pb"),
        (FIXTURES / "classic.pb", FIXTURES / "slim_resnet.pb"),
        (FIXTURES / "train.meta", FIXTURES / "train_unwired.meta"),  # no checkpoint beside them
    ):
        code, out, err = run(*pair)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert err.startswith("bninspect: ")
    _, _, err = run(FIXTURES / "classic.pb", tmp_path / "absent.pb", "--traceback")
    assert err.startswith("Traceback (most recent call last):")


def test_an_allowance_counts(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(TRAINING / "unwired_115", tmp_path / "run")
    allow = '[{code = "BN501", layer = "*", reason = "a test of throughput"}]'
    (tmp_path / "bninspect.toml").write_text(
        f'[[models]]\npath = "run/*"\nallow = {allow}\n', encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("run/model.ckpt-0", "run/model.ckpt-20")
    assert code == 0
    assert "allowed: BN501 at bn (a test of throughput)" in out
