"""What decides a mode: placeholders, defaults, constants, and all that people compute of them.

Each returns a tensor that is true for training, or a Python bool that the file then fixes.
"""

from typing import Any, Callable, Dict

from tests.generated.building.net import Net
from tests.generated.building.tensorflow1 import tf

BOTH = [False, True]


def placeholder(net: Net) -> Any:
    return net.source("training", tf.bool, BOTH)


def default_false(net: Net) -> Any:
    return net.source("training", tf.bool, BOTH, default=False)


def default_true(net: Net) -> Any:
    return net.source("training", tf.bool, BOTH, default=True)


def shape_of_one(net: Net) -> Any:
    return tf.reshape(net.source("training", tf.bool, [[False], [True]], shape=[1]), [])


def negation(net: Net) -> Any:
    return tf.logical_not(net.source("serving", tf.bool, BOTH))


def negation_twice(net: Net) -> Any:
    return tf.logical_not(tf.logical_not(placeholder(net)))


def negated_default(net: Net) -> Any:
    return tf.logical_not(net.source("serving", tf.bool, BOTH, default=True))


def and_constant(net: Net) -> Any:
    return tf.logical_and(placeholder(net), tf.constant(True))


def xor_constant(net: Net) -> Any:
    return tf.logical_xor(net.source("serving", tf.bool, BOTH), tf.constant(True))


def integer(net: Net) -> Any:
    return tf.cast(net.source("phase", tf.int32, [0, 1]), tf.bool)


def integer_equal(net: Net) -> Any:
    return tf.equal(net.source("phase", tf.int32, [0, 1]), 1)


def integer_of_three(net: Net) -> Any:
    return tf.equal(net.source("mode", tf.int32, [0, 1, 2]), 0)


def step(net: Net) -> Any:
    return tf.less(net.source("step", tf.int32, [10, 1000]), 100)


def conjunction(net: Net) -> Any:
    return tf.logical_and(placeholder(net), net.source("adapts", tf.bool, BOTH))


def disjunction_negated(net: Net) -> Any:
    return tf.logical_not(
        tf.logical_or(net.source("serving", tf.bool, BOTH), net.source("frozen", tf.bool, BOTH))
    )


def constant_true(net: Net) -> Any:
    return tf.constant(True)


def constant_false(net: Net) -> Any:
    return tf.constant(False)


def always(net: Net) -> Any:
    return True


def never(net: Net) -> Any:
    return False


Predicate = Callable[[Net], Any]
PLAIN = (placeholder, default_false, default_true)
NEGATED = (negation, negation_twice, negated_default, xor_constant)
COMPUTED = (
    shape_of_one,
    and_constant,
    xor_constant,
    integer,
    integer_equal,
    integer_of_three,
    step,
    conjunction,
    disjunction_negated,
)
FIXED = (always, never, constant_true, constant_false)


def one(net: Net, kinds: Any) -> Callable[[], Any]:
    """One of these for every layer: a function that each layer asks, and that builds it once."""
    chosen = net.draw.choice(kinds)
    net.note("predicate:" + chosen.__name__)
    made: Dict[str, Any] = {}

    def decide() -> Any:
        if "it" not in made:
            made["it"] = chosen(net)
        return made["it"]

    return decide


def usual(net: Net) -> Callable[[], Any]:
    """What designs take that are about something else: mostly a placeholder."""
    return one(net, PLAIN * 3 + NEGATED + FIXED[:2] + COMPUTED[:3])


def opposed(net: Net) -> Callable[[], Any]:
    """Every other layer trains when the rest serves."""
    return _turn(net, lambda: [placeholder(net), tf.logical_not(placeholder(net))], "opposed")


def two(net: Net) -> Callable[[], Any]:
    """Every other layer has a source of its own."""
    return _turn(net, lambda: [placeholder(net), net.source("adapts", tf.bool, BOTH)], "two sources")


def frozen_backbone(net: Net) -> Callable[[], Any]:
    """The first layers serve, whatever is fed."""
    return _turn(net, lambda: [False, False, placeholder(net), placeholder(net)], "frozen backbone")


def partly_training(net: Net) -> Callable[[], Any]:
    """One layer always trains."""
    return _turn(net, lambda: [True, placeholder(net), placeholder(net)], "partly training")


def _turn(net: Net, kinds: Callable[[], Any], words: str) -> Callable[[], Any]:
    net.note("predicate:" + words)
    count = [0]

    def decide() -> Any:
        made = kinds()
        count[0] += 1
        return made[(count[0] - 1) % len(made)]

    return decide
