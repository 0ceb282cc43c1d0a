"""A model of Keras 3 or tf_keras with known weights, saved in every format of its time."""

from __future__ import annotations

import importlib
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.run import messages
from tests.support.pictures import tensorflow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

LIBRARIES = ("keras", "tf_keras")
FORMATS = (
    ("keras", ("model.keras", "model.h5", "exported", "saved_model", "frozen.pb")),
    ("tf_keras", ("model.keras", "model.h5", "exported", "saved_model", "frozen.pb")),
)
"""What each library saves: Keras 3 has no `save_format="tf"` any more, and TensorFlow saves its models
itself.
"""
LAYERS = (("bn_first", 1e-3, 4), ("bn_inside", 1e-5, 4), ("bn_rows", 1e-2, 5))
"""Name, epsilon and channels of the batch norms, in graph order: behind a convolution, in a model inside the
model, of a matrix.
"""
PARAMETERS = ("gamma", "beta", "moving_mean", "moving_variance")


@dataclass(frozen=True)
class SavedModels:
    """One model, and the folder where it stands in every format."""

    library: str
    model: Any
    folder: Path

    def weights(self, layer: str) -> dict[str, NDArray[Any]]:
        """Gamma, beta, moving mean and moving variance of one of `LAYERS`, as the model has them."""
        inner = self.model.get_layer("inner")
        holder = inner if layer == "bn_inside" else self.model
        return dict(zip(PARAMETERS, holder.get_layer(layer).get_weights(), strict=True))

    def predict(self, image: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(self.model(image, training=False))


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing of what Keras has to say about saving."""
    with warnings.catch_warnings(), messages.quiet():
        warnings.simplefilter("ignore")
        yield


def library(name: str) -> Any:
    """keras or tf_keras, on the TensorFlow that the product loads."""
    tensorflow()
    with quiet():
        return importlib.import_module(name)


def saved_training(folder: Path) -> None:
    """A model of tf_keras with two layers called with training=True, of images and of rows."""
    tensorflow()
    keras = library("tf_keras")
    layers = keras.layers
    with quiet():
        image = layers.Input((8, 8, 3), name="image")
        x = layers.BatchNormalization(name="bn_images")(image, training=True)
        x = layers.Dense(5, name="dense")(layers.GlobalAveragePooling2D()(x))
        x = layers.BatchNormalization(name="bn_rows")(x, training=True)
        model = keras.Model(image, x, name="net")
        draw(model)
        model.save(str(folder / "model.keras"))
        model.save(str(folder / "model.h5"))
        model.save(str(folder / "saved_model"), save_format="tf")


def saved(name: str, folder: Path) -> SavedModels:
    """The model of this library, in every format."""
    tf, keras = tensorflow(), library(name)
    with quiet():
        model = build(keras)
        model.compile("sgd", "mse")
        model.save(str(folder / "model.keras"))
        model.save(str(folder / "model.h5"))
        model.export(str(folder / "exported"))
        if name == "tf_keras":
            model.save(str(folder / "saved_model"), save_format="tf")
        else:
            tf.saved_model.save(model, str(folder / "saved_model"))
        (folder / "frozen.pb").write_bytes(frozen(tf, model))
    return SavedModels(name, model, folder)


def build(keras: Any) -> Any:
    """A model whose every weight is drawn by a seed."""
    layers = keras.layers
    inside = layers.Input((8, 8, 4), name="inside")
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(inside)
    x = layers.BatchNormalization(epsilon=LAYERS[1][1], name="bn_inside")(x)
    inner = keras.Model(inside, x, name="inner")
    image = layers.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", name="conv")(image)
    x = layers.BatchNormalization(name="bn_first")(x)
    x = inner(layers.Activation("relu")(x))
    x = layers.Dense(5, name="dense")(layers.GlobalAveragePooling2D()(x))
    x = layers.BatchNormalization(epsilon=LAYERS[2][1], name="bn_rows")(x)
    model = keras.Model(image, layers.Softmax(name="probabilities")(x), name="net")
    draw(model)
    return model


def draw(model: Any) -> None:
    """Gives every weight a value drawn by a seed, variances and gammas positive ones."""
    numbers = np.random.default_rng(11)
    for variable in model.weights:
        value = numbers.normal(0, 0.5, tuple(variable.shape))
        positive = "variance" in variable.name or "gamma" in variable.name
        variable.assign(numbers.uniform(0.3, 3.0, value.shape) if positive else value)


def frozen(tf: Any, model: Any) -> bytes:
    """The model frozen as TensorFlow's users do it."""
    convert = importlib.import_module("tensorflow.python.framework.convert_to_constants")
    function = tf.function(lambda image: model(image, training=False))
    concrete = function.get_concrete_function(tf.TensorSpec((None, 8, 8, 3), tf.float32, name="image"))
    constants = convert.convert_variables_to_constants_v2(concrete)
    data: bytes = constants.graph.as_graph_def().SerializeToString()
    return data
