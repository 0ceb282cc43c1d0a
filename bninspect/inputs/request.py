"""What the user asks to be fed, in the words of the options INPUTS."""

from __future__ import annotations

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.inputs.data.files import image_files
from bninspect.inputs.data.spec import local_files
from bninspect.options import Assignments, Channels, Checked, Count, Preprocess, Resize, Seed, Size, Texts


@frozen_dataclass
class Request(Checked):
    """What the user asked to be fed. Raises OptionError for a value that an option cannot have."""

    images: Texts = ()
    """Files, folders, globs."""
    data: Texts = ()
    """Data sets instead: `PATH[#FIELD[=INPUT],...]` of arrays, TFRecords, tar shards or parquet, or
    `FILE.py:FUNCTION`."""
    random: Count | None = None
    """This many random images instead."""
    seed: Seed = 0
    """Of `random` and `shuffle`."""
    feeds: Assignments = ()
    """`NAME=VALUE` each: a number, a boolean or @file.npy for any other input."""
    shared: bool = False
    """Whether the feeds are those of several steps: what this one has no use for is left out, not refused."""
    input: str | None = None
    """The placeholder that takes the images, `name` or `name:0`; None finds it."""
    batch_size: Count | None = None
    """Images run together; None: all as large as they may be, and equal."""
    preprocess: Preprocess = "raw"
    """raw: 0..255, unit: 0..1, tf: -1..1, caffe and torch: by their channel means; auto: as fits the stored
    statistics of the first layer."""
    channels: Channels | None = None
    """rgb or bgr; None: bgr for the caffe preset, else rgb."""
    size: Size | None = None
    """(height, width) in pixels, or such as `224x224`; None: as the model has it."""
    resize: Resize = "stretch"
    """How images come to that size: stretch, crop (both sides alike) or pad (with black)."""
    shuffle: bool = False
    """Whether images come in a random order, which the seed decides."""
    even: bool = True
    """Whether, where nobody says how large a batch is, all are made equal; else as large as they may be."""
    batches: Count | None = None
    """Only so many batches, from the first; None: all."""
    first: Count | None = None
    """Only so many images, from the first; None: all."""
    spread: Count | None = None
    """Of these so many, as far apart as can be; None: each."""

    @property
    def has_data(self) -> bool:
        """Whether it names images or other data, which are not random."""
        return bool(self.images or self.data)

    @property
    def files(self) -> tuple[str, ...]:
        """All that is read: images, those in a folder and of a glob, too, data, and arrays to feed."""
        given = (value for _, _, value in (feed.partition("=@") for feed in self.feeds) if value)
        found = (str(file) for pattern in self.images for file in image_files(pattern))
        return (*found, *local_files(self.data), *given)
