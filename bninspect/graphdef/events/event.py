"""What an event file holds, as bytes: the version of the format, a graph, numbers and histograms under tags;
each event is a TFRecord:

    length, 8 bytes | masked CRC of it, 4 | content | masked CRC of it, 4        all little-endian

Source: tensorflow/core/util/event.proto, core/framework/summary.proto, tsl/lib/io/record_writer.h. The time
of every event is 0, so that the same facts give the same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bninspect.checksum import masked_crc32c
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.writer import rewritten, serialized

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from bninspect.graphdef.records import GraphDef, NodeDef

_VERSION = "brain.Event:2"
_LARGE = 1024
"""Bytes of a constant from which its value is left out of the graph: a picture of it needs no weights."""
_BINS = 30


@frozen_dataclass(eq=False)
class Histogram:
    """Values of one tensor, sorted into bins of equal width; those that are not finite are left out."""

    values: NDArray[np.float64]

    def fields(self) -> dict[str, float | list[float]]:
        """As a HistogramProto has them."""
        known = self.values[np.isfinite(self.values)]
        if not known.size:
            return {"min": 0.0, "max": 0.0, "num": 0.0, "bucket_limit": [0.0], "bucket": [0.0]}
        counts, edges = np.histogram(known, bins=_BINS)
        return {
            "min": float(known.min()),
            "max": float(known.max()),
            "num": float(known.size),
            "sum": float(known.sum()),
            "sum_squares": float(known @ known),
            "bucket_limit": edges[1:].tolist(),
            "bucket": counts.astype(np.float64).tolist(),
        }


def file_version() -> bytes:
    """The event that every file begins with."""
    return _written(file_version=_VERSION)


def graph(graphdef: GraphDef) -> bytes:
    """The event that holds the graph, without the values of large constants."""
    light = replace(graphdef, nodes=tuple(map(_light, graphdef.nodes)))
    return _written(graph_def=serialized(light))


def numbers(values: Mapping[str, float | Histogram], step: int = 0) -> bytes:
    """The event that holds these, each under its tag."""
    summary = message_class("Summary")()
    for tag, value in values.items():
        if isinstance(value, Histogram):
            histogram = message_class("HistogramProto")(**value.fields())
            summary.value.add(tag=tag, histo=histogram)
        else:
            summary.value.add(tag=tag, simple_value=value)
    return _written(summary=summary, step=step)


def _light(node: NodeDef) -> NodeDef:
    if node.op != "Const" or node.span.end - node.span.start <= _LARGE:
        return node
    return rewritten(node, name=node.name, inputs=node.inputs, without=frozenset({"value"}))


def _written(**fields: object) -> bytes:
    data: bytes = message_class("Event")(**fields).SerializeToString(deterministic=True)
    return data


def framed(content: bytes) -> bytes:
    """The record of an event."""
    length = len(content).to_bytes(8, "little")
    return length + _checksum(length) + content + _checksum(content)


def _checksum(data: bytes) -> bytes:
    return masked_crc32c(data).to_bytes(4, "little")
