"""`bninspect strip`: what it refuses, what it says, and the same from Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.errors import InputError, RewriteError, SelectionError
from bninspect.graph import load
from bninspect.graph.ops import VARIABLES
from bninspect.inputs.request import Request
from bninspect.render.strip.text import summary
from tests.support.drawing import drawn
from tests.support.messages import written
from tests.support.places import FIXTURES, ROOT
from tests.support.stripping import CLASSIC, Run, refused, strip
from tests.support.text import graphdef
from tests.test_architecture import WITHOUT_TENSORFLOW

if TYPE_CHECKING:
    from collections.abc import Callable

SCOPE = "a_scope_of_which_the_name_is_long/and_a_second_one_in_it"


def test_as_a_filter(whole: bytes) -> None:
    """The model on standard output alone; what there is to say on standard error."""
    ended = subprocess.run(
        [sys.executable, "-m", "bninspect", "strip", "-", "-o", "-", "--no-verify"],
        cwd=ROOT,
        input=Path(CLASSIC).read_bytes(),
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, whole)
    assert ended.stderr.startswith(b"standard output: written, ")


def test_no_model_on_a_screen(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    refused(run(CLASSIC, "-o", "-"), "which is a terminal: name a file")


def test_ambiguous_outputs_are_listed(run: Callable[..., Run], tmp_path: Path) -> None:
    model, target = str(FIXTURES / "lookalikes.pb"), str(tmp_path / "out.pb")
    listed = "--output gn/strided_slice_3 --output gn/strided_slice_8 --output Identity"
    words = f"3 tensors may be its outputs; name those to keep, out of {listed}"
    refused(run(model, "-o", target, "--no-verify"), words)
    code, out, _ = run(model, "-o", target, "--no-verify", "--output", "Identity")
    assert code == 0
    assert "\n  output: Identity:0\n" in out
    code, out, _ = run(
        model, "-o", target, "--no-verify", "--output", "Identity", "--output", "gn/strided_slice_3"
    )
    assert "\n  outputs: Identity:0, gn/strided_slice_3:0\n" in out


def test_refusals_name_the_layers(run: Callable[..., Run], tmp_path: Path) -> None:
    target = str(tmp_path / "out.pb")
    refused(
        run(str(FIXTURES / "mixed_modes.pb"), "-o", target, "--no-verify"),
        "bn2 cannot run in inference mode: its stored statistics are not in the file",
    )
    refused(run(str(FIXTURES / "folded.pb"), "-o", target, "--no-verify"), "no batch norm to strip")
    lost = "what bn2/case/cond is could not be decided: If calls function 'bn2_case_cond_false_frozen_6871'"
    refused(run(str(FIXTURES / "cases" / "library_lost.pb"), "-o", target, "--no-verify"), lost)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--no-verify", "--random", "2"], "--no-verify runs nothing"),
        (["--no-verify", "--require-verified"], "--no-verify compares nothing"),
        (["--feed", "training=true"], "--feed training:0: it decides the mode"),
        (["--feed", "nope=1"], "no node is named 'nope'"),
        (["--image", "none.jpg"], "image none.jpg does not exist"),
        (["--input", "image"], "no image for it"),
    ],
)
@pytest.mark.tensorflow
def test_what_does_not_fit_is_said_and_nothing_written(
    asked: list[str], words: str, run: Callable[..., Run], tmp_path: Path
) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    refused(run(CLASSIC, "-o", str(tmp_path / "out.pb"), *asked), words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tensorflow
def test_compared_on_what_the_user_gives(run: Callable[..., Run], tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    for asked in (["--image", str(FIXTURES / "image.jpg")], ["--random", "3", "--batch-size", "2"]):
        code, out, _ = run(CLASSIC, "-o", str(tmp_path / "out.pb"), *asked)
        assert code == 0
        assert (
            ": written, verified: the outputs are those of the original in inference mode, bit for bit\n"
            in out
        )


@pytest.mark.tensorflow
def test_what_cannot_be_compared_is_written_and_said(run: Callable[..., Run], tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    code, out, err = run(str(FIXTURES / "cond_ema_115.pb"), "-o", str(tmp_path / "out.pb"))
    assert (code, err) == (0, "")
    told = " ".join(out.split())
    assert "written, not verified: op AssignSub (node " in told
    assert "(`--allow-op AssignSub` runs it, if you trust this model); the new model runs" in told


def test_a_model_without_its_weights_is_stripped_only_if_asked(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    """With `--unfrozen` its variables stay variables, which is said."""
    model, target = str(FIXTURES / "train.meta"), tmp_path / "out.pb"
    asked = (model, "-o", str(target), "--output", "Mean_1", "--no-verify")
    told = "train.meta: no checkpoint beside it: it holds 7 variables and no values; put train.index and"
    refused(run(*asked), told)
    assert list(tmp_path.iterdir()) == []
    code, out, _ = run(*asked, "--unfrozen")
    assert code == 0
    assert "not frozen: 7 variables without values (" in " ".join(out.split())
    kept = inspect(load(str(target)))
    assert [layer.mode for layer in kept.layers] == [Mode.INFERENCE]
    assert sum(node.op in VARIABLES for node in kept.graph) == 7


@pytest.mark.tensorflow
def test_nothing_is_written_that_was_to_be_verified_and_was_not(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    target = tmp_path / "out.pb"
    asked = ("-o", str(target), "--require-verified")
    refused(run(str(FIXTURES / "cond_ema_115.pb"), *asked), "not verified: op AssignSub (node ")
    assert list(tmp_path.iterdir()) == []
    assert run(CLASSIC, *asked)[0] == 0
    assert target.exists()


def test_without_tensorflow_it_is_written_and_said(tmp_path: Path) -> None:
    for more, words in ([], "running a model needs TensorFlow"), (["--no-verify"], "not verified"):
        ended = subprocess.run(
            [sys.executable, "-c", WITHOUT_TENSORFLOW, "strip", CLASSIC, "-o", str(tmp_path / "o.pb"), *more],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert words in " ".join(ended.stdout.split())
        assert (tmp_path / "o.pb").stat().st_size > 0


def test_from_python_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """And the checks are those of the command."""
    result = strip(FIXTURES / "tfkeras_training.pb", tmp_path / "out.pb", verify=False)
    assert [change.what for change in result.stripped.changes] == ["flipped", "flipped"]
    assert (result.size, result.verification) == ((tmp_path / "out.pb").stat().st_size, None)
    trained = strip(CLASSIC, tmp_path / "out.pb", mode="training", verify=False)
    assert trained.stripped.mode.value == "training"
    for error, options in (
        (RewriteError, {"model": FIXTURES / "mixed_modes.pb"}),
        (SelectionError, {"model": FIXTURES / "lookalikes.pb"}),
        (SelectionError, {"outputs": ("nope",)}),
        (RewriteError, {"target": CLASSIC}),
        (ValueError, {"mode": "both"}),
        (OSError, {"target": tmp_path / "no" / "out.pb"}),
    ):
        asked: dict[str, Any] = {"model": CLASSIC, "target": tmp_path / "o.pb", "verify": False, **options}
        with pytest.raises(error):
            strip(**asked)
    assert not (tmp_path / "o.pb").exists()
    assert capfd.readouterr() == ("", "")


@pytest.mark.tensorflow
def test_a_request_from_python(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    request = Request(random=3, seed=4)
    found = strip(CLASSIC, tmp_path / "out.pb", request=request).verification
    assert found is not None
    assert (found.state, found.max_abs) == ("verified", 0.0)
    with pytest.raises(InputError, match="it decides the mode"):
        strip(CLASSIC, tmp_path / "out.pb", request=Request(feeds=("training=true",)))


@pytest.mark.parametrize(
    ("model", "nodes"),
    [
        (
            "training/unwired_115/model.ckpt-20",
            "127 nodes before, 16 nodes now; 21.3 kB before",
        ),
        (
            "saved_training",
            "15 nodes and 15 functions before, 10 nodes now; 44.9 kB",
        ),
    ],
)
def test_variables_that_were_frozen_are_said(model: str, nodes: str, tmp_path: Path) -> None:
    """A graph file without its weights is no measure of one with them, nor a frozen graph of the original."""
    path = FIXTURES / model
    result = strip(path, tmp_path / "out.pb", verify=False)
    *_, sizes, whence, _ = (line.text for line in summary(result))
    assert sizes.startswith(nodes)
    prefix = path / "variables" / "variables" if path.is_dir() else path
    assert whence == f"the variables of {prefix} are constants now"


@pytest.mark.parametrize("width", [80, 100])
def test_many_layers_with_long_names_are_one_group(width: int, tmp_path: Path) -> None:
    names = [
        f"{SCOPE}/another_one/block_{number}/unit_{number}/bottleneck/batch_norm" for number in range(40)
    ]
    lines, x = ["image = Placeholder(dtype=float, shape=[-1, 4, 4, 2])", "g = Const([1.5, 2.0])"], "image"
    for name in names:
        lines.append(f"{name} = FusedBatchNormV3({x}, g, g, g, g, T=float, U=float, is_training=true)")
        x = name
    model = written(tmp_path, graphdef("\n".join(lines)))
    result = strip(model, tmp_path / "out.pb", verify=False)
    told = drawn(summary(result), width)
    lines = told.splitlines()
    assert max(len(line) for line in lines if not line.startswith("next: ")) <= width
    assert len(lines) < 12
    unfolded = " ".join(line.strip() for line in lines)
    assert "block_*/bottleneck 40x: inference mode, fixed to training mode before" in unfolded
