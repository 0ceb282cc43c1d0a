"""Every threshold that a verdict hangs on, in one place, each with where it comes from.

How far rounding may go in a comparison of two runs stands beside that comparison (`measure.companions`,
`measure.verify`): it says nothing of a model.

W is the gap between the modes in standard deviations of the layer's output before gamma; S its root mean
square over the channels beyond what the choice of images explains (`staleness`).
"""

from __future__ import annotations

NOTE = 0.1
"""S from here is a note: the modes are a tenth of a standard deviation apart."""
SURE = 0.05
"""A standard error of re-estimated statistics up to here is enough: half of what is noted."""
WARNING = 0.3
"""S from here is a warning: with d = 0 it is a variance wrong by a factor of 1.7."""
ERROR = 0.6
"""S from here is an error: the scale of statistics never updated, whose W is near 1 and more."""

SIGNIFICANT = 3.0
"""mean W^2 beyond this many mean F is no accident of the images. With I > 1 images it is taken (I/(I - 1))^3
times: F is estimated from I - 1 differences, and all layers before this one ran on the batch statistics of as
few images. Of three networks as in tests/networks (six layers each, trained 600 steps; 500 and more draws of
test images each, on which the power was chosen too) a healthy layer is blamed in 0.06, 0.08, 0.02 and 0 % of
draws of 2, 3, 4 and 8 images; with I/(I - 1) in 1.2, 0.26, 0.08 and 0 %: on 2 images, nearly every other
model of 50 layers. Layers never updated are found in 38, 66, 71, 84 and 100 % of draws of 2, 3, 4, 8 and 16
images and are inconclusive in the others."""
UNDECIDED = 0.2
"""S from here is too near WARNING to be called fine where it is not significant. Of layers of those
networks with S = 0.35 (means off) and 0.37 (variances off) none passes for fine in any draw; without this
limit 11 and 15 % do on 2 images."""
BENT = 2.0
"""S of right statistics behind layers that normalized n values of a channel with their own moments is this
over n at most. Of networks trained on digits (tests/networks), 256 test images, the last layer scores 0.48
where n is 4 (images one by one, maps of 2x2), 0.22, 0.10 and 0.01 for 8, 16 and 32."""
DECIDABLE = 0.01
"""Mean F below which "not significant" means fine: noise alone is then a W of 0.1 (NOTE); above it nothing is
known."""
SINGLE_IMAGE_FLOOR = 1.5
"""F of one image, whose spread over images cannot be seen: 1 for its mean (the whole variance between
images), and half for its variance (that of one normal value squared, 2/4)."""

EXTREME_D = 5.0
"""|d| beyond it is clipped by Batch Renormalization (Ioffe 2017, arXiv:1702.03275: d_max = 5).
"""
EXTREME_R = 3.0
"""r outside [1/3, 3] is clipped by Batch Renormalization (the same: r_max = 3)."""
EXTREME_SIGNIFICANT = 10.0
"""One channel of thousands is extreme only where its W^2 is beyond this many F (its own, the mean of the
layer, and 1.5/I, whichever is largest): sparse channels of a healthy net are outside those clips for 72 % of
single images."""
DEAD_GAMMA = 1e-3
"""A channel whose |gamma| is this share of the layer's median does not reach the output: pruned."""

FIT_AGREES = 0.1
"""Shares fitted to the mean and to the variance apart may differ by this: an average has one share for both.
"""
CONVERGED = 0.95
"""A share from here is a converged average: what is left of the start is then within the noise of a probe."""
FIT_DETERMINED = 0.1
"""Root mean square over the channels, in standard deviations, of what a share is fitted to; below it the fit
is of noise."""
FIT_EXPLAINS = 0.75
"""Share of the squared gap between stored and measured statistics that the fit explains at least, where it
holds."""
FIT_MISSES = 0.5
"""Standard deviations by which a fitted average may miss what is stored, in the median channel."""
LEFT_WHEN_DONE = 0.01
"""What may be left of an average's start where the steps it still takes are counted: 1 % of it."""
GOOD_START = 16
"""Images to ask for where one was given, whose spread cannot be seen: layers never updated are found in every
draw of so many (see SIGNIFICANT)."""

NEAR_INITIAL_MEAN = 1e-3
"""A moving mean within this of 0 in every channel has all but never moved: one update with momentum 0.99 on
means of a tenth of a standard deviation goes as far."""
NEAR_INITIAL_VARIANCE = 1e-2
"""A moving variance within this of 1 in every channel, likewise."""

COLLAPSED = 1e-4
"""A variance of at most this share of the layer's median, and of at most epsilon, is that of a channel that
is the same everywhere. Of the 6,660 channels of trained layers at hand the smallest share of a live one is
4e-3, the largest of a dead one 4e-34."""
VANISHED = 1e-12
"""A variance of at most this is 0 whatever the others of its layer are."""
EXTREME_GAIN = 1e3
"""gamma/sqrt(variance + epsilon) from which a collapsed channel blows up what is rounding elsewhere. The
largest gain of a trained layer at hand is 31."""
DEAD_MEAN = 1e-3
"""A collapsed channel whose |mean| is at most this share of its layer's standard deviation gives 0 to whoever
looks: its weights are 0, or a ReLU before it never opens. Those of a published model are at 1e-34."""
QUIET_MEAN = 3.0
"""Moving mean over its own standard deviation, up to which a collapsed channel is one that seldom opens: its
mean and its variance are of one size. Those of two published MobileNets have 0.15 to 0.3."""
EMPTIED = 0.95
"""Share of a layer's collapsed channels that show they are dead, above which all of them are: a published
tagger of music has 1,039 of 1,082 such channels in one layer, and the 43 others are the offsets of channels
that its earlier layers have pruned. A lost variance stands beside channels that live.
"""
DEAD_WEIGHTS = 1e-2
"""A channel whose weights have this share of the norm of the layer's median live ones gives one value
whatever the image. Of published models decayed weights have 1e-31 to 6e-3."""
HARMFUL_GAIN = 3.0
"""Gain of a collapsed channel over the median gain of the live ones, from which what rounding or another
image puts there outweighs them. A variance lost makes it 13 and more on the digits of tests/networks; two
dead channels of a published model have 1.7."""
DOMINANT_EPSILON = 1.0
"""epsilon from this share of the median variance is more than the variance: it takes 30 % and more off the
layer's scale. Of 36 published models two have a layer beyond it."""
LARGE_EPSILON = 0.1
"""Share of the median variance from which an epsilon counts that no framework writes: 5 % off the scale."""
USUAL_EPSILON = 0.01
"""The largest epsilon that TensorFlow, Keras and TF-Slim write unasked is 1e-3. Weights that are trained with
one of at most this make up for it."""
OUTLYING_EPSILON = 10.0
"""An epsilon this many times that of most layers is an outlier, if it is also NOTICEABLE_EPSILON of the
median variance."""
NOTICEABLE_EPSILON = 0.01
"""Share of the median variance below which epsilon takes less than 0.5 % off the layer's scale."""
HALF_LARGEST = 65504.0
"""The largest finite float16."""
HALF_SMALLEST = 2.0**-25
"""Up to here a positive number becomes 0 in float16."""

MOST_OF_START = 0.05
"""A larger share of what a moving average started from still counts after training: what is left of a
variance that starts at 1 is then 5 % of an initial one."""
LEAST_MOMENTUM = 0.8
"""Below it the last batch makes more than a fifth of the moving statistics, and the last ten nearly all."""

MOST_LAYERS = 0.5
"""More than this share of the layers is most of them: what they have in common is the training's doing."""

FEWEST_VALUES = 1000
"""Values of a channel below which an estimate is called poor: so many independent ones give the mean to
3 % of a standard deviation and the variance to 4.5 % (1/sqrt(n) and sqrt(2/n), for normal values)."""
FEWEST_IMAGES = 32
"""Images below which it is, too: what differs from image to image has then a mean known to 0.18 standard
deviations (1/sqrt(32)), which more pixels do not change."""

STALE_THROUGHOUT = 0.5
"""From this share of the layers on, stale statistics are no matter of single layers. Chosen, not measured: it
words a diagnosis and decides none."""
GROWS_WITH_DEPTH = 0.5
"""Rank correlation (Spearman) of own error and depth from which the error grows with depth. In random order
it is reached by 15 % of models of 6 layers, 7 % of 10, 1.2 % of 20: it words a diagnosis and decides none."""
ONE_FACTOR = 0.15
"""Half the interquartile range of ln r over the channels, up to which r is one factor for all of them. On the
digits of tests/networks it is at most 0.05 in healthy layers; at the first layer 0.01 where the images are
255 times as large, 0.03 and 0.07 where they are scaled and shifted (tf for unit)."""

OUTPUTS_APART = 0.5
"""Relative L2 of an output from which its two modes disagree. On the digits of tests/networks, 64 test images
in batches of 32, healthy models have 0.11 to 0.28, those with one layer of six never updated 0.48 to 0.87,
with all of them 1.3 and more."""
TOP1_FLIPPED = 0.1
"""Share of images whose top-1 flips from which they do. On the same digits 0 to 3 % flip in healthy models,
and 66 % and more where no layer was ever updated."""

CLEARLY_BETTER = 1.5
"""The next preset's gap over the best one's, from which the best is the only one that is named."""
MANY_TIMES = 2.0
"""The given preset's gap over the best one's, from which the best explains most of it: three quarters of its
square. Of five healthy published models with a wrong preset W is 1.3 to 372, with the right one 0.41 to 0.82;
of one whose deeper layers hold each other's statistics it is 0.22 and 0.20."""
MOST_GAP = 10.0
"""A channel counts for no more than this in the gap of a preset, so that no dead one decides alone."""
IMAGES_FOR_ORDER = 4
"""How many images it takes to tell the order of the colours, which moves few filters."""
LEAST_SHARE = 0.05
"""A moving average that came no farther says nothing of where it goes: what is stored, over its share, has
its errors 20 times as large."""
