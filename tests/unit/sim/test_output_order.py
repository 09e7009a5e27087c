"""Networks that end in an image: one order of outputs, the network's, in float, golden model, RTL and decisions."""

from dataclasses import replace

import nir
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.accelerator_bench import answers_of
from support.beats import receive_beats
from support.conv_engine import check as check_image
from support.paths import SHARED
from support.simulators import QUICK
from support.stream_bench import END, TICK, send_tokens, simulate, value

from tospike.gen.data.datasets import load_data
from tospike.gen.emit.beat_guide import output_guide
from tospike.gen.emit.beats import output_words
from tospike.gen.load import load_network
from tospike.gen.nir.options import NirOptions
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.plan import plan
from tospike.gen.quantize.network import quantize
from tospike.gen.tools.cache import Cache
from tospike.hw.host.output import ArgmaxOutput, FirstSpikeOfImageOutput
from tospike.hw.host.renumber import Renumber
from tospike.hw.params import (
    Encoding,
    InputError,
    IntFormat,
    NeuronKind,
    Readout,
    Reset,
    TokenFormat,
)
from tospike.sim import accelerator
from tospike.sim.network import (
    Activation,
    AveragePool2d,
    Conv2d,
    Decoding,
    Dense,
    InputSpec,
    Network,
    SpikingNeuron,
    Stage,
    Window,
)
from tospike.sim.network.output_order import as_network, as_sent
from tospike.sim.network.reference import run_float
from tospike.sim.spiking.window import chain_order
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

STEPS = 6
SHAPE = (2, 4, 4)


def conv(shape, channels, kernel, seed, **changes):
    rng = np.random.default_rng(seed)
    inner = shape[0] if changes.get("groups", 1) == 1 else 1
    weight = rng.integers(-4, 8, (channels, inner, *kernel)).astype(float)
    return Conv2d(shape=shape, weight=weight, bias=np.zeros(channels), **changes)


def layers(case):
    """What the network ends in: windows of all kinds, with several positions and channels."""
    if case == "conv":
        return (conv(SHAPE, 3, (2, 3), 1),)
    if case == "conv behind conv":
        return conv(SHAPE, 2, (2, 2), 2), conv((2, 3, 3), 3, (2, 2), 3)
    if case == "strided and padded":
        return (conv(SHAPE, 2, (2, 2), 4, stride=(2, 1), padding=(1, 0, 1, 1)),)
    if case == "depthwise":
        return (conv(SHAPE, 4, (3, 3), 5, groups=2),)
    pooled = conv(SHAPE, 3, (1, 1), 6)
    weight = pooled.weight.repeat(2, axis=2).repeat(2, axis=3)
    return (replace(pooled, weight=weight, stride=(2, 2)),)


CASES = ["conv", "conv behind conv", "strided and padded", "depthwise", "conv behind a pool"]


def network_of(case, *, last=NeuronKind.IF, readout=None, decoding=Decoding.LARGEST, **law):
    stages = []
    made = layers(case)
    for number, synapses in enumerate(made):
        is_last = number == len(made) - 1
        neuron = SpikingNeuron(kind=last if is_last else NeuronKind.IF, threshold=9.0, reset=Reset.SUBTRACT, **law)
        stages.append(Stage(name=f"s{number}", synapses=synapses, neuron=neuron))
    if readout is None:
        readout = Readout.COUNT if last.spikes else Readout.MEMBRANE
    spec = InputSpec(inputs=32, steps=STEPS)
    return Network(name="image", input=spec, stages=tuple(stages), readout=readout, decoding=decoding)


def spikes(count, seed=0, rate=0.3):
    return (np.random.default_rng(seed).random((count, STEPS, 32)) < rate).astype(np.uint8)


def as_host_sends(network, x):
    first = network.stages[0].synapses
    return (x[:, :, chain_order(first.shape)] if isinstance(first, Conv2d) else x).astype(np.int64)


def design_of(network, x, **options):
    return plan(quantize(network, x).network, PlanOptions(lanes=2, **options))


@pytest.mark.parametrize("case", CASES)
def test_outputs_and_classes_are_those_of_the_float_network(case):
    x = spikes(60)
    counting = network_of(case)
    result = accelerator.run(design_of(counting, x), as_host_sends(counting, x))
    exact = run_float(counting, x)
    assert (result.outputs == exact.outputs).all() and exact.outputs.any()
    ties = (exact.outputs == exact.outputs.max(axis=1, keepdims=True)).sum(axis=1) > 1
    assert 0 < ties.sum() < len(x)
    classes = accelerator.run(design_of(counting, x, argmax=True), as_host_sends(counting, x))
    assert (classes.predictions == exact.predictions).all() and (result.predictions == exact.predictions).all()
    for decoding in (Decoding.FIRST_SPIKE, Decoding.EARLY):
        deciding = network_of(case, decoding=decoding)
        result = accelerator.run(design_of(deciding, x), as_host_sends(deciding, x))
        assert (result.predictions == run_float(deciding, x).predictions).all()
    sending = network_of(case, readout=Readout.SPIKES)
    result = accelerator.run(design_of(sending, x), as_host_sends(sending, x))
    assert (result.trains == exact.stages[-1].outputs).all() and (result.outputs == exact.outputs).all()
    reading = network_of(case, last=NeuronKind.I)
    result = accelerator.run(design_of(reading, x), as_host_sends(reading, x))
    assert (result.outputs == run_float(reading, x).outputs).all()


MODES = {
    "count": ({}, {}),
    "membrane": ({"last": NeuronKind.I}, {}),
    "spikes": ({"readout": Readout.SPIKES}, {}),
    "argmax": ({}, {"argmax": True}),
    "argmax of membranes": ({"last": NeuronKind.I}, {"argmax": True}),
    "first spike": ({"decoding": Decoding.FIRST_SPIKE}, {}),
    "early": ({"decoding": Decoding.EARLY}, {}),
    "early, several spikes": ({"decoding": Decoding.EARLY, "spike_bits": 2}, {}),
}


@pytest.mark.parametrize(
    ("case", "mode"),
    [*(("strided and padded", mode) for mode in MODES), ("conv behind conv", "count"), ("conv behind conv", "early")],
)
def test_rtl_sends_what_the_golden_model_says(case, mode):
    """Words and cycles of the whole accelerator, samples with ties and one without spikes among them."""
    laws, options = MODES[mode]
    x = spikes(5, seed=3)
    x[3] = 0
    network = network_of(case, **laws)
    design = design_of(network, x, **options)
    assert design.params.output_image is not None
    sent = as_host_sends(network, x)
    expected = accelerator.run(design, sent)
    answers = answers_of(design, sent)
    wanted = [[word & 0xFFFF_FFFF for word in output_words(design.params, expected, n)] for n in range(len(x))]
    assert [words for words, _ in answers] == wanted
    assert [cycles for _, cycles in answers] == expected.cycles.tolist()


def test_orders_undo_each_other():
    design = design_of(network_of("conv"), spikes(4))
    params, values = design.params, np.arange(18).reshape(1, 18)
    assert params.output_image == (3, 3, 2)
    assert (as_network(params, as_sent(params, values)) == values).all()
    assert as_sent(params, values)[0, :4].tolist() == [0, 6, 12, 1]  # a position's channels come together
    assert params.output_numbers[:4] == (0, 6, 12, 1)
    neuron = SpikingNeuron(kind=NeuronKind.IF)
    stage = Stage(name="d", synapses=Dense(weight=np.eye(4, 32), bias=np.zeros(4)), neuron=neuron)
    network = Network(name="n", input=InputSpec(inputs=32, steps=STEPS), stages=(stage,), readout=Readout.COUNT)
    flat = design_of(network, spikes(4)).params
    assert flat.output_image is None and flat.output_numbers == (0, 1, 2, 3)


def test_a_generated_folder_tells_the_order():
    params = design_of(network_of("conv"), spikes(4)).params
    assert "address (y * 2 + x) * 3 + c is output (c * 3 + y) * 2 + x of the network" in output_guide(params)[-1]
    classes = design_of(network_of("conv"), spikes(4), argmax=True).params
    assert "number the network's outputs channel by channel" in output_guide(classes)[-1]


def test_a_convolution_behind_a_dense_layer_is_refused():
    dense = Dense(weight=np.eye(12, 32), bias=np.zeros(12))
    neuron = SpikingNeuron(kind=NeuronKind.IF)
    stages = (
        Stage(name="d", synapses=dense, neuron=neuron),
        Stage(name="c", synapses=conv((3, 2, 2), 3, (2, 1), 8), neuron=neuron),
    )
    network = Network(name="n", input=InputSpec(inputs=32, steps=STEPS), stages=stages, readout=Readout.COUNT)
    with pytest.raises(InputError, match="stage 'c' is a convolution after a dense layer"):
        design_of(network, spikes(4))


def test_argmax_of_an_image_takes_the_lowest_number_of_equals():
    fmt = TokenFormat(addresses=6, payload=IntFormat(bits=3, signed=False))
    frames = [[5, 5, 0, 0, 0, 0], [0, 3, 3, 0, 0, 0], [0, 0, 0, 0, 0, 0], [1, 2, 1, 2, 3, 3], [0, 0, 0, 0, 0, 7]]
    dut = ArgmaxOutput(fmt, channels=2, positions=3)
    tokens = [t for frame in frames for t in [*(value(a, v) for a, v in enumerate(frame) if v), END]]

    async def producer(ctx):
        await send_tokens(ctx, dut.i, tokens)

    async def consumer(ctx):
        return await receive_beats(ctx, dut.o, len(frames))

    wanted = [int(np.argmax(np.array(frame).reshape(3, 2).T.ravel())) for frame in frames]
    assert [word for word, _ in simulate(dut, producer, consumer)[1]] == wanted


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_first_spike_of_an_image(stall):
    fmt = TokenFormat(addresses=6, payload=IntFormat(bits=1, signed=False))
    trains = [
        [TICK, value(4, 1), value(2, 1), TICK, value(0, 1), TICK, END],
        [TICK, TICK, END],
        [value(5, 1), TICK, END],
        [TICK, value(3, 1), END],  # a train that lacks a TICK
    ]
    dut = FirstSpikeOfImageOutput(fmt)

    async def producer(ctx):
        await send_tokens(ctx, dut.i, [token for train in trains for token in train], stall=stall)

    async def consumer(ctx):
        return await receive_beats(ctx, dut.o, len(trains), stall=stall)

    assert simulate(dut, producer, consumer)[1] == [(2, 1), (0, 1), (5, 1), (3, 1)]


def test_a_table_must_name_each_output_once():
    fmt = TokenFormat(addresses=3, payload=IntFormat(bits=1, signed=False))
    with pytest.raises(ValueError, match="must be a permutation of 0 to 2"):
        Renumber(fmt, [0, 1, 1])


# ------------------------------------------------------------------------------------------------- from files


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A spiking convolution whose classes are channels and positions, spike trains, and values for encoders."""
    folder = tmp_path_factory.mktemp("conv_last")
    weight = np.zeros((2, 1, 2, 2), dtype=np.float32)
    weight[0, 0, 0, 0] = weight[1, 0, 1, 1] = 1
    graph = nir.NIRGraph.from_list(
        nir.Input({"input": np.array([1, 3, 3])}),
        nir.Conv2d(
            input_shape=(3, 3),
            weight=weight,
            stride=(1, 1),
            padding=(0, 0),
            dilation=(1, 1),
            groups=1,
            bias=np.zeros(2),
        ),
        nir.IF(r=np.ones((2, 2, 2)), v_threshold=np.full((2, 2, 2), 0.9), v_reset=np.zeros((2, 2, 2))),
    )
    nir.write(folder / "net.nir", graph)
    rng = np.random.default_rng(0)
    rates = rng.random((40, 9)) * 0.9
    trains = (rng.random((40, 10, 9)) < rates[:, None]).astype(np.uint8)
    exact = run_float(_imported(folder / "net.nir", 10), trains)
    np.savez(folder / "spikes.npz", spikes=trains, label=exact.predictions)
    np.savez(folder / "values.npz", x=rates.astype(np.float32), y=rates.argmax(axis=1) % 8)
    return folder


def _imported(path, steps):
    return load_network(path, nir=NirOptions(encoding=None, steps=steps))


@pytest.mark.parametrize(
    "options",
    [
        ModelOptions(),
        ModelOptions(argmax=True),
        ModelOptions(decoding=Decoding.FIRST_SPIKE),
        ModelOptions(decoding=Decoding.EARLY),
        ModelOptions(event_bin=5),
        ModelOptions(event_bin=5, argmax=True),
    ],
)
def test_labels_mean_the_same_to_all(files, options):
    data = load_data(f"npz:{files / 'spikes.npz'}")
    prepared = prepare(files / "net.nir", data, options)
    exact, golden = (evaluate(prepared, data, backend) for backend in (Backend.FLOAT, Backend.GOLDEN))
    assert (exact.correct == golden.correct).all()
    if options.decoding is not Decoding.FIRST_SPIKE:
        assert golden.accuracy == 1


@pytest.mark.parametrize("encoding", [Encoding.RATE, Encoding.TTFS, Encoding.DIRECT])
def test_encoders_before_an_image_that_is_the_answer(files, encoding):
    data = load_data(f"npz:{files / 'values.npz'}")
    prepared = prepare(files / "net.nir", data, ModelOptions(encoding=encoding, steps=8))
    result = accelerator.run(prepared.design, prepared.integers(data.x))
    exact = run_float(prepared.network, data.x)
    assert np.mean(result.outputs != exact.outputs) < 0.02 and exact.outputs.any()


def test_replay_has_the_networks_order(files, tmp_path):
    data = load_data(f"npz:{files / 'spikes.npz'}")
    prepared = prepare(files / "net.nir", data, ModelOptions())
    rtl = evaluate(prepared, data, Backend.RTL, samples=12, simulator=QUICK, cache=Cache(root=tmp_path))
    assert rtl.mismatches == 0 and rtl.accuracy == 1


# --------------------------------------------------------------------------------------------------------- ANN


@pytest.mark.parametrize("last", ["conv", "pool"])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("argmax", [False, True])
def test_anns_that_end_in_an_image(last, relu, argmax):
    """The conv engine sends channel by channel: one channel at a time, or ordered once more."""
    first = conv(SHAPE, 3, (2, 2), 9)
    pool = AveragePool2d(shape=(3, 3, 3), window=Window(kernel=(2, 2)))
    end = conv((3, 3, 3), 2, (2, 2), 10) if last == "conv" else pool
    stages = (
        Stage(name="a", synapses=first, neuron=Activation(relu=True)),
        Stage(name="b", synapses=end, neuron=Activation(relu=relu)),
    )
    network = Network(name="ann", input=InputSpec(inputs=32), stages=stages)
    x = np.random.default_rng(1).random((50, 32))
    quantized = quantize(network, x)
    cols = 2 if relu or last == "pool" else 1
    design = plan(quantized.network, PlanOptions(rows=2, cols=cols, argmax=argmax))
    spec = quantized.network.input
    values = np.rint(x / spec.scale).astype(np.int64)
    result, exact = accelerator.run(design, values), run_float(network, x)
    assert np.mean(result.predictions == exact.predictions) > 0.9
    if argmax:
        return
    for got, wanted in zip(result.outputs.T, exact.outputs.T, strict=True):
        assert np.corrcoef(got, wanted)[0, 1] > 0.98
    for engine in (Engine.EVENT, Engine.DELTA):
        with pytest.raises(InputError, match="this engine runs chains of dense layers only"):
            plan(quantized.network, PlanOptions(engine=engine))


def test_logits_of_several_positions_and_channels_at_a_time_are_refused_with_a_way_out():
    stage = Stage(name="b", synapses=conv(SHAPE, 2, (2, 2), 10), neuron=Activation(relu=False))
    network = Network(name="ann", input=InputSpec(inputs=32), stages=(stage,))
    quantized = quantize(network, np.random.default_rng(1).random((50, 32))).network
    with pytest.raises(InputError, match=r"computes .* positions of 2 channels in parallel, .*: give --cols 1, or end"):
        plan(quantized, PlanOptions(rows=2, cols=2))
    assert plan(quantized, PlanOptions(rows=2, cols=1)).params.output.addresses == 18


def bare(*stages, name="bare", inputs=32):
    """An ANN that ends in the sums of a convolution, its samples, and what float says."""
    network = Network(name=name, input=InputSpec(inputs=inputs), stages=stages)
    x = np.random.default_rng(1).random((50, inputs))
    return quantize(network, x), x, run_float(network, x).outputs


def depthwise(shape, each, seed):
    """A convolution with ``each`` output channels of every input channel, here (2, 2) kernels."""
    weight = np.random.default_rng(seed).normal(size=(shape[0] * each, 1, 2, 2))
    bias = np.linspace(-1, 1, shape[0] * each)
    return Conv2d(shape=shape, weight=weight, bias=bias, groups=shape[0])


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("first", "last", "cols"),
    [
        (None, conv(SHAPE, 3, (2, 2), 10), 1),
        (conv(SHAPE, 3, (2, 2), 9), conv((3, 3, 3), 4, (2, 2), 10), 1),
        (conv(SHAPE, 3, (2, 2), 9), conv((3, 3, 3), 4, (3, 3), 10), 8),  # one position
        (conv(SHAPE, 3, (2, 2), 9), conv((3, 3, 3), 1, (2, 2), 10), 8),  # one channel
        (conv(SHAPE, 3, (2, 2), 9), depthwise((3, 3, 3), 1, 10), 8),
        (conv(SHAPE, 3, (2, 2), 9), depthwise((3, 3, 3), 2, 10), 1),
        (depthwise(SHAPE, 2, 9), conv((4, 3, 3), 2, (2, 2), 10), 1),
        (depthwise(SHAPE, 9, 9), depthwise((18, 3, 3), 1, 10), 8),
    ],
)
def test_columns_that_nobody_chose_leave_the_outputs_in_order(first, last, cols, rows):
    hidden = [] if first is None else [Stage(name="a", synapses=first, neuron=Activation(relu=True))]
    quantized, x, exact = bare(*hidden, Stage(name="b", synapses=last, neuron=Activation(relu=False)))
    design = plan(quantized.network, PlanOptions(rows=rows))
    assert design.params.engines[0].array.cols == cols
    result = accelerator.run(design, np.rint(x / quantized.network.input.scale).astype(np.int64))
    np.testing.assert_allclose(result.outputs * quantized.stages[-1].unit, exact, atol=0.02 * np.ptp(exact))


@pytest.mark.parametrize("last", [conv(SHAPE, 3, (2, 2), 10), depthwise(SHAPE, 2, 10)])
def test_columns_that_were_chosen_and_cannot_be_are_refused(last):
    quantized, _, _ = bare(Stage(name="b", synapses=last, neuron=Activation(relu=False)))
    with pytest.raises(InputError, match="give --cols 1, or end"):
        plan(quantized.network, PlanOptions(cols=8))
    plan(quantized.network, PlanOptions(cols=1))


@pytest.mark.parametrize("last", [conv(SHAPE, 2, (3, 3), 10), depthwise(SHAPE, 2, 10)])
def test_rtl_of_a_bare_convolution_equals_golden(last):
    quantized, _, _ = bare(Stage(name="b", synapses=last, neuron=Activation(relu=False)))
    check_image(plan(quantized.network), frames=2)


def test_the_manifest_says_how_many_columns(tmp_path):
    """With the options' defaults, from the file on; labels are numbers of the network's outputs."""
    first, last = (np.random.default_rng(s).normal(size=size) for s, size in ((1, (3, 2, 2, 2)), (2, (2, 3, 2, 2))))
    nodes = [
        helper.make_node("Conv", ["x", "v"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Conv", ["r", "w"], ["y"]),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "bare",
        [info("x", TensorProto.FLOAT, (None, 2, 4, 4))],
        [info("y", TensorProto.FLOAT, (None, 2, 2, 2))],
        [numpy_helper.from_array(np.float32(array), name) for array, name in ((first, "v"), (last, "w"))],
    )
    path = tmp_path / "bare.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    x = np.random.default_rng(3).random((60, 2, 4, 4)).astype(np.float32)
    labels = run_float(load_network(path), x.reshape(60, -1)).predictions
    np.savez(tmp_path / "data.npz", x=x, y=labels)
    data = load_data(f"npz:{tmp_path / 'data.npz'}")
    prepared = prepare(path, data, ModelOptions())
    assert prepared.choices["hardware"]["cols"] == 1
    assert prepared.choices["columns"] == "1: the last layer sends its sums channel by channel"
    assert evaluate(prepared, data, Backend.FLOAT).accuracy == 1
    assert evaluate(prepared, data, Backend.GOLDEN).accuracy > 0.9
    chosen = prepare(path, data, ModelOptions(cols=1)).choices
    assert chosen["hardware"] == prepared.choices["hardware"] and "columns" not in chosen


DATA = SHARED / "cases" / "conv_last"


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/cases")
def test_the_case_that_was_wrong():
    data = load_data(f"npz:{DATA / 'data.npz'}")
    prepared = prepare(DATA / "net.nir", data, ModelOptions(weight_bits=16))
    assert [evaluate(prepared, data, backend).accuracy for backend in (Backend.FLOAT, Backend.GOLDEN)] == [1, 1]
