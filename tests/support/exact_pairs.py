"""Float networks that have an exact pair, and data for them."""

import numpy as np

from tospike.gen.data.datasets import DataSet
from tospike.sim.network import Activation, AveragePool2d, Conv2d, Dense, InputSpec, Network, Stage, Window


def data_of(x):
    labels = np.zeros(len(x), dtype=np.int64)
    return DataSet(name="data", split="half of all", x=x, y=labels, train_x=x[::2], train_y=labels[::2])


def dense_network(rng, sizes):
    shapes = list(zip(sizes[1:], sizes, strict=False))
    stages = [
        Stage(
            name=f"fc{number}",
            synapses=Dense(weight=rng.normal(size=shape), bias=rng.random(shape[0])),
            neuron=Activation(relu=number < len(shapes) - 1),
        )
        for number, shape in enumerate(shapes)
    ]
    return Network(name="dense", input=InputSpec(inputs=sizes[0]), stages=tuple(stages))


def image_network(rng):
    first = Conv2d(shape=(2, 6, 5), weight=rng.normal(size=(3, 2, 3, 3)), bias=rng.normal(size=3), stride=(2, 1))
    second = Conv2d(
        shape=first.output_shape, weight=rng.normal(size=(4, 3, 2, 2)), bias=rng.normal(size=4), padding=(1, 1, 1, 1)
    )
    last = Dense(weight=rng.normal(size=(3, second.outputs)), bias=rng.normal(size=3))
    stages = (
        Stage(name="conv1", synapses=first, neuron=Activation(relu=True)),
        Stage(name="conv2", synapses=second, neuron=Activation(relu=True)),
        Stage(name="fc", synapses=last, neuron=Activation(relu=False)),
    )
    return Network(name="image", input=InputSpec(inputs=60), stages=stages)


def pooled_network(rng):
    first = Conv2d(shape=(2, 8, 8), weight=rng.normal(size=(3, 2, 3, 3)), bias=rng.normal(size=3), padding=(1,) * 4)
    tiles = AveragePool2d(shape=first.output_shape, window=Window(kernel=(2, 2), stride=(2, 2)))
    second = Conv2d(
        shape=tiles.output_shape, weight=rng.normal(size=(4, 3, 3, 3)), bias=rng.normal(size=4), padding=(1,) * 4
    )
    columns = AveragePool2d(shape=second.output_shape, window=Window(kernel=(2, 1), stride=(2, 1)))
    last = Dense(weight=rng.normal(size=(3, columns.outputs)), bias=rng.normal(size=3))
    relu, linear = Activation(relu=True), Activation(relu=False)
    stages = (
        Stage(name="conv1", synapses=first, neuron=relu),
        Stage(name="pool1", synapses=tiles, neuron=linear),
        Stage(name="conv2", synapses=second, neuron=relu),
        Stage(name="pool2", synapses=columns, neuron=linear),
        Stage(name="fc", synapses=last, neuron=linear),
    )
    return Network(name="pooled", input=InputSpec(inputs=128), stages=stages)
