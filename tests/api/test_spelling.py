"""Errors of the API: they say the keywords of Python, not the options of the command line."""

from __future__ import annotations

import pickle

import pytest

import bninspect
from bninspect.api.spelling import with_keywords
from tests.support.places import FIXTURES

CLASSIC = str(FIXTURES / "classic.pb")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "no image for x:0: add --image FILE, or --random 8 for a first look",
            'no image for x:0: add images="FILE", or random=8 for a first look',
        ),
        ("name a file, a folder or a glob with --image", "name a file, a folder or a glob with images"),
        (
            "for example: --feed a=1.0 --feed b=@b.npy",
            'for example: feeds=["a=1.0", "b=@b.npy"]',
        ),
        ("--feed names x:0 twice", "feeds names x:0 twice"),
        ("--data photos.npy does not exist", "data photos.npy does not exist"),
        ("add --size HxW", 'add size="HxW"'),
        ("name one, --data 't.parquet#x'", 'name one, data="t.parquet#x"'),
        (
            "op X is not on the allow-list (`--allow-op X` runs it)",
            'op X is not on the allow-list (`allowed_ops="X"` runs it)',
        ),
        ("give a batch of several (--batch-size)", "give a batch of several (batch_size)"),
        (
            "--no-verify runs nothing: leave out what to feed",
            "verify=False runs nothing: leave out what to feed",
        ),
        ("add --strip, which replaces it", "add stripped=True, which replaces it"),
        ("give --layer and --strip as they were", "give layers and stripped=True as they were"),
        ("several outputs: --output a --output b/c", 'several outputs: outputs=["a", "b/c"]'),
        ("2 --- 1", "2 --- 1"),
    ],
)
def test_options_are_keywords(message: str, expected: str) -> None:
    assert with_keywords(message) == expected


def test_an_error_of_a_function_says_keywords() -> None:
    with pytest.raises(bninspect.InputError) as raised:
        bninspect.probe(CLASSIC, images="nowhere.jpg")
    assert (
        str(raised.value) == "image nowhere.jpg does not exist: name a file, a folder or a glob with images"
    )
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
    with pytest.raises(bninspect.SelectionError, match=r"^layers bnn matches none of the 1 layers"):
        bninspect.inspect(CLASSIC, layers="bnn")
