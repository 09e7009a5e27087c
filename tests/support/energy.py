"""Small designs of each kind, for what prices them."""

from tospike.hw.params import (
    AcceleratorParams,
    ArrayParams,
    DenseLayer,
    EncoderParams,
    IntFormat,
    LifParams,
    LiParams,
    Readout,
    SpikingParams,
    SystolicParams,
)

ARRAY = ArrayParams(rows=1, cols=4, act=IntFormat(bits=4, signed=False), weight_bits=4, acc_bits=16)


ANN = AcceleratorParams(
    name="ann",
    engines=(
        SystolicParams(
            array=ARRAY,
            layers=(DenseLayer(rows=1, inputs=7, outputs=6, clamp=(0, 15)), DenseLayer(rows=1, inputs=6, outputs=3)),
        ),
    ),
)


PAYLOAD = IntFormat(bits=4, signed=False)


SNN = AcceleratorParams(
    name="snn",
    engines=(
        EncoderParams(inputs=7, steps=5, payload=PAYLOAD),
        SpikingParams(
            inputs=7, neurons=6, lanes=4, payload=PAYLOAD, weight_bits=4, bias=True, neuron=LifParams(threshold=20)
        ),
        SpikingParams(
            inputs=6,
            neurons=3,
            lanes=2,
            weight_bits=3,
            neuron=LiParams(state_bits=9),
            readout=Readout.MEMBRANE,
        ),
    ),
)
