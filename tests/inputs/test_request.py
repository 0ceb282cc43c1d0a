"""What is fed: which placeholder takes the image, what else has to be fed, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.errors import BninspectError, InputError
from bninspect.graph import load
from bninspect.graph.search import upstream
from bninspect.inputs.bind import bind
from bninspect.inputs.placeholders import layout, placeholders
from bninspect.inputs.request import Request
from bninspect.rules.remedies import inputs_wanted
from tests.support.pictures import PIXELS, graph_bytes, png
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bninspect.batchnorm import Report
    from bninspect.graph import Node
    from bninspect.inputs.inputs import Inputs

pytestmark = pytest.mark.tensorflow


def _model(
    *, size: tuple[int | None, ...] = (None, 5, 4, 3), dtype: str = "float32", shaped: bool = True
) -> Callable[[Any], None]:
    """A batch norm behind an image, dropout by hand and a flag with a default."""

    def build(tf: Any) -> None:
        v1 = tf.compat.v1
        image = v1.placeholder(dtype, size if shaped else None, name="image")
        keep = v1.placeholder(tf.float32, [], name="keep_prob")
        scale = v1.placeholder_with_default(tf.constant(1.0), [], name="scale")
        weights = v1.placeholder(tf.float32, [2], name="weights")
        x = tf.cast(image, tf.float32) * scale
        y, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=[1.0] * 3, offset=[0.0] * 3, mean=[0.0] * 3, variance=[1.0] * 3, is_training=False
        )
        tf.identity(y * keep + tf.reduce_sum(weights), name="out")

    return build


def reached(report: Report) -> set[Node]:
    """All that the outputs depend on."""
    return upstream(output.node for output in report.outputs)


def _bound(path: Path, build: Callable[[Any], None], request: Request) -> Inputs:
    (path / "m.pb").write_bytes(graph_bytes(build))
    report = inspect(load(str(path / "m.pb")))
    return bind(report.graph, reached(report), report.layers, request, ())


def _refusal(path: Path, build: Callable[[Any], None], request: Request) -> str:
    with pytest.raises(BninspectError) as error:
        list(_bound(path, build, request).batches())
    assert "\n" not in str(error.value)
    return str(error.value)


FED = ("keep_prob=1.0", "weights:0=2")


def _image(path: Path, name: str = "a.png", pixels: Any = PIXELS) -> str:
    (path / name).write_bytes(png(pixels))
    return str(path / name)


def test_an_image_and_feeds(tmp_path: Path) -> None:
    found = _bound(tmp_path, _model(), Request(images=(_image(tmp_path),), feeds=FED))
    (feeds,) = found.batches()
    assert {name: (value.dtype.name, value.tolist()) for name, value in feeds.items()} == {
        "image:0": ("float32", PIXELS[None].tolist()),
        "keep_prob:0": ("float32", 1.0),
        "weights:0": ("float32", [2.0, 2.0]),
    }
    assert found.said == {"keep_prob:0": 1.0, "weights:0": 2.0}


def test_an_array_instead_of_images(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", PIXELS[None].astype(np.float32))
    feeds = (f"image=@{tmp_path / 'x.npy'}", *FED)
    found = _bound(tmp_path, _model(), Request(feeds=feeds))
    assert found.count == 0
    (fed,) = found.batches()
    assert np.array_equal(fed["image:0"], PIXELS[None])
    assert found.said["image:0"] == f"@{tmp_path / 'x.npy'}"


def test_what_else_has_to_be_fed_is_listed_with_a_line_to_paste(tmp_path: Path) -> None:
    told = _refusal(tmp_path, _model(), Request(images=(_image(tmp_path),)))
    assert "keep_prob:0 (float, a scalar), weights:0 (float, [2])" in told
    assert "--feed keep_prob=1.0 --feed weights=@weights.npy" in told
    assert "scale" not in told


def test_what_stands_before_the_image_need_not_be_fed(tmp_path: Path) -> None:
    """As the iterator of a data set: its default gives the image, until an image is given."""

    def build(tf: Any) -> None:
        v1 = tf.compat.v1
        read = tf.io.decode_raw(v1.placeholder(tf.string, [], name="bytes"), tf.float32)
        image = v1.placeholder_with_default(tf.reshape(read, [-1, 5, 4, 3]), [None, 5, 4, 3], name="image")
        y, *_ = tf.raw_ops.FusedBatchNormV3(
            x=image, scale=[1.0] * 3, offset=[0.0] * 3, mean=[0.0] * 3, variance=[1.0] * 3, is_training=False
        )
        tf.identity(y, name="out")

    found = _bound(tmp_path, build, Request(images=(_image(tmp_path),)))
    (feeds,) = found.batches()
    assert list(feeds) == ["image:0"]
    assert inputs_wanted(inspect(load(str(tmp_path / "m.pb")))) == "--image DIR"


def test_no_image(tmp_path: Path) -> None:
    assert "no image for image:0 (float, [?, 5, 4, 3]): add --image" in _refusal(
        tmp_path, _model(), Request(feeds=FED)
    )


@pytest.mark.parametrize(
    ("feed", "told"),
    [
        ("keep_prob", "write NAME=VALUE"),
        ("keep_prob=", "write NAME=VALUE"),
        ("keep_prob=yes", "takes float values"),
        ("keep_prob=true", "takes float values"),
        ("keep_prob=@none.npy", "No such file"),
        ("nothing=1", "no node is named"),
        ("image=1", "give an array"),
        ("weights=@{path}/long.npy", r"has shape \[3\], and it takes \[2\]"),
        ("weights=@{path}/words.npy", "holds <U3, and it takes float"),
        ("weights=@{path}/m.pb", "is no .npy file"),
    ],
)
def test_feeds_that_do_not_fit(tmp_path: Path, feed: str, told: str) -> None:
    np.save(tmp_path / "long.npy", np.zeros(3))
    np.save(tmp_path / "words.npy", np.array(["one", "two"]))
    request = Request(images=(_image(tmp_path),), feeds=(feed.format(path=tmp_path),))
    with pytest.raises(BninspectError, match=told):
        _bound(tmp_path, _model(), request)


def test_integers_and_booleans_are_fed_as_such(tmp_path: Path) -> None:
    def build(tf: Any) -> None:
        v1 = tf.compat.v1
        whole = v1.placeholder(tf.int32, [], name="whole")
        flag = v1.placeholder(tf.bool, [], name="flag")
        tf.identity(tf.cast(whole, tf.float32) * tf.cast(flag, tf.float32), name="out")

    found = _bound(tmp_path, build, Request(feeds=("whole:0=-3", "^flag=False")))
    assert found.said == {"whole:0": -3, "flag:0": False}
    assert found.feeds["flag:0"].dtype == np.bool_
    assert "takes int32 values" in _refusal(tmp_path, build, Request(feeds=("whole=1.5",)))
    assert "takes int32 values" in _refusal(tmp_path, build, Request(feeds=("whole=99999999999",)))
    assert "takes bool values" in _refusal(tmp_path, build, Request(feeds=("flag=2",)))


def test_images_of_different_sizes_need_one(tmp_path: Path) -> None:
    both = (_image(tmp_path), _image(tmp_path, "b.png", PIXELS[:4]))
    free = _model(size=(None, None, None, 3))
    assert "add --size HxW" in _refusal(tmp_path, free, Request(images=both, feeds=FED))
    found = _bound(tmp_path, free, Request(images=both, feeds=FED, size=(6, 7)))
    assert next(found.batches())["image:0"].shape == (2, 6, 7, 3)


def test_a_placeholder_of_unknown_shape_takes_the_image(tmp_path: Path) -> None:
    found = _bound(tmp_path, _model(shaped=False), Request(images=(_image(tmp_path),), feeds=FED))
    assert np.array_equal(next(found.batches())["image:0"], PIXELS[None])


def test_whole_pixels_take_no_preset(tmp_path: Path) -> None:
    request = Request(images=(_image(tmp_path),), feeds=FED)
    (feeds,) = _bound(tmp_path, _model(dtype="uint8"), request).batches()
    assert feeds["image:0"].dtype == np.uint8
    told = _refusal(
        tmp_path, _model(dtype="uint8"), Request(images=request.images, feeds=FED, preprocess="tf")
    )
    assert "leave out --preprocess tf" in told


def test_a_static_batch_runs_in_parts(tmp_path: Path) -> None:
    model = _model(size=(2, 5, 4, 3))
    found = _bound(tmp_path, model, Request(random=4, feeds=FED))
    assert [feeds["image:0"].shape[0] for feeds in found.batches()] == [2, 2]
    assert "takes 2 images at a time, and 3 were given" in _refusal(
        tmp_path, model, Request(random=3, feeds=FED)
    )
    assert "--batch-size 3 does not fit" in _refusal(
        tmp_path, model, Request(random=4, feeds=FED, batch_size=3)
    )


def test_a_free_batch_is_cut_evenly(tmp_path: Path) -> None:
    found = _bound(tmp_path, _model(), Request(random=33, feeds=FED))
    assert [feeds["image:0"].shape[0] for feeds in found.batches()] == [17, 16]


def test_random_images_depend_on_the_seed_and_not_on_the_batch(tmp_path: Path) -> None:
    def images(**asked: Any) -> Any:
        found = _bound(tmp_path, _model(), Request(random=4, feeds=FED, **asked))
        return np.concatenate([feeds["image:0"] for feeds in found.batches()])

    assert np.array_equal(images(), images(batch_size=1))
    assert not np.array_equal(images(), images(seed=1))


def test_an_encoded_input_gets_the_bytes_one_file_at_a_time(tmp_path: Path) -> None:
    def build(tf: Any) -> None:
        contents = tf.compat.v1.placeholder(tf.string, [], name="contents")
        tf.cast(tf.io.decode_png(contents), tf.float32, name="out")

    found = _bound(tmp_path, build, Request(images=(_image(tmp_path), _image(tmp_path, "b.png"))))
    assert [feeds["contents:0"].item() for feeds in found.batches()] == [png(PIXELS)] * 2
    assert "--random has none" in _refusal(tmp_path, build, Request(random=1))


def test_several_inputs_that_may_take_the_image() -> None:
    report = inspect(load(str(FIXTURES / "siamese.pb")))
    with pytest.raises(InputError, match=r"left:0 .*right:0 .*add --input left:0"):
        bind(report.graph, reached(report), report.layers, Request(random=1), ())


def test_the_layout_is_where_the_channels_are() -> None:
    for name, order in (("classic", "NHWC"), ("nchw", "NCHW"), ("nchw_decomposed", "NCHW")):
        report = inspect(load(str(FIXTURES / f"{name}.pb")))
        place = next(place for place in placeholders(report.graph, reached(report)) if place.dtype == "float")
        assert layout(report.graph, place) == order, name
