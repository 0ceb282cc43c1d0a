"""Event files of TensorBoard: records in the frame of TFRecord, each an Event."""

from bninspect.graphdef.events.event import Histogram, file_version, framed, graph, numbers

__all__ = ["Histogram", "file_version", "framed", "graph", "numbers"]
