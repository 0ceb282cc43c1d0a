"""Weights of a Keras file that are kept elsewhere, or claim to be more than the file can hold: refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.keras_archives import fixture_config, h5py, hdf5, keras_file

if TYPE_CHECKING:
    from collections.abc import Callable


def link(file: Any) -> None:
    file["away"] = h5py.ExternalLink("/etc/hosts", "/x")


def soft_link(file: Any) -> None:
    file["away"] = h5py.SoftLink("/y")


def external(file: Any) -> None:
    file.create_dataset("away", (8,), "u1", external=[("/etc/hosts", 0, 8)])


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((8,), "f4")
    layout[:] = h5py.VirtualSource("/etc/hosts", "x", (8,))
    file.create_virtual_dataset("away", layout)


def huge(file: Any) -> None:
    file.create_dataset("away", (1 << 40,), "f4", chunks=(1024,))


def circle(file: Any) -> None:
    group = file.create_group("group")
    group["again"] = group
    huge(file)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (link, "/away is a link to elsewhere"),
        (soft_link, "/away is a link to elsewhere"),
        (external, "the values of /away are kept in another file"),
        (virtual, "the values of /away are kept in another file"),
        (huge, "its weights claim to have 4,398,046,511,104 bytes"),
        (circle, "its weights claim to have 4,398,046,511,104 bytes"),
    ],
)
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_weights_that_are_elsewhere_or_made_up(
    build: Callable[[Any], None], said: str, ending: str, refusal: Callable[..., str]
) -> None:
    def with_config(file: Any) -> None:
        file.attrs["model_config"] = json.dumps(fixture_config())
        build(file)

    content = hdf5(with_config) if ending == ".h5" else keras_file(fixture_config(), hdf5(build))
    assert refusal(content).startswith(f"refused to load: {said}")
