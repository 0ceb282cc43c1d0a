"""`--patch`: what it reads, and what it says to what it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from bninspect.errors import InputError
from bninspect.inputs.patch import cut

ARRAY = np.arange(2 * 30 * 30 * 3).reshape(2, 30, 30, 3)


def test_a_patch_is_what_numpy_cuts() -> None:
    for text, index in (
        ("0,22:28,22:28,0", np.s_[0, 22:28, 22:28, 0]),
        ("[0, 22:28, 22:28, 0]", np.s_[0, 22:28, 22:28, 0]),
        ("-1,:,::7,-3:", np.s_[-1, :, ::7, -3:]),
        ("1", np.s_[1]),
        (":,5:0:-2", np.s_[:, 5:0:-2]),
    ):
        assert np.array_equal(cut(ARRAY, text, "x:0"), ARRAY[index]), text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0,22:28,22:31,0", "reaches out of axis 2"),
        ("2", "reaches out of axis 0"),
        ("-3", "reaches out of axis 0"),
        ("0,0,0,0,0", "has 5 indices"),
        ("0,5:5", "holds no value"),
    ],
)
def test_beyond_the_tensor_its_shape_is_told(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as error:
        cut(ARRAY, text, "x:0")
    assert "x:0 has shape [2, 30, 30, 3]" in str(error.value)


@pytest.mark.parametrize("text", ["", "a", "0,,1", "1.5", "0:1:2:3", "..."])
def test_what_is_no_index(text: str) -> None:
    with pytest.raises(InputError, match="is no index"):
        cut(ARRAY, text, "x:0")


def test_a_step_of_zero() -> None:
    with pytest.raises(InputError, match="step of 0"):
        cut(ARRAY, "::0", "x:0")
