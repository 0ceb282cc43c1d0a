"""The designs: which network, of which layers, decided by what. The seed draws what a design leaves open."""

from typing import Any, Callable, Collection, Dict, List

from tests.generated.building import averages, choosing, formulas, predicates, topologies
from tests.generated.building.net import Net
from tests.generated.building.norms import libraries, norm, style
from tests.generated.building.tensorflow1 import tf

Design = Callable[[Net], None]


def _network(net: Net, topology: Any, decide: Callable[[], Any], hand: bool = True) -> None:
    """A topology with layers of any library, or written by hand; one style for all, or each its own."""
    rank = topologies.RANKS.get(topology, 4)
    kinds = libraries(net, rank) + (["hand"] if hand else [])
    kinds += ["fused by hand"] if hand and rank == 4 else []
    fixed = {"moments": formulas.MOMENTS[:4], "formula": formulas.FORMULAS[:4]}
    shared = net.draw.random() < 0.5 or topology in (topologies.siamese, topologies.unrolled)
    first = style(net, kinds, **fixed)
    topology(net, lambda x: norm(net, x, decide, first if shared else style(net, kinds, **fixed)))


def _reader(net: Net, decide: Callable[[], Any]) -> None:
    """At times something beside batch norm asks for the mode: a dropout behind the last output."""
    asked, wanted = decide(), net.draw.random() < 0.3
    if not wanted or isinstance(asked, bool):
        return
    net.note("dropout")
    last = net.outputs.pop()
    if net.reading == "file":
        last = tf.cond(asked, lambda: tf.nn.dropout(last, 0.5, seed=3), lambda: tf.identity(last))
    net.output(last, "dropped")


def _topology(shape: Any) -> Design:
    def design(net: Net) -> None:
        decide = predicates.usual(net)
        _network(net, shape, decide)
        _reader(net, decide)

    return design


def loops(net: Net) -> None:
    shape = net.draw.choice((topologies.loop_beside, topologies.loop_around, topologies.unrolled))
    net.note("topology:" + shape.__name__)
    if shape is topologies.loop_around:
        _hand(net, shape, predicates.usual(net), average=(averages.plain,))
    else:
        _network(net, shape, predicates.usual(net))


def case(net: Net) -> None:
    _hand(net, _any(net), predicates.usual(net), choice=choosing.CASES)


def nested_cond(net: Net) -> None:
    _hand(net, _any(net), predicates.one(net, predicates.PLAIN), choice=choosing.NESTED)


def computed(net: Net) -> None:
    _network(net, _any(net), predicates.one(net, predicates.COMPUTED))


def negated(net: Net) -> None:
    _network(net, _any(net), predicates.one(net, predicates.NEGATED))


def opposed(net: Net) -> None:
    kinds = (predicates.opposed, predicates.two, predicates.frozen_backbone, predicates.partly_training)
    _network(net, _any(net), net.draw.choice(kinds)(net))


def select(net: Net) -> None:
    _hand(net, _any(net), predicates.one(net, predicates.PLAIN + predicates.NEGATED), choice=choosing.SELECTS)


def blended(net: Net) -> None:
    _hand(net, _any(net), predicates.one(net, predicates.PLAIN), choice=(choosing.blend,))


def written(net: Net) -> None:
    _hand(net, _any(net), predicates.usual(net), moments=formulas.MOMENTS, formula=formulas.FORMULAS)


def average(net: Net) -> None:
    _hand(net, _any(net), predicates.one(net, predicates.PLAIN), average=averages.AVERAGES)


def _any(net: Net) -> Any:
    shape = net.draw.choice(topologies.WIRABLE)
    net.note("topology:" + shape.__name__)
    return shape


def _hand(net: Net, shape: Any, decide: Callable[[], Any], **fixed: Any) -> None:
    """Layers of arithmetic, one style for all of them."""
    drawn = style(net, ["hand"], **fixed)
    for part in (drawn.moments, drawn.formula, drawn.choice, drawn.average):
        net.note("%s:%s" % (part.__module__.rpartition(".")[2], part.__name__))
    net.note("of outputs" if drawn.of_outputs else "of statistics")
    shape(net, lambda x: norm(net, x, decide, drawn))


DESIGNS: Dict[str, Design] = {
    "residual": _topology(topologies.residual),
    "preactivated": _topology(topologies.preactivated),
    "dense": _topology(topologies.dense_blocks),
    "branches": _topology(topologies.branches),
    "siamese": _topology(topologies.siamese),
    "encoder and decoder": _topology(topologies.encoder_decoder),
    "separable": _topology(topologies.separable),
    "1-D": _topology(topologies.one_d),
    "3-D": _topology(topologies.three_d),
    "dense only": _topology(topologies.dense_only),
    "loops": loops,
    "case": case,
    "nested cond": nested_cond,
    "computed predicates": computed,
    "negated": negated,
    "opposed": opposed,
    "Select": select,
    "blend": blended,
    "formulas": written,
    "averages": average,
}


def of_seed(seed: int) -> str:
    """The design of a seed: all of them in turn."""
    names: List[str] = list(DESIGNS)
    return names[seed % len(names)]


def build(seed: int, reading: str, absent: Collection[int] = ()) -> Net:
    """The network of a seed, built into the current graph."""
    name = of_seed(seed)
    net = Net(seed, name, reading, absent)
    DESIGNS[name](net)
    return net
