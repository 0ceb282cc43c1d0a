"""What is asked of a probe, and what it measured: plain data. What is wrong, `rules` say."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.errors import Absent
    from bninspect.graph import Tensor
    from bninspect.measure.companions.companions import CompanionTest
    from bninspect.measure.presets import PresetTrial
    from bninspect.statistics.distance import Difference, Rankings
    from bninspect.statistics.pooling import ImageMoments
    from bninspect.statistics.staleness import Staleness


@frozen_dataclass
class Question:
    """What to compare."""

    layers: tuple[BatchNorm, ...]
    """The layers to list; all are switched all the same."""
    patch: str | None = None
    patched: tuple[Tensor, ...] = ()
    """The tensors whose patch is wanted; empty: the output of the first layer."""
    keep: bool = False
    """Keep the outputs of both modes whole, for `--save`."""
    allowed: tuple[str, ...] = ()
    """Ops let through besides the pure ones."""
    switch: Literal["layers", "graph"] = "layers"
    """`layers`: batch norm alone changes its mode. `graph`: what decides the mode is fed, dropout and all."""
    momentum: float | None = None
    """Of the moving averages, where the user tells it."""
    seen: bool = False
    """Keep the first image, and what both modes make of it, for a person to look at."""
    verify: bool = True
    """Check the specialized graphs against the original."""
    companions: bool = True
    """Test whether an image's output depends on its companions."""
    presets: bool = True
    """Where the first layer's statistics do not fit, try every preset, and measure under the one that does.
    """


@frozen_dataclass
class InputFact:
    """What an input was fed."""

    name: str
    """The tensor: `image:0`."""
    dtype: str
    """As TensorFlow calls it: float32."""
    shape: tuple[int, ...]
    """Of all batches together."""
    source: tuple[str, ...]
    """The files, or how the numbers were drawn."""
    preset: str | None
    """How images were prepared: raw, unit, tf, caffe or torch; None where they were not."""
    drawn: bool = False
    """Whether its values are random numbers, which say nothing of stored statistics."""


@frozen_dataclass(eq=False)
class LayerMeasurement:
    """What one layer normalized in one pass, and what that says of its stored statistics."""

    moments: ImageMoments
    """Of its x, image by image, all batches together."""
    staleness: Staleness | None
    """None where the layer has no stored statistics to compare with."""

    @property
    def score(self) -> float | None:
        """How far the stored statistics are off, in standard deviations; None where that cannot be said."""
        return None if self.staleness is None else self.staleness.score

    @property
    def score_error(self) -> float | None:
        """How far the score may be off by the choice of images; None where there is no score."""
        return None if self.staleness is None else self.staleness.score_error

    @property
    def verdict(self) -> str | None:
        """fine, note, warning, error or inconclusive; None where there is nothing to compare with."""
        return None if self.staleness is None else self.staleness.verdict


@frozen_dataclass
class Gap:
    """How far one layer's output in inference mode lies from that in training mode, reduced inside
    TensorFlow. Not finite where one of the outputs is not."""

    max_abs: float
    """max |inference - training|."""
    rms: float
    """sqrt(mean (inference - training)^2)."""
    relative_l2: float
    """Euclidean norm of the difference over that of the output in training mode."""


@frozen_dataclass(eq=False)
class ProbedLayer:
    """One layer whose x was measured in both copies of the model."""

    layer: BatchNorm
    """The layer itself."""
    values: int | None
    """Per channel, of all images together; None if nothing of x was measured."""
    images: int | None
    """How many were run; of what was fed by hand, the rows of x, None if nothing of x was measured."""
    own: LayerMeasurement | None
    """x with every layer in training mode: the error is the layer's own. None where x cannot be measured."""
    deployed: LayerMeasurement | None
    """x with every layer in inference mode, as the model is deployed: the error with what it inherits."""
    difference: Gap | None
    """None where its output has no value in one of the modes, or the layer has one mode alone."""
    moving_mean: NDArray[np.float64] | None = None
    """The stored statistics, shape (channels,); None where there are none."""
    moving_variance: NDArray[np.float64] | None = None
    """As moving_mean."""
    refit: LayerMeasurement | None = None
    """As `own`, of the images prepared by the preset that fits the first layer better (`PresetTrial.better`);
    None where there is none."""
    single: bool = False
    """Whether training mode saw one value of a channel in a batch, here or at a layer before: there it gives
    beta whatever the input, so that the two modes cannot be compared."""
    training: str = "branch"
    """How training mode was brought about: `branch`, `flipped`, `kept`, or `left`: it could not be, and the
    layer ran in its only mode in both copies (see `rewrite.LayerChange`).
    """
    inference: str = "branch"
    """How inference mode was brought about, as training."""

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name

    @property
    def own_staleness(self) -> Staleness | None:
        """How far its stored statistics are off by themselves; None where nothing stands beside them."""
        return None if self.own is None else self.own.staleness

    @property
    def deployed_staleness(self) -> Staleness | None:
        """As own_staleness, with what it inherits."""
        return None if self.deployed is None else self.deployed.staleness

    @property
    def is_guilty(self) -> bool:
        """Whether its own error is a warning or an error."""
        return self.own_staleness is not None and self.own_staleness.is_wrong

    @property
    def has_both_modes(self) -> bool:
        """Whether it ran in training mode in the one copy, and in inference mode in the other."""
        return "left" not in (self.training, self.inference)

    @property
    def inherits(self) -> bool:
        """Whether it is wrong as deployed and not by itself: its error is that of layers before it."""
        own, deployed = self.own_staleness, self.deployed_staleness
        return own is not None and own.fits and deployed is not None and deployed.is_wrong


@frozen_dataclass
class Verification:
    """Whether the specialized graphs agree with the original, fed by its own predicate."""

    state: Literal["verified", "differs", "impossible"]
    """verified, differs or impossible."""
    max_abs: float | None = None
    """The largest difference of any tensor compared; None where nothing was."""
    tensor: str | None = None
    """Where it is, if it is beyond the tolerance."""
    reason: str | None = None
    """Why it is impossible, or what differs; else None."""
    rounds: tuple[str, ...] = ()
    """Of a stripped model that was compared under several values of what decides: each (`mode:0=1`)."""
    layer_by_layer: bool = False
    """Whether no value serves the mode to all layers, so that each was compared where its own is fed."""
    by_formula: bool = False
    """Whether layers were compared with their formula, since the original never runs them in the mode."""


@frozen_dataclass
class OutputDifference:
    """One tensor in both modes."""

    name: str
    """The tensor: `logits:0`."""
    difference: Difference | None
    """None for whole numbers and booleans, which are not subtracted."""
    agreement: float | None = None
    """Share of the whole numbers or booleans that are equal; None for real numbers."""
    top: Rankings | None = None
    """The largest values of the first image; None unless the tensor has a row of them for each image."""


@frozen_dataclass(eq=False)
class SeenImage:
    """One image, and what both modes make of it."""

    source: str
    pixels: NDArray[Any]
    """(height, width, 1 to 4 channels), 0 to 255, in RGB, of the size that the model takes."""
    outputs: Mapping[str, tuple[NDArray[Any], NDArray[Any]]]
    """Name of an output -> its row of the image in training and in inference mode."""


@frozen_dataclass
class Patch:
    """One piece of one tensor in both modes."""

    tensor: str
    """Its name."""
    slice: str
    """As it was asked for: `0,22:28,22:28,0`."""
    training: NDArray[Any]
    """The numbers in training mode, in the shape of the slice."""
    inference: NDArray[Any]
    """The numbers in inference mode."""


@frozen_dataclass
class Probe:
    """All that was found by running the model in both modes."""

    report: Report
    inputs: tuple[InputFact, ...]
    fed: Mapping[str, float | bool | str]
    layers: tuple[ProbedLayer, ...]
    """In the order to be shown: of the graph unless `--sort` says otherwise."""
    outputs: tuple[OutputDifference, ...]
    patches: tuple[Patch, ...]
    skipped: tuple[Absent, ...]
    ran: bool
    """Whether the model was run at all."""
    decided: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """What was fed to decide the mode -> the values that serve training and inference, as text."""
    random: str | None = None
    """A node that draws random numbers on the way to what was compared; None where there is none."""
    kept: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """`training/<tensor>` and `inference/<tensor>` of every output, where that was asked for."""
    seen: SeenImage | None = None
    """None where that was not asked, or the inputs are no photographs."""
    verification: Verification = field(
        default_factory=lambda: Verification(state="impossible", reason="it was not asked for")
    )
    switch: Literal["layers", "graph"] = "layers"
    momentum: float | None = None
    """As the user gave it."""
    companions: CompanionTest | None = None
    """Whether an image's output depends on its companions; None where that was not asked."""
    presets: PresetTrial | None = None
    """How the presets fit the first layer; None where that was not measured."""

    @property
    def drawn(self) -> bool:
        """Whether what was fed are random numbers: they say nothing of stored statistics."""
        return any(fact.drawn for fact in self.inputs)

    @property
    def guilty(self) -> tuple[str, ...]:
        """Names of the layers whose own error is a warning or an error, in graph order; none where what was
        fed are random numbers."""
        if self.drawn:
            return ()
        order = {layer.name: index for index, layer in enumerate(self.report.layers)}
        names = [one.name for one in self.layers if one.is_guilty]
        return tuple(sorted(names, key=order.__getitem__))
