"""The frame of a record, and what the events hold; TensorFlow's own reader agrees where it is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bninspect.checksum import masked_crc32c
from bninspect.graphdef import read
from bninspect.graphdef.events import Histogram, file_version, framed, graph, numbers
from bninspect.graphdef.schema import message_class
from bninspect.models.open import load
from tests.support.places import FIXTURES


def test_a_record_is_framed_by_its_length_and_two_checksums() -> None:
    record = framed(b"content")
    assert record[:8] == (7).to_bytes(8, "little")
    assert record[8:12] == masked_crc32c(record[:8]).to_bytes(4, "little")
    assert record[12:19] == b"content"
    assert record[19:] == masked_crc32c(b"content").to_bytes(4, "little")


def test_a_checksum_of_the_standard() -> None:
    # RFC 3720, B.4: the CRC-32C of 32 zeros is 0x8A9136AA; masked as TensorFlow masks it.
    crc = 0x8A9136AA
    assert masked_crc32c(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_a_histogram_counts_what_is_finite() -> None:
    fields = Histogram(values=np.array([0.0, 1.0, 3.0, np.nan, np.inf])).fields()
    assert (fields["num"], fields["min"], fields["max"], fields["sum"]) == (3.0, 0.0, 3.0, 4.0)
    assert fields["sum_squares"] == 10.0
    assert fields["bucket"] == [1.0 if place in (0, 10, 29) else 0.0 for place in range(30)]
    assert np.allclose(fields["bucket_limit"], np.arange(1, 31) / 10, rtol=1e-12)


def test_a_histogram_of_nothing_is_empty() -> None:
    assert Histogram(values=np.array([np.nan])).fields() == {
        "min": 0.0, "max": 0.0, "num": 0.0, "bucket_limit": [0.0], "bucket": [0.0],
    }  # fmt: skip


def test_a_file_begins_with_its_version() -> None:
    event = message_class("Event").FromString(file_version())
    assert (event.file_version, event.wall_time, event.step) == ("brain.Event:2", 0.0, 0)


def test_numbers_stand_under_their_tags_at_a_step() -> None:
    histogram = Histogram(values=np.array([1.0, 2.0]))
    first = message_class("Event").FromString(numbers({"score": 0.5, "mean": histogram}))
    assert (first.step, [one.tag for one in first.summary.value]) == (0, ["score", "mean"])
    assert first.summary.value[0].simple_value == 0.5
    assert (first.summary.value[1].histo.sum, first.summary.value[1].histo.sum_squares) == (3.0, 5.0)
    assert message_class("Event").FromString(numbers({}, 3)).step == 3


@pytest.mark.parametrize(
    ("op", "size", "keeps"),
    [("Const", 1024, True), ("Const", 1025, False), ("Foreign", 1025, True)],
    ids=["a small constant", "a large one", "no constant"],
)
def test_the_value_of_a_large_constant_is_left_out(op: str, size: int, keeps: bool, tmp_path: Path) -> None:
    """Of a record of more than 1,024 bytes, wherever it stands in the file."""
    message = message_class("GraphDef")()
    message.node.add(name="first", op="NoOp").attr["text"].s = b"a" * 3000
    node = message.node.add(name="w", op=op, input=["^x"])
    node.attr["dtype"].type = 4
    content = node.attr["value"].tensor
    content.tensor_content = b"a" * 900
    content.tensor_content += b"a" * (size - node.ByteSize())
    assert node.ByteSize() == size
    path = tmp_path / "m.pb"
    path.write_bytes(message.SerializeToString())
    event = message_class("Event").FromString(graph(read(str(path))))
    _, light = message_class("GraphDef").FromString(event.graph_def).node
    assert (light.name, light.op, list(light.input)) == ("w", op, ["^x"])
    assert set(light.attr) == ({"dtype", "value"} if keeps else {"dtype"})


def test_a_graph_stands_without_its_weights() -> None:
    held = load(str(FIXTURES / "slim_resnet.pb")).graphdef
    event = message_class("Event").FromString(graph(held))
    light = message_class("GraphDef").FromString(event.graph_def)
    assert [node.name for node in light.node] == [node.name for node in held.nodes]
    assert len(event.graph_def) < held.size


@pytest.mark.tensorflow
def test_tensorflow_reads_the_records(tmp_path: Path) -> None:
    import tensorflow as tf

    path = tmp_path / "events.out.tfevents.x"
    scores = numbers({"own_score": 0.5, "zero": 0.0, "bn/mean": Histogram(values=np.arange(4.0))}, 3)
    path.write_bytes(framed(file_version()) + framed(scores))
    first, second = tf.compat.v1.train.summary_iterator(str(path))
    assert first.file_version == "brain.Event:2"
    assert second.step == 3
    assert [value.tag for value in second.summary.value] == ["own_score", "zero", "bn/mean"]
    assert second.summary.value[1].WhichOneof("value") == "simple_value"
    assert second.summary.value[2].histo.bucket[0] == 1.0
