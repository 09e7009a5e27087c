import pytest

from tospike.hw.params import (
    AcceleratorParams,
    ArrayParams,
    Dataflow,
    DenseLayer,
    EncoderParams,
    Encoding,
    HostInput,
    HostOutput,
    InputError,
    IntFormat,
    LifParams,
    LiParams,
    NeuronKind,
    Readout,
    SpikingParams,
    SystolicParams,
    TokenFormat,
)


@pytest.mark.parametrize(
    ("bits", "signed", "low", "high"),
    [(1, False, 0, 1), (1, True, -1, 0), (8, True, -128, 127), (8, False, 0, 255)],
)
def test_int_format_range(bits, signed, low, high):
    fmt = IntFormat(bits=bits, signed=signed)
    assert (fmt.min, fmt.max) == (low, high)
    assert fmt.holds(low) and fmt.holds(high)
    assert not fmt.holds(low - 1) and not fmt.holds(high + 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ArrayParams(rows=0, cols=8), "rows must be an integer from 1 to 256, not 0"),
        (lambda: ArrayParams(rows=8, cols=8, weight_bits=10), "weight-bits must be .* 1 to 9, not 10"),
        (
            lambda: ArrayParams(rows=8, cols=8, weight_bits=1, dataflow=Dataflow.WS),
            "weight-bits 1 needs dataflow os: .* give dataflow os, or 2 weight-bits",
        ),
        (lambda: ArrayParams(rows=8, cols=8, acc_bits=12), "acc-bits must be .* 16 to 32, not 12"),
        (lambda: ArrayParams(rows=True, cols=8), "rows must be .*, not True"),
        (lambda: SpikingParams(inputs=4, neurons=4, lanes=65), "lanes must be .* 1 to 64, not 65"),
        (
            lambda: SpikingParams(inputs=4, neurons=4, neuron=LiParams()),
            "LI neurons do not spike",
        ),
        (lambda: LifParams(state_bits=8, threshold=127), "threshold must be .* 0 to 126, not 127"),
        (
            lambda: EncoderParams(inputs=4, steps=2, encoding=Encoding.RATE, payload=IntFormat(bits=8, signed=True)),
            "rate encoding needs unsigned",
        ),
        (
            lambda: SystolicParams(
                array=ArrayParams(rows=1, cols=1),
                layers=(
                    DenseLayer(rows=1, inputs=2, outputs=3, clamp=(0, 127)),
                    DenseLayer(rows=1, inputs=4, outputs=1),
                ),
            ),
            "layer 0 gives 1 x 3 values but layer 1 takes 1 x 4",
        ),
        (lambda: SystolicParams(array=ArrayParams(rows=1, cols=1), layers=()), "at least one layer"),
        (
            lambda: AcceleratorParams(
                name="a",
                engines=(SpikingParams(inputs=4, neurons=3),),
                host_input=HostInput.TOKENS,
                host_output=HostOutput.ARGMAX,
            ),
            "argmax needs a frame of values: .* count or membrane, not spikes",
        ),
        (lambda: AcceleratorParams(name="2x", engines=(EncoderParams(inputs=4, steps=1),)), "identifier"),
    ],
)
def test_bad_parameters_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_chain_formats_must_agree():
    encoder = EncoderParams(inputs=4, steps=2)
    engine = SpikingParams(inputs=4, neurons=3, payload=encoder.payload)
    assert AcceleratorParams(name="good", engines=(encoder, engine)).output.addresses == 3
    with pytest.raises(InputError, match="engine 0 sends"):
        AcceleratorParams(name="bad", engines=(encoder, SpikingParams(inputs=4, neurons=3)))


def test_output_formats_follow_the_readout():
    spikes = SpikingParams(inputs=4, neurons=3)
    counts = SpikingParams(inputs=4, neurons=3, readout=Readout.COUNT, count_bits=5)
    membrane = SpikingParams(inputs=4, neurons=3, readout=Readout.MEMBRANE)
    assert spikes.output.payload == IntFormat(bits=1, signed=False)
    assert counts.output.payload == IntFormat(bits=5, signed=False)
    assert membrane.output.payload == membrane.neuron.state


@pytest.mark.parametrize(("neurons", "lanes", "words"), [(1, 1, 1), (8, 8, 1), (9, 8, 2), (10, 64, 1)])
def test_words(neurons, lanes, words):
    assert SpikingParams(inputs=1, neurons=neurons, lanes=lanes).words == words


@pytest.mark.parametrize(("addresses", "bits"), [(1, 1), (2, 1), (3, 2), (256, 8), (257, 9)])
def test_address_bits(addresses, bits):
    assert TokenFormat(addresses=addresses, payload=IntFormat(bits=1, signed=False)).address_bits == bits


def test_enum_values_are_the_command_line_words():
    assert [d.value for d in Dataflow] == ["os", "ws"]
    assert [k.value for k in NeuronKind] == ["if", "lif", "i", "li", "cubalif", "cubali", "sliding"]
