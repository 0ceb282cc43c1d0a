"""What is fed and what variables hold, each number drawn by the seed and a name."""

import os
import zlib
from typing import Any, Dict, List, Tuple

import numpy as np

from tests.generated.building.net import Net
from tests.generated.building.tensorflow1 import session, tf
from tests.generated.building.topologies import IMAGE

IMAGES, BATCH = 16, 8
Arrays = Dict[str, Any]


def draws(seed: int, name: str) -> Any:
    """The generator that belongs to a name."""
    return np.random.RandomState((seed + zlib.crc32(name.encode())) % 2**32)


def images() -> Any:
    """uint8 (16, 12, 12, 3): blurred noise of different brightness, so that images differ as photos do."""
    draw = draws(0, "images")
    noise = draw.normal(size=[IMAGES, *IMAGE])
    for axis in (1, 2):
        noise = noise + np.roll(noise, 1, axis) + np.roll(noise, 2, axis)
    bright = draw.uniform(60, 180, (IMAGES, 1, 1, 1)) + 20 * draw.normal(size=(IMAGES, 1, 1, 3))
    return np.clip(bright + 15 * noise, 0, 255).astype(np.uint8)


def write_images(folder: str) -> None:
    """The images as PNG files `00.png` to `15.png`, encoded by TensorFlow."""
    os.makedirs(folder, exist_ok=True)
    with tf.Graph().as_default() as graph:
        pixels = tf.placeholder(tf.uint8, IMAGE)
        encoded = tf.image.encode_png(pixels)
        with session(graph) as running:
            for number, image in enumerate(images()):
                data = running.run(encoded, {pixels: image})
                with open(os.path.join(folder, "%02d.png" % number), "wb") as file:
                    file.write(data)


def batches(seed: int, net: Net) -> List[Arrays]:
    """What is fed, batch by batch: the images in two batches of 8; anything else in one of 8."""
    if takes_images(net):
        whole = images().astype(np.float32)
        return [{"image": whole[start : start + BATCH]} for start in range(0, IMAGES, BATCH)]
    fed = {}
    for name, shape in sorted(net.inputs.items()):
        scale, shift = (40, 100) if shape == IMAGE else (1.5, 0.5)
        fed[name] = (shift + scale * draws(seed, name).normal(size=[BATCH, *shape])).astype(np.float32)
    return [fed]


def takes_images(net: Net) -> bool:
    """Whether the network has one input, of images."""
    return list(net.inputs) == ["image"]


def assign(running: Any, seed: int, statistics: Arrays) -> None:
    """Gives every variable of the session's graph its value; `statistics` are those of batch norm by name."""
    for variable in tf.global_variables():
        name, shape = variable.op.name, variable.get_shape().as_list()
        value = statistics[name] if name in statistics else _drawn(seed, name, shape)
        variable.load(value.astype(variable.dtype.base_dtype.as_numpy_dtype), running)


def _drawn(seed: int, name: str, shape: List[int]) -> Any:
    """A kernel keeps the size of what it maps; gamma is around 1, a variance positive, the rest around 0."""
    draw = draws(seed, name)
    if "kernel" in name:
        fan_in = np.prod(shape[:2] if "depthwise" in name else shape[:-1])
        return draw.normal(size=shape) * np.sqrt(2.0 / fan_in)
    if "gamma" in name or "variance" in name:
        return draw.uniform(0.5, 1.5, shape)
    return draw.normal(size=shape) * 0.3


def look_trained(seed: int, name: str, mean: Any, variance: Any) -> Tuple[Any, Any]:
    """Stored statistics near these moments: a tenth of a deviation and a fifth of a variance off; of one
    network in four far off.
    """
    draw = draws(seed, name + "/statistics")
    far = 5.0 if draws(seed, "far").uniform() < 0.25 else 1.0
    deviation = np.sqrt(variance + 1e-3)
    shift = far * 0.1 * deviation * draw.normal(size=mean.shape)
    return mean + shift, variance * draw.uniform(0.8, 1.25, mean.shape) ** far + 1e-4
