"""How a hand-written layer chooses between what the batch gives and what is stored.

Each takes a predicate (true for training) and two functions that give tuples of tensors, and gives one tuple.
"""

from typing import Any, Callable, Tuple

from tests.generated.building.net import Net
from tests.generated.building.predicates import BOTH
from tests.generated.building.tensorflow1 import tf

Tensors = Tuple[Any, ...]
Branch = Callable[[], Tensors]
Choice = Callable[[Net, Any, Branch, Branch], Tensors]


def cond(net: Net, training: Any, batch: Branch, stored: Branch) -> Tensors:
    return _tuple(tf.cond(training, lambda: _copies(batch()), lambda: _copies(stored())))


def cond_of_negation(net: Net, training: Any, batch: Branch, stored: Branch) -> Tensors:
    return _tuple(tf.cond(tf.logical_not(training), lambda: _copies(stored()), lambda: _copies(batch())))


def case_default(net: Net, training: Any, batch: Branch, stored: Branch) -> Tensors:
    return _tuple(tf.case([(training, lambda: _copies(batch()))], default=lambda: _copies(stored())))


def case_both(net: Net, training: Any, batch: Branch, stored: Branch) -> Tensors:
    pairs = [
        (training, lambda: _copies(batch())),
        (tf.logical_not(training), lambda: _copies(stored())),
    ]
    return _tuple(tf.case(pairs, default=lambda: _copies(stored()), exclusive=True))


def nested(net: Net, training: Any, batch: Branch, stored: Branch) -> Tensors:
    """Exported, it serves; otherwise it is asked."""
    export = net.source("export", tf.bool, BOTH)

    def asked() -> Any:
        return tf.cond(training, lambda: _copies(batch()), lambda: _copies(stored()))

    return _tuple(tf.cond(export, lambda: _copies(stored()), asked))


def nested_same(net: Net, training: Any, batch: Branch, stored: Branch) -> Tensors:
    """The same question twice, one inside the other."""

    def asked() -> Any:
        return tf.cond(training, lambda: _copies(batch()), lambda: _copies(stored()))

    return _tuple(tf.cond(training, asked, lambda: _copies(stored())))


def nested_switch(net: Net, training: Any, batch: Branch, stored: Branch) -> Tensors:
    """A whole layer inside a branch that another source takes."""
    export = net.source("export", tf.bool, BOTH)

    def asked() -> Any:
        return tf.cond(training, lambda: _copies(batch()), lambda: _copies(stored()))

    return _tuple(tf.cond(tf.logical_not(export), asked, lambda: _copies(stored())))


def select(net: Net, training: Any, batch: Branch, stored: Branch) -> Tensors:
    return tuple(tf.where(training, one, other) for one, other in zip(batch(), stored()))


def select_of_negation(net: Net, training: Any, batch: Branch, stored: Branch) -> Tensors:
    serving = tf.logical_not(training)
    return tuple(tf.where(serving, other, one) for one, other in zip(batch(), stored()))


def select_filled(net: Net, training: Any, batch: Branch, stored: Branch) -> Tensors:
    """As TensorFlow 1 wants it where a scalar will not do: one boolean for each value."""
    return tuple(
        tf.where(tf.fill(tf.shape(one), training), one, other) for one, other in zip(batch(), stored())
    )


def blend(net: Net, training: Any, batch: Branch, stored: Branch) -> Tensors:
    """Arithmetic in place of a branch."""
    share = tf.cast(training, tf.float32)
    return tuple(share * one + (1.0 - share) * other for one, other in zip(batch(), stored()))


CONDS = (cond, cond, cond_of_negation)
CASES = (case_default, case_both)
NESTED = (nested, nested_same, nested_switch)
SELECTS = (select, select_of_negation, select_filled)


def choose(net: Net, style: Choice, training: Any, batch: Branch, stored: Branch) -> Tensors:
    """What a layer takes; a mode that is fixed in Python needs no choice."""
    if isinstance(training, bool):
        return batch() if training else stored()
    return style(net, training, batch, stored)


def _copies(values: Tensors) -> Any:
    """The same values as tensors of the branch; one alone as TensorFlow 1.4 wants it."""
    copies = [tf.identity(value) for value in values]
    return copies if len(copies) > 1 else copies[0]


def _tuple(values: Any) -> Tensors:
    return tuple(values) if isinstance(values, (list, tuple)) else (values,)
