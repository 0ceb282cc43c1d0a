"""The shapes of networks. Each takes a net and a function `norm(x)`, and makes its inputs and outputs."""

from typing import Any, Callable, Dict

from tests.generated.building.net import Net
from tests.generated.building.tensorflow1 import tf

NormOf = Callable[[Any], Any]
IMAGE = [12, 12, 3]
"""The size of the images that `values.images` draws."""


def plain(net: Net, norm: NormOf) -> None:
    x = net.image("image", IMAGE)
    for _ in range(net.draw.randint(2, 4)):
        x = tf.nn.relu(norm(net.convolution(x, net.draw.randint(3, 6))))
    net.logits(x)


def bare(net: Net, norm: NormOf) -> None:
    """The output is the last batch norm's own, one stands on the input."""
    x = norm(net.image("image", IMAGE))
    net.output(norm(net.convolution(x, 4)), "output")


def residual(net: Net, norm: NormOf) -> None:
    channels = net.draw.randint(3, 5)
    x = tf.nn.relu(norm(net.convolution(net.image("image", IMAGE), channels)))
    for _ in range(net.draw.randint(1, 2)):
        inner = tf.nn.relu(norm(net.convolution(x, channels)))
        x = tf.nn.relu(x + norm(net.convolution(inner, channels)))
    net.logits(x)


def preactivated(net: Net, norm: NormOf) -> None:
    """Residual, the batch norm before each convolution."""
    x = net.convolution(net.image("image", IMAGE), 4)
    for _ in range(2):
        x = x + net.convolution(tf.nn.relu(norm(x)), 4)
    net.logits(norm(x))


def dense_blocks(net: Net, norm: NormOf) -> None:
    """DenseNet: every layer reads all layers before it."""
    x = net.convolution(net.image("image", IMAGE), 4)
    for _ in range(net.draw.randint(2, 3)):
        x = tf.concat([x, net.convolution(tf.nn.relu(norm(x)), 3)], 3)
    x = tf.nn.avg_pool(net.convolution(tf.nn.relu(norm(x)), 4, 1), [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    net.logits(tf.nn.relu(norm(x)))


def branches(net: Net, norm: NormOf) -> None:
    x = tf.nn.relu(norm(net.convolution(net.image("image", IMAGE), 4)))
    pooled = tf.nn.max_pool(x, [1, 3, 3, 1], [1, 1, 1, 1], "SAME")
    ways = [net.convolution(x, 3, 1), net.convolution(x, 3, 3), net.convolution(pooled, 3, 1)]
    x = tf.concat([tf.nn.relu(norm(way)) for way in ways[: net.draw.randint(2, 3)]], 3)
    net.logits(x)


def siamese(net: Net, norm: NormOf) -> None:
    """Two towers of the same variables."""
    ends = []
    for name in ("left", "right"):
        x = net.image(name, IMAGE)
        for channels in (4, 5):
            x = tf.nn.relu(norm(net.convolution(x, channels)))
        ends.append(tf.reduce_mean(x, [1, 2]))
        net.second_tower()
    net.towers = False
    net.output(tf.reduce_sum(tf.square(ends[0] - ends[1]), 1), "distance")


def encoder_decoder(net: Net, norm: NormOf) -> None:
    image = net.image("image", IMAGE)
    first = tf.nn.relu(norm(net.convolution(image, 4)))
    x = tf.nn.relu(norm(net.convolution(first, 6, 3, 2)))
    kernel = net.weights("up", [3, 3, 4, 6])
    shape = tf.stack([tf.shape(image)[0], 12, 12, 4])
    x = tf.nn.conv2d_transpose(x, kernel, shape, [1, 2, 2, 1], "SAME")
    x.set_shape([None, 12, 12, 4])
    x = tf.nn.relu(norm(x)) + first
    net.output(tf.nn.sigmoid(norm(net.convolution(x, 2))), "mask")


def separable(net: Net, norm: NormOf) -> None:
    x = tf.nn.relu6(norm(net.convolution(net.image("image", IMAGE), 4)))
    for channels in (5, 4)[: net.draw.randint(1, 2)]:
        depthwise = net.weights("depthwise", [3, 3, x.get_shape().as_list()[-1], 1])
        x = tf.nn.relu6(norm(tf.nn.depthwise_conv2d(x, depthwise, [1, 1, 1, 1], "SAME")))
        x = tf.nn.relu6(norm(net.convolution(x, channels, 1)))
    net.logits(x)


def one_d(net: Net, norm: NormOf) -> None:
    x = net.image("signal", [20, 3])
    for _ in range(net.draw.randint(2, 3)):
        x = tf.nn.relu(norm(net.convolution(x, net.draw.randint(3, 5))))
    net.logits(x)


def three_d(net: Net, norm: NormOf) -> None:
    x = net.image("volume", [4, 6, 6, 2])
    for _ in range(2):
        x = tf.nn.relu(norm(net.convolution(x, net.draw.randint(3, 4))))
    net.logits(x)


def dense_only(net: Net, norm: NormOf) -> None:
    x = net.image("features", [10])
    for _ in range(net.draw.randint(2, 4)):
        x = tf.nn.relu(norm(net.dense(x, net.draw.randint(6, 12))))
    net.logits(x)


def loop_beside(net: Net, norm: NormOf) -> None:
    """A loop of convolutions, and batch norm before and behind it."""
    x = tf.nn.relu(norm(net.convolution(net.image("image", IMAGE), 4)))
    kernel = tf.identity(net.weights("conv", [3, 3, 4, 4]))

    def body(index: Any, value: Any) -> Any:
        return [index + 1, tf.nn.relu(tf.nn.conv2d(value, kernel, [1, 1, 1, 1], "SAME"))]

    x = tf.while_loop(lambda index, value: index < 3, body, [tf.constant(0), x])[1]
    net.logits(norm(net.convolution(x, 4)))


def loop_around(net: Net, norm: NormOf) -> None:
    """A loop whose body normalizes, and a layer before it."""
    x = tf.nn.relu(norm(net.convolution(net.image("image", IMAGE), 4)))
    kernel = tf.identity(net.weights("conv", [3, 3, 4, 4]))

    def body(index: Any, value: Any) -> Any:
        net.in_loop = True
        value = tf.nn.relu(norm(tf.nn.conv2d(value, kernel, [1, 1, 1, 1], "SAME")))
        net.in_loop = False
        return [index + 1, value]

    x = tf.while_loop(lambda index, value: index < 2, body, [tf.constant(0), x])[1]
    net.logits(x)


def unrolled(net: Net, norm: NormOf) -> None:
    """Steps in time written out, the same layer at each."""
    x = net.image("signal", [3, 6])
    state = tf.zeros_like(x[:, 0, :])
    for step in range(3):
        if step == 1 or step:
            net.second_tower()
        state = tf.tanh(norm(net.dense(x[:, step, :] + state, 6)))
    net.towers = False
    net.logits(state)


RANKS: Dict[Callable[[Net, NormOf], None], int] = {one_d: 3, three_d: 5, dense_only: 2, unrolled: 2}
"""The rank of what is normalized, where it is not 4."""
WIRABLE = (plain, bare, residual, preactivated, dense_only, one_d, branches, dense_blocks)
"""Topologies for designs that are about something else."""
