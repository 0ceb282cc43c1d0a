"""Event files of TensorBoard: records in the frame of TFRecord, each an Event."""

from bninspect.graphdef.events.event import Histogram, file_version, graph, numbers
from bninspect.graphdef.events.frame import framed

__all__ = ["Histogram", "file_version", "framed", "graph", "numbers"]
