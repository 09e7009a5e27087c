"""Chains of dense layers of an ANN on a systolic engine, which runs all of them."""

from tospike.gen.place.array import MOST_COLUMNS, array, needs_images, requantizer, shares_array
from tospike.gen.place.placer import Placed, Placer, Site
from tospike.hw.params import DenseLayer, SystolicParams
from tospike.sim.network import Requantize, Stage


def _place(site: Site) -> Placed | None:
    network, options = site.network, site.options
    if not shares_array(site) or needs_images(network):
        return None
    engine = SystolicParams(
        array=array(network, site, options.cols or MOST_COLUMNS),
        layers=tuple(_layer(stage) for stage in network.stages),
        requantize=requantizer(network),
        weights=options.weights,
    )
    return Placed(engine=engine, stages=network.stages)


SYSTOLIC = Placer(place=_place)


def _layer(stage: Stage) -> DenseLayer:
    clamp = stage.neuron.clamp if isinstance(stage.neuron, Requantize) else None
    return DenseLayer(rows=1, inputs=stage.dense.inputs, outputs=stage.dense.outputs, clamp=clamp)
