"""A network while it is built: its draws, its variables, what decides its modes, a record of each batch norm.

The same seed builds the same network in any of three readings. `file` is the network that is written;
`training` and `inference` have every batch norm in one mode, without a conditional, which makes them the
oracle.
"""

import random
from typing import Any, Collection, Dict, List, NamedTuple, Optional

from tests.generated.building.tensorflow1 import tf


class Norm(NamedTuple):
    """One batch norm at one call; the names are those of variables."""

    scope: str
    kind: str
    x: Any
    y: Any
    mean: str
    variance: str
    gamma: Optional[str]
    beta: Optional[str]
    epsilon: float
    axis: int
    loop: bool


class Written(NamedTuple):
    """What a writer of batch norm gives back."""

    y: Any
    mean: str
    variance: str
    gamma: Optional[str]
    beta: Optional[str]


class Net:
    """What a design builds with."""

    def __init__(self, seed: int, design: str, reading: str, absent: Collection[int] = ()) -> None:
        """`absent`: places of the batch norms without an inference mode, whose statistics the file lost."""
        self.draw = random.Random("%d %s" % (seed, design))
        self.reading = reading
        self.absent = absent
        self.norms: List[Norm] = []
        self.sources: Dict[str, List[Any]] = {}
        self.inputs: Dict[str, List[Optional[int]]] = {}
        self.notes: List[str] = []
        self.outputs: List[Any] = []
        self.updates = False
        self.in_loop = False
        self.towers = False
        self._numbers: Dict[str, int] = {}
        self._tensors: Dict[str, Any] = {}

    def scope(self, name: str) -> str:
        """A new name for a layer."""
        self._numbers[name] = self._numbers.get(name, 0) + 1
        return "%s%d" % (name, self._numbers[name])

    def second_tower(self) -> None:
        """From here on the layers are those of before, called again."""
        self._numbers, self.towers = {}, True

    def note(self, words: str) -> None:
        """Remembers a choice, for the reader of a disagreement."""
        if words not in self.notes:
            self.notes.append(words)

    def image(self, name: str, shape: List[int]) -> Any:
        """A float input [None, *shape]."""
        self.inputs[name] = list(shape)
        return tf.placeholder(tf.float32, [None, *shape], name=name)

    def source(self, name: str, dtype: Any, values: List[Any], shape: Any = (), default: Any = None) -> Any:
        """A placeholder that decides modes, made once; `values` are all that it is asked for."""
        if name in self._tensors:
            return self._tensors[name]
        self.sources[name] = values
        with tf.name_scope(None):
            if default is None:
                made = tf.placeholder(dtype, list(shape), name=name)
            else:
                constant = tf.constant(default, dtype, name=name + "_default")
                made = tf.placeholder_with_default(constant, list(shape), name=name)
        self._tensors[name] = made
        return made

    def variable(self, name: str, shape: List[int], trainable: bool = True) -> Any:
        """A float variable in the current variable scope; `values.assign` says what it holds."""
        return tf.get_variable(name, shape, tf.float32, tf.zeros_initializer(), trainable=trainable)

    def weights(self, kind: str, shape: List[int]) -> Any:
        """The kernel of a new layer."""
        with tf.variable_scope(self.scope(kind), reuse=self.towers):
            return self.variable("kernel", shape)

    def convolution(self, x: Any, channels: int, size: int = 3, stride: int = 1) -> Any:
        """A convolution of rank 3, 4 or 5, channels last, without bias."""
        shape = x.get_shape().as_list()
        rank = len(shape) - 2
        kernel = self.weights("conv", [size] * rank + [shape[-1], channels])
        if rank == 1:
            return tf.nn.conv1d(x, kernel, stride, "SAME")
        if rank == 2:
            return tf.nn.conv2d(x, kernel, [1, stride, stride, 1], "SAME")
        return tf.nn.conv3d(x, kernel, [1, stride, stride, stride, 1], "SAME")

    def dense(self, x: Any, units: int) -> Any:
        """A matrix product, without bias."""
        return tf.matmul(x, self.weights("dense", [x.get_shape().as_list()[-1], units]))

    def logits(self, x: Any) -> None:
        """The end: the mean over all positions, and five numbers of it."""
        rank = len(x.get_shape().as_list())
        pooled = tf.reduce_mean(x, list(range(1, rank - 1))) if rank > 2 else x
        self.output(self.dense(pooled, 5), "logits")

    def output(self, x: Any, name: str) -> None:
        """An output of the model."""
        self.outputs.append(tf.identity(x, name=name))
