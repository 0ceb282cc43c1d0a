"""The wrong kind of input is refused before TensorFlow is loaded: a typing mistake costs no waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.cli import run
from bninspect.run import session
from tests.support.named_options import not_taken
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

CLASSIC, IMAGE = str(FIXTURES / "classic.pb"), str(FIXTURES / "image.jpg")
SOUND = """
node { name: "wav_data" op: "Placeholder"
  attr { key: "dtype" value { type: DT_STRING } } attr { key: "shape" value { shape {} } } }
node { name: "sound" op: "DecodeWav" input: "wav_data" }
node { name: "x" op: "ExpandDims" input: "sound" input: "zero" }
node { name: "zero" op: "Const" attr { key: "dtype" value { type: DT_INT32 } }
  attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape {} int_val: 0 } } } }
node { name: "c" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }
  attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { dim { size: 1 } } float_val: 1 } } } }
node { name: "bn" op: "FusedBatchNorm" input: "x" input: "c" input: "c" input: "c" input: "c"
  attr { key: "T" value { type: DT_FLOAT } } attr { key: "is_training" value { b: false } } }
"""
"""A model of speech: a batch norm behind a decoded sound."""


@pytest.fixture
def sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the model of speech and a text that is no picture, where TensorFlow cannot be loaded."""

    def refuse() -> None:
        raise AssertionError("TensorFlow is loaded")

    monkeypatch.setattr(session, "tensorflow", refuse)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "speech.pbtxt").write_text(SOUND)
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["probe", CLASSIC, "photo.jpg"], "pass images as --image photo.jpg"),
        (["strip", CLASSIC, "photo.jpg", "-o", "out.pb"], "pass images as --image photo.jpg"),
        (["refresh", CLASSIC, "photo.jpg", "-o", "out.pb"], "pass images as --image photo.jpg"),
        (["probe", "speech.pbtxt", "--image", IMAGE], "wav_data takes WAV audio, not images"),
        (
            ["probe", "speech.pbtxt", "--image", IMAGE, "--input", "wav_data"],
            "wav_data takes WAV audio, not images: --feed wav_data=@clip.wav",
        ),
        (["probe", "speech.pbtxt"], "--feed wav_data=@clip.wav"),
        (["probe", "speech.pbtxt", "--feed", "wav_data=@none.wav"], "none.wav: No such file"),
        (["probe", CLASSIC, "--image", "notes.txt"], "notes.txt is no JPEG"),
        (["refresh", CLASSIC, "-o", "out.pb", "--image", "notes.txt"], "notes.txt is no JPEG"),
        (["probe", CLASSIC, "--image", IMAGE, "--size", "9x9"], "--size 9x9 does not fit image:0"),
        (["probe", CLASSIC, "--image", IMAGE, "--layer", "nothing"], "--layer nothing"),
    ],
)
def test_refused_before_tensorflow_is_loaded(
    arguments: list[str], said: str, sound: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_string_is_fed_from_a_file_as_it_is(sound: Path) -> None:
    from bninspect.graph import load
    from bninspect.inputs import feeds

    (sound / "clip.wav").write_bytes(b"RIFF\0\0")
    arrays, said = feeds.parse(load("speech.pbtxt"), ("wav_data=@clip.wav",))
    assert arrays["wav_data:0"].item() == b"RIFF\0\0"
    assert said == {"wav_data:0": "@clip.wav"}


@pytest.mark.parametrize(
    ("message", "arguments", "wrong"),
    [
        ("op X is not on the allow-list (`--allow-op X` runs it)", ["forecast", "m.pb", "--try"], set()),
        ("op X is not on the allow-list (`--allow-op X` runs it)", ["graph", "m.pb"], {"--allow-op"}),
        ("freeze it: bninspect strip m.pb --unfrozen", ["graph", "m.pb"], set()),
        ("No such option '--layr'. Did you mean '--layer'?", ["graph", "--layr", "m.pb"], set()),
    ],
)
def test_a_remedy_is_an_option_of_the_command_that_names_it(
    message: str, arguments: list[str], wrong: set[str]
) -> None:
    assert not_taken(message, arguments) == wrong
