"""Kinds of values: what each takes and gives, and the one line that refuses another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bninspect.errors import BninspectError, OptionError
from bninspect.options import (
    Assignments,
    Checked,
    Count,
    Momentum,
    Preprocess,
    Seed,
    Share,
    Size,
    Texts,
    choices,
    refuse_unknown,
)

ONE_OF_THEM = "one of raw, unit, tf, caffe, torch, auto is wanted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Checked):
    """One field of each kind."""

    images: Texts = ()
    feeds: Assignments = ()
    preprocess: Preprocess = "raw"
    count: Count | None = None
    seed: Seed = 0
    momentum: Momentum | None = None
    mix: Share = 0.0
    size: Size | None = None
    deploy: bool = False
    name: str | None = None


def refusal(**given: Any) -> str:
    with pytest.raises(OptionError) as caught:
        Asked(**given)
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ({"images": "photos/"}, ("photos/",)),
        ({"images": Path("photos")}, ("photos",)),
        ({"images": ["a.jpg", Path("b.jpg")]}, ("a.jpg", "b.jpg")),
        pytest.param({"images": (name for name in "ab")}, ("a", "b"), id="generator"),
        ({"feeds": {"a": 1.0, "b": False, "c": "@x.npy"}}, ("a=1.0", "b=False", "c=@x.npy")),
        ({"feeds": "keep_prob=1.0"}, ("keep_prob=1.0",)),
        ({"feeds": {}}, ()),
        ({"preprocess": "tf"}, "tf"),
        ({"count": np.int64(3)}, 3),
        ({"momentum": np.float32(0.5)}, 0.5),
        ({"mix": 0}, 0.0),
        ({"size": (224, 192)}, (224, 192)),
        ({"size": "224X192"}, (224, 192)),
        ({"size": [224, 192]}, (224, 192)),
        ({"deploy": True}, True),
        ({"name": None}, None),
    ],
    ids=str,
)
def test_a_value_is_held_as_its_kind_has_it(given: dict[str, Any], held: object) -> None:
    [name] = given
    found = getattr(Asked(**given), name)
    assert found == held
    assert type(found) is type(held)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"preprocess": "tff"}, f"preprocess='tff': {ONE_OF_THEM}; did you mean 'tf'?"),
        ({"preprocess": "TORCH"}, f"preprocess='TORCH': {ONE_OF_THEM}; did you mean 'torch'?"),
        ({"preprocess": 3}, f"preprocess=3: {ONE_OF_THEM}"),
        (
            {"feeds": {"x": np.zeros(2)}},
            "feeds: x is ndarray: a number, a boolean or @file.npy is wanted; numpy.save writes an array",
        ),
        ({"images": 3}, "images=3: a text, or a list of texts, is wanted"),
        ({"images": [3]}, "images=3: a text is wanted, not int"),
        ({"images": b"a.jpg"}, "images=b'a.jpg': a text, or a list of texts, is wanted"),
        ({"count": 0}, "count=0: at least 1 is wanted"),
        ({"count": True}, "count=True: a whole number is wanted, not bool"),
        ({"count": 1.0}, "count=1.0: a whole number is wanted, not float"),
        ({"seed": -1}, "seed=-1: at least 0 is wanted"),
        ({"momentum": 1}, "momentum=1.0: more than 0 and less than 1 is wanted"),
        ({"momentum": "0.9"}, "momentum='0.9': a number is wanted, not str"),
        ({"mix": 1.0}, "mix=1.0: at least 0 and less than 1 is wanted"),
        ({"mix": float("nan")}, "mix=nan: at least 0 and less than 1 is wanted"),
        ({"size": "224"}, "size='224' is no size; write height x width, such as 224x224"),
        ({"size": (0, 2)}, "size=(0, 2) is no size; write height x width, such as 224x224"),
        ({"size": 224}, "size=224 is no size; write height x width, such as 224x224"),
        ({"deploy": "no"}, "deploy='no': True or False is wanted, not str"),
        ({"name": 3}, "name=3: a text is wanted, not int"),
    ],
    ids=str,
)  # fmt: skip
def test_another_value_is_refused_with_what_there_is(given: dict[str, Any], told: str) -> None:
    assert refusal(**given) == told


def test_a_refusal_is_a_value_error_and_one_of_ours() -> None:
    assert issubclass(OptionError, ValueError)
    assert issubclass(OptionError, BninspectError)


def test_an_unknown_option_is_refused_with_the_nearest_one() -> None:
    known = ("images", "preprocess")
    refuse_unknown(("images",), known, "probe")
    with pytest.raises(OptionError, match=r"^preproces is no option of probe; did you mean preprocess\?$"):
        refuse_unknown(("preproces",), known, "probe")
    with pytest.raises(OptionError, match=r"^zzz is no option of probe; there are images, preprocess$"):
        refuse_unknown(("zzz",), known, "probe")


def test_the_values_of_a_choice() -> None:
    assert choices(Preprocess) == ("raw", "unit", "tf", "caffe", "torch", "auto")
