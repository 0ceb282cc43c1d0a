"""One TensorFlow 1 for all: the module itself, or what TensorFlow 2 keeps of it."""

import os
from contextlib import contextmanager
from typing import Any, Iterator

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # Keras 3 has no tf.layers

import tensorflow

tf: Any = getattr(tensorflow.compat, "v1", tensorflow)
VERSION: str = tensorflow.__version__
HAS_CONTRIB = VERSION.startswith("1.")
tf.logging.set_verbosity(tf.logging.ERROR)


def contrib() -> Any:
    """The module `tf.contrib` of TensorFlow 1."""
    return tensorflow.contrib


@contextmanager
def new_graph(functions: bool, resources: bool) -> Iterator[Any]:
    """A graph to build in. Of TensorFlow 2 alone: `functions` makes an If of a conditional, `resources`
    variables of that kind.
    """
    two = not VERSION.startswith("1.")
    if two:
        (tf.enable_control_flow_v2 if functions else tf.disable_control_flow_v2)()
        (tf.enable_resource_variables if resources else tf.disable_resource_variables)()
    try:
        with tf.Graph().as_default() as graph:
            tf.set_random_seed(1)
            yield graph
    finally:
        if two:
            tf.enable_control_flow_v2()
            tf.enable_resource_variables()


def session(graph: Any) -> Any:
    """A session on a graph, as users open it, on few threads."""
    return tf.Session(graph=graph, config=tf.ConfigProto(intra_op_parallelism_threads=2))


def imports(definition: Any) -> Any:
    """The graph of a GraphDef, or a line that says why TensorFlow refuses it."""
    graph = tf.Graph()
    try:
        with graph.as_default():
            tf.import_graph_def(definition, name="")
        constant = next(node.name for node in definition.node if node.op == "Const")
        with session(graph) as running:
            running.run(constant + ":0")  # functions that do not fit are refused here
    except Exception as error:
        return str(error).strip().splitlines()[-1].strip()[:200]
    return graph
