"""Writers of batch norm: the layers of the libraries, and layers written by hand.

A writer takes (net, x, training, scope) and gives a `Written`; `training` is a predicate or a Python bool.
Every draw is made before it is called, so that all readings of a network draw alike.
"""

from typing import Any, Callable, Dict, List, NamedTuple, Optional

from tests.generated.building import averages, choosing, formulas
from tests.generated.building.net import Net, Norm, Written
from tests.generated.building.tensorflow1 import HAS_CONTRIB, contrib, tf

MOMENTUM = 0.9


class Style(NamedTuple):
    """All draws of one layer."""

    kind: str
    epsilon: float
    scale: bool
    center: bool
    moments: Any = formulas.library
    formula: Any = formulas.batch_normalization
    choice: Any = choosing.cond
    of_outputs: bool = False
    inside: bool = False
    average: Any = averages.plain


def libraries(net: Net, rank: int) -> List[str]:
    """The kinds of the libraries that this TensorFlow has for x of this rank."""
    kinds = ["layers"] + (["layers fused"] * 2 if rank == 4 else [])
    kinds += ["channels first"] if rank == 4 else []
    if HAS_CONTRIB and rank in (2, 4):
        kinds += ["contrib"] + (["contrib fused"] if rank == 4 else [])
    return kinds


def style(net: Net, kinds: List[str], **fixed: Any) -> Style:
    """A drawn style of one of these kinds; `fixed` holds what is not to be drawn, or tuples to draw from."""
    draws: Dict[str, Any] = {
        "kind": tuple(kinds),
        "epsilon": (1e-3, 1e-3, 1e-5 * 2, 1e-2),
        "scale": (True, True, True, False),
        "center": (True, True, True, False),
        "moments": (formulas.library,),
        "formula": (formulas.batch_normalization,),
        "choice": choosing.CONDS,
        "of_outputs": (False, True),
        "inside": (False, True),
        "average": (averages.plain,),
    }
    draws.update(fixed)
    return Style(**{name: net.draw.choice(draws[name]) for name in sorted(draws)})


def norm(net: Net, x: Any, decide: Callable[[], Any], drawn: Style, scope: Optional[str] = None) -> Any:
    """A batch norm of this style, recorded; gives its output."""
    scope = scope or net.scope("bn")
    asked = decide()
    training = asked if net.reading == "file" else net.reading == "training" or len(net.norms) in net.absent
    net.note("norm:" + drawn.kind)
    first = drawn.kind == "channels first"
    x = tf.transpose(x, [0, 3, 1, 2]) if first else x
    made = WRITERS[drawn.kind](net, x, training, scope, drawn)
    net.norms.append(_record(net, scope, drawn, x, made, 1 if first else -1))
    return tf.transpose(made.y, [0, 2, 3, 1]) if first else made.y


def _record(net: Net, scope: str, drawn: Style, x: Any, made: Written, axis: int) -> Norm:
    names = (made.mean, made.variance, made.gamma, made.beta)
    return Norm(scope, drawn.kind, x, made.y, *names, drawn.epsilon, axis, net.in_loop)


def layers(net: Net, x: Any, training: Any, scope: str, drawn: Style) -> Written:
    y = tf.layers.batch_normalization(
        x,
        axis=1 if drawn.kind == "channels first" else -1,
        momentum=MOMENTUM,
        epsilon=drawn.epsilon,
        center=drawn.center,
        scale=drawn.scale,
        training=training,
        fused=drawn.kind == "layers fused",
        name=scope,
        reuse=net.towers or None,
    )
    return _named(y, scope, drawn)


def contrib_layers(net: Net, x: Any, training: Any, scope: str, drawn: Style) -> Written:
    y = contrib().layers.batch_norm(
        x,
        decay=MOMENTUM,
        epsilon=drawn.epsilon,
        center=drawn.center,
        scale=drawn.scale,
        is_training=training,
        fused=drawn.kind == "contrib fused",
        scope=scope,
        reuse=net.towers or None,
    )
    return _named(y, scope, drawn)


def _named(y: Any, scope: str, drawn: Style) -> Written:
    gamma = scope + "/gamma" if drawn.scale else None
    beta = scope + "/beta" if drawn.center else None
    return Written(y, scope + "/moving_mean", scope + "/moving_variance", gamma, beta)


def by_hand(net: Net, x: Any, training: Any, scope: str, drawn: Style) -> Written:
    """A layer of arithmetic; its choice is of statistics, or of outputs."""
    shape = x.get_shape().as_list()
    axes = list(range(len(shape) - 1))
    with tf.variable_scope(scope, reuse=net.towers):
        gamma = net.variable("gamma", shape[-1:]) if drawn.scale else None
        beta = net.variable("beta", shape[-1:]) if drawn.center else None
        outside = drawn.moments(x, axes)
        kept = drawn.average(net, outside, training, shape[-1:])

        def of(statistics: Any) -> Any:
            return drawn.formula(x, statistics[0], statistics[1], gamma, beta, drawn.epsilon)

        def batch() -> Any:
            moments = drawn.moments(x, axes) if drawn.inside else outside
            with tf.control_dependencies(kept.updates()):
                return tuple(tf.identity(one) for one in moments) if kept.forced else moments

        if drawn.of_outputs:
            (y,) = choosing.choose(
                net, drawn.choice, training, lambda: (of(batch()),), lambda: (of(kept.stored),)
            )
        else:
            y = of(choosing.choose(net, drawn.choice, training, batch, lambda: kept.stored))
    return _by_hand(y, kept, gamma, beta)


def fused_by_hand(net: Net, x: Any, training: Any, scope: str, drawn: Style) -> Written:
    """Two fused ops, of which a choice takes one."""
    channels = x.get_shape().as_list()[-1:]
    with tf.variable_scope(scope, reuse=net.towers):
        gamma, beta = net.variable("gamma", channels), net.variable("beta", channels)
        kept = averages.plain(net, (), training, channels)

        def batch() -> Any:
            return (tf.nn.fused_batch_norm(x, gamma, beta, epsilon=drawn.epsilon, is_training=True)[0],)

        def stored() -> Any:
            mean, variance = kept.stored
            made = tf.nn.fused_batch_norm(
                x, gamma, beta, mean, variance, epsilon=drawn.epsilon, is_training=False
            )
            return (made[0],)

        (y,) = choosing.choose(net, drawn.choice, training, batch, stored)
    return _by_hand(y, kept, gamma, beta)


def _by_hand(y: Any, kept: Any, gamma: Any, beta: Any) -> Written:
    names = [None if one is None else one.op.name for one in (gamma, beta)]
    return Written(y, kept.mean, kept.variance, names[0], names[1])


WRITERS: Dict[str, Callable[[Net, Any, Any, str, Style], Written]] = {
    "layers": layers,
    "layers fused": layers,
    "channels first": layers,
    "contrib": contrib_layers,
    "contrib fused": contrib_layers,
    "hand": by_hand,
    "fused by hand": fused_by_hand,
}
