"""The one door to TensorFlow: runs a graph, decodes and resizes images. No other file imports it.

TensorFlow is loaded when the first of these is called, with its log kept off the screen; whatever it cannot
do comes back as a RunError of one line.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import warnings
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.collector import collector_held_off
from bninspect.errors import RunError
from bninspect.run import settings
from bninspect.run.messages import first_line, import_failure, quiet, run_failure
from bninspect.steps import step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from numpy.typing import NDArray

    Array = NDArray[Any]

_LOG_LEVEL, _SILENT = "TF_CPP_MIN_LOG_LEVEL", "3"
_MISSING = 'running a model needs TensorFlow: pip install "tensorflow>=2.16"'
_EAGER = "keras.src.optimizers"
"""What TensorFlow imports of Keras along with itself, and does without where there is none."""
_NO_VALUE = re.compile(r"Retval\[(\d+)\] (does not have value|has already been set)")
_NO_VALUE_REASONS = {
    "does not have value": "it stands in a branch that is not taken",
    "has already been set": "it stands in a loop, where it has many values",
}


class NoValueError(RunError):
    """A fetched tensor has no value of its own to give: it stands in a branch not taken, or in a loop."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        """Which of the fetches."""


class Session:
    """A model in a TensorFlow session of its own; close it, or use it in a `with`."""

    def __init__(
        self,
        serialized: bytes,
        *,
        optimized: bool = False,
        one_thread: bool = False,
        originals: Mapping[str, str] | None = None,
    ) -> None:
        """Imports the GraphDef in these bytes, places cleared; TensorFlow's graph optimizer is off, unless it
        is to run `optimized`, as in a session that nobody set. It takes as many threads as TensorFlow likes,
        or `one_thread` (`settings.has_own_pools`). `originals`: the name that a node has in the model, where
        that is another.

        Raises RunError where TensorFlow is missing or refuses the graph, with its own reason, and for a GPU
        that it does not see.
        """
        tf = tensorflow()
        graph = tf.Graph()
        self._originals = originals or {}
        config = settings.configuration(tf, optimized=optimized, one_thread=one_thread)
        try:
            graphdef = _without_places(tf.compat.v1.GraphDef.FromString(serialized))
            with graph.as_default(), quiet():
                tf.import_graph_def(graphdef, name="")
                self._session = tf.compat.v1.Session(graph=graph, config=config)
        except Exception as error:
            raise RunError(import_failure(error, self._originals)) from error

    def run(self, fetches: Sequence[str], feeds: Mapping[str, Array]) -> list[Array]:
        """The values of the tensors named `node:index`, in order, with the feeds given under such names.

        Raises NoValueError for one in a branch not taken or in a loop, RunError with TensorFlow's reason
        where one does not exist, a feed does not fit or the run fails.
        """
        unique = list(dict.fromkeys(fetches))
        try:
            values = dict(zip(unique, self._session.run(unique, dict(feeds)), strict=True))
        except Exception as error:
            # TensorFlow numbers the fetches that are not fed, in the order of their names.
            numbered = sorted(set(unique).difference(feeds))
            lost = _NO_VALUE.search(str(error))
            if lost is not None and int(lost[1]) < len(numbered):
                index = list(fetches).index(numbered[int(lost[1])])
                raise NoValueError(index, _NO_VALUE_REASONS[lost[2]]) from error
            raise run_failure(error, self._originals) from error
        return [np.asarray(values[name]) for name in fetches]

    def close(self) -> None:
        """Frees the session."""
        self._session.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def require() -> None:
    """Raises RunError where TensorFlow is missing or does not load."""
    tensorflow()


def version() -> str:
    """The version of TensorFlow. Raises RunError as `require`."""
    found: str = tensorflow().__version__
    return found


def decode(data: bytes, kind: str) -> Array:
    """The image in these bytes, (height, width, channels): uint8, or uint16 for a PNG with 16 bits.

    `kind` is jpeg (always 3 channels), png (1 to 4: grey, grey and alpha, RGB, RGBA), bmp, gif (its first
    frame) or webp. Raises RunError with TensorFlow's reason for damaged bytes.
    """

    deep = kind == "png" and data[24:25] == b"\x10"  # the bit depth, in the header that every PNG starts with
    return _run(lambda: _worker("uint16" if deep else kind)(data))


def resize(image: Array, height: int, width: int) -> Array:
    """The image (height, width, channels), resized bilinearly by `tf.image.resize`; float32, not clipped."""
    return _run(lambda: _worker("resize")(np.asarray(image, np.float32), (height, width)))


def is_op(name: str) -> bool:
    """Whether TensorFlow has an op of this name. Raises RunError where TensorFlow is missing."""
    tensorflow()
    registry = importlib.import_module("tensorflow.python.framework.op_def_registry")
    return registry.get(name) is not None


def with_constants(function: Any) -> Any:
    """A concrete function of TensorFlow with its variables as constants, control flow as it is written."""
    convert = importlib.import_module("tensorflow.python.framework.convert_to_constants")
    return convert.convert_variables_to_constants_v2(function, lower_control_flow=False)


def _run(work: Callable[[], Any]) -> Array:
    """What the work gives. Raises RunError with TensorFlow's reason where it does not."""
    tensorflow()
    try:
        with quiet():
            return np.asarray(work())
    except Exception as error:
        raise RunError(first_line(error)) from error


@cache
def _worker(what: str) -> Callable[..., Any]:
    """What does one kind of work, in a session that is kept: to make one takes longer than to decode a small
    image.
    """
    tf = tensorflow()
    with tf.Graph().as_default():
        session = tf.compat.v1.Session(config=settings.on_processor(tf))
        if what == "resize":
            image = tf.compat.v1.placeholder(tf.float32, [None, None, None])
            size = tf.compat.v1.placeholder(tf.int32, [2])
            given, made = [image, size], tf.image.resize(image, size)
        else:
            data = tf.compat.v1.placeholder(tf.string, [])
            given, made = [data], _decoded(tf, data, what)
        work: Callable[..., Any] = session.make_callable(made, given)
    return work


def _decoded(tf: Any, data: Any, kind: str) -> Any:
    """The image in a tensor of bytes; `uint16` is a PNG of 16 bits."""
    if kind in ("png", "uint16"):
        return tf.io.decode_png(data, dtype=tf.uint16 if kind == "uint16" else tf.uint8)
    if kind == "jpeg":
        return tf.io.decode_jpeg(data, channels=3)
    if kind == "gif":
        return tf.io.decode_gif(data)[0]
    if kind == "bmp":
        return tf.io.decode_bmp(data)
    return tf.io.decode_image(data, expand_animations=False)


def _without_places(graphdef: Any) -> Any:
    """The GraphDef with nothing that says where to run: a model from a machine with two GPUs runs here.

    That is `device`, and `_class`, which puts a node beside another that freezing may have removed.
    """
    bodies = [graphdef.node, *(function.node_def for function in graphdef.library.function)]
    for node in (node for body in bodies for node in body):
        node.device = ""
        if "_class" in node.attr:
            del node.attr["_class"]
    return graphdef


@cache
def tensorflow() -> Any:
    """The module. Raises RunError where it is missing or does not load."""
    step("loading TensorFlow")
    loud = os.environ.setdefault(_LOG_LEVEL, _SILENT) != _SILENT
    try:
        with warnings.catch_warnings(), quiet(loud=loud):
            warnings.simplefilter("ignore")
            with _keras_later(), collector_held_off():
                tf = importlib.import_module("tensorflow")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "tensorflow":
            raise RunError(_MISSING) from None
        raise RunError(f"TensorFlow does not load: {first_line(error)}") from error
    except ImportError as error:
        raise RunError(f"TensorFlow does not load: {first_line(error)}") from error
    if not loud:
        tf.get_logger().setLevel("ERROR")
    return tf


@contextmanager
def _keras_later() -> Iterator[None]:
    """Within it TensorFlow is imported without Keras, which takes a quarter of the time; `tf.keras` still
    loads it on first use.
    """
    if _EAGER in sys.modules:
        yield
        return
    sys.modules[_EAGER] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.modules.pop(_EAGER, None)
