from dataclasses import replace

import nir
import numpy as np
import pytest
from support.nir_files import OPTIONS, RNG, W1, W2, chain, li, lif, ones, save
from support.paths import SHARED

from tospike.gen.load import load_network
from tospike.gen.nir.frameworks import PRESETS, DecayRule, Framework, Integration
from tospike.gen.nir.importer import import_nir, read_options
from tospike.gen.nir.options import METADATA_KEY, NirOptions
from tospike.gen.options.model import ModelOptions
from tospike.hw.params import Encoding, InputError, NeuronKind, Readout, Reset
from tospike.sim.network.membrane import integrate
from tospike.sim.network.reference import run_float

SHARED_NIR = SHARED / "data" / "nir"
B1 = RNG.normal(size=4).astype(np.float32)


def good():
    return chain(nir.Affine(W1, B1), lif(), nir.Linear(W2), li())


def test_the_order_is_that_of_the_edges(tmp_path):
    network = load_network(save(tmp_path, good()), nir=OPTIONS)
    assert [stage.name for stage in network.stages] == ["y", "w"]
    np.testing.assert_array_equal(network.stages[0].synapses.weight, W1)
    np.testing.assert_array_equal(network.stages[0].synapses.bias, B1)
    np.testing.assert_array_equal(network.stages[1].synapses.weight, W2)
    assert not network.stages[1].synapses.bias.any()
    assert network.readout is Readout.MEMBRANE and network.name == "net"


def test_euler_step_of_a_snntorch_export(tmp_path):
    first, last = (stage.neuron for stage in import_nir(save(tmp_path, good()), OPTIONS).stages)
    assert (first.kind, last.kind) == (NeuronKind.LIF, NeuronKind.LI)
    assert first.decay == pytest.approx(0.875) and first.gain == pytest.approx(1.0) and first.threshold == 1
    assert last.decay == pytest.approx(0.75) and last.gain == pytest.approx(1.0)
    first, _ = (s.neuron for s in import_nir(save(tmp_path, good()), replace(OPTIONS, dt=2e-4)).stages)
    assert first.decay == pytest.approx(0.75) and first.gain == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("node", "kind"),
    [(nir.IF(r=ones(4, 3), v_threshold=ones(4, 2)), NeuronKind.IF), (nir.I(r=ones(4, 3)), NeuronKind.I)],
)
def test_integrators_take_a_spike_whole_unless_told(tmp_path, node, kind):
    path = save(tmp_path, chain(nir.Linear(W1), node, outputs=4))
    neuron = import_nir(path, OPTIONS).stages[0].neuron
    assert (neuron.kind, neuron.decay, neuron.gain) == (kind, 1.0, 3.0)
    timed = import_nir(path, replace(OPTIONS, dt=0.5, integration=Integration.TIME)).stages[0].neuron
    assert timed.gain == 1.5


def test_options_reach_the_network(tmp_path):
    options = NirOptions(dt=1e-4, reset=Reset.SUBTRACT, encoding=Encoding.RATE, steps=7, input_bits=3, input_max=14.0)
    network = import_nir(save(tmp_path, good()), options)
    assert network.stages[0].neuron.reset is Reset.SUBTRACT
    assert network.input.steps == 7 and network.input.encoding is Encoding.RATE
    assert network.input.format.bits == 3 and not network.input.format.signed and network.input.scale == 2.0
    network = import_nir(save(tmp_path, good()), replace(OPTIONS, encoding=None))
    assert network.input.encoding is None and network.input.format is None


@pytest.mark.parametrize(
    ("last", "asked", "given"),
    [
        (lif(2), None, Readout.COUNT),
        (lif(2), Readout.MEMBRANE, Readout.MEMBRANE),
        (lif(2), Readout.SPIKES, Readout.SPIKES),
        (li(), None, Readout.MEMBRANE),
    ],
)
def test_readout_follows_the_last_node(tmp_path, last, asked, given):
    path = save(tmp_path, chain(nir.Linear(W1), lif(), nir.Linear(W2), last))
    assert import_nir(path, replace(OPTIONS, readout=asked)).readout is given


def test_flatten_and_scalar_parameters(tmp_path):
    graph = chain(nir.Flatten({"input": np.array([3, 1])}, 0, -1), nir.Linear(W1), lif(1), inputs=(3, 1), outputs=4)
    assert import_nir(save(tmp_path, graph), OPTIONS).input.inputs == 3


def test_options_survive_json_and_the_file(tmp_path):
    options = NirOptions(dt=2e-4, reset=Reset.SUBTRACT, encoding=None, steps=5, readout=Readout.COUNT)
    assert NirOptions.from_description(options.describe()) == options
    graph = good()
    path = save(tmp_path, graph)
    assert read_options(path) == NirOptions()
    graph.metadata = {METADATA_KEY: options.describe()}
    path = save(tmp_path, graph)
    assert read_options(path) == options
    assert import_nir(path, replace(options, readout=None)).input.steps == 5
    with pytest.raises(InputError, match="its readout is membrane, not count"):
        import_nir(path)


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (
            {"dtt": 1},
            "unknown NIR option 'dtt': there are adaptation, adaptation_decay, code, comparison, decay, ",
        ),
        ({"reset": "soft"}, "NIR option reset cannot be 'soft'"),
        ({"steps": "many"}, "NIR option steps cannot be 'many'"),
        ({"dt": 0}, "dt must be a number above 0"),
        ({"dt": float("nan")}, "dt must be a number above 0"),
        ({"steps": 0}, "steps must be an integer from 1"),
        ({"encoding": "none", "steps": 1}, "need at least 2 steps"),
        ({"input_max": -1}, "input-max must be a positive number"),
    ],
)
def test_bad_options_are_refused(description, message):
    with pytest.raises(InputError, match=message):
        NirOptions.from_description(description)


def dangling():
    graph = good()
    return nir.NIRGraph({**graph.nodes, "lost": nir.Linear(W1)}, graph.edges, type_check=False)


def open_end():
    graph = good()
    return nir.NIRGraph(graph.nodes, graph.edges[:-1], type_check=False)


def cycle():
    graph = good()
    return nir.NIRGraph(graph.nodes, [*graph.edges[:-1], ("w", "input")], type_check=False)


def two_inputs():
    graph = good()
    return nir.NIRGraph({**graph.nodes, "in2": nir.Input(np.array([3]))}, graph.edges, type_check=False)


CONV = nir.Conv2d(
    input_shape=(5, 5), weight=np.zeros((1, 1, 3, 3)), stride=1, padding=0, dilation=1, groups=1, bias=np.zeros(1)
)
POOL = nir.SumPool2d(kernel_size=np.array([2, 2]), stride=np.array([2, 2]), padding=np.array([0, 0]))


def loops(*more, **nodes):
    """`good`, whose neurons y and w may lead back to themselves, or elsewhere."""
    graph = good()
    return nir.NIRGraph({**graph.nodes, **nodes}, [*graph.edges, *more], type_check=False)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (chain(CONV, lif(9), inputs=(5, 5)), r"node 'z' \(Conv2d\) gets samples of shape \(5, 5\), not images"),
        (chain(CONV, lif(9), inputs=(2, 5, 5)), r"node 'z' \(Conv2d\): weights of shape"),
        (chain(POOL, lif(5), inputs=(1, 4, 4)), r"node 'y' \(LIF\): r has 5 values for 4 neurons"),
        (chain(POOL, CONV, lif(4), inputs=(1, 5, 4)), r"node 'y' \(Conv2d\): a window of \(3, 3\) is larger than the"),
        (
            loops(("y", "x2"), ("x2", "v2"), x2=nir.Linear(W2), v2=li()),
            "node 'v2' leads nowhere: connect it to the Output",
        ),
        (
            loops(("w", "back"), ("back", "y"), back=nir.Linear(W2.T)),
            "the cycle through 'w' and 'y' is not a recurrence",
        ),
        (
            loops(("y", "a"), ("a", "y"), a=nir.Linear(W2)),
            r"the recurrence of node 'y' \(LIF\) has weights of shape \(2, 4\)",
        ),
        (loops(("y", "a"), ("a", "a"), a=nir.Linear(np.eye(4))), "node 'a' leads nowhere"),
        (loops(("lost", "y"), lost=nir.Linear(W1)), "nodes 'lost' are not connected to the input"),
        (loops(("nobody", "y")), "an edge leads from 'nobody' to 'y', but 'nobody' is not a node"),
        (dangling(), "nodes 'lost' are not connected to the input"),
        (open_end(), "node 'w' leads nowhere: connect it to the Output"),
        (cycle(), "node 'input' is the Input, but an edge leads to it"),
        (chain(nir.Linear(W1[:0]), lif()), r"weights of shape \(0, 3\)"),
        (chain(nir.Linear(W1.astype(complex)), lif()), "weight is complex128, not real numbers"),
        (two_inputs(), "the graph has 2 Input nodes"),
        (chain(nir.Linear(W2), lif(2)), r"node 'z' \(Linear\) takes 4 values but gets 3"),
        (chain(nir.Linear(W1), lif(5)), "has 5 values for 4 neurons"),
        (chain(lif(4)), r"node 'z' \(LIF\): r has 4 values for 3 neurons"),
        (chain(lif(5000), inputs=(5000,)), "5000 neurons have no weights before them: at most 4096 are supported"),
        (
            chain(nir.Linear(W1), lif(), inputs=(-1, 3)),
            r"'input' \(Input\) must have a shape of positive whole numbers",
        ),
        (chain(nir.Linear(W1), lif(), inputs=()), r"'input' \(Input\) must have a shape of positive whole numbers"),
        (chain(), "the graph has no neurons"),
        (chain(nir.Linear(W1), lif(v_reset=-1.0)), "v_reset is 1, but the reset is zero: give --reset value"),
        (chain(nir.Linear(W1), lif(tau=5e-5)), "dt 0.0001 s is longer than tau 5e-05 s"),
        (chain(nir.Linear(W1), lif(tau=0.0)), "tau must be positive"),
        (chain(nir.Linear(W1), lif(r=-1.0)), "r must be positive"),
        (chain(nir.Linear(W1), lif(v_threshold=0.0)), "v_threshold must be positive"),
        (chain(nir.Linear(W1), lif(v_threshold=np.nan)), "v_threshold holds NaN"),
        (chain(nir.Linear(W1 * np.nan), lif()), "weight holds NaN or infinity"),
        (chain(nir.Affine(W1, B1 * np.inf), lif()), "bias holds NaN or infinity"),
        (chain(nir.Affine(W1, B1[:2]), lif()), r"has a bias of shape \(2,\) for 4 neurons"),
        (chain(nir.Linear(W1), lif(), inputs=(3, 1)), "put a Flatten before it"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, graph, message):
    path = save(tmp_path, graph)
    with pytest.raises(InputError, match=message) as caught:
        import_nir(path, OPTIONS)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["text", "empty", "truncated", "other hdf5", "one node"])
def test_no_nir_is_refused(tmp_path, kind):
    import h5py

    path = save(tmp_path, good())
    if kind == "text":
        path.write_text("this is text\nof two lines\n")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "truncated":
        path.write_bytes(path.read_bytes()[:5000])
    elif kind == "other hdf5":
        with h5py.File(path, "w") as file:
            file["a"] = 1
    else:
        nir.write(path, nir.Linear(W1))
    with pytest.raises(InputError, match=r"is not a readable NIR graph|holds a single Linear") as caught:
        import_nir(path, OPTIONS)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    """Options are read first, by way of HDF5: its own words would have one export the network again."""
    path = tmp_path / "no.nir"
    for read in (import_nir, read_options):
        with pytest.raises(InputError, match=f"^there is no file {path}: give the path of the NIR graph$"):
            read(path)


needs_shared = pytest.mark.skipif(not SHARED_NIR.is_dir(), reason="no networks in ../shared/data")


def traced(name):
    """(input, membrane, spikes) of the NIR paper's first experiment, one value per step of 0.1 ms."""
    return np.loadtxt(SHARED_NIR / f"lif_trace_{name}.csv", delimiter=",", unpack=True)


def driven(options, given):
    options = replace(options, encoding=None, steps=len(given), readout=Readout.SPIKES)
    network = import_nir(SHARED_NIR / "lif_norse.nir", options)
    return network, run_float(network, given[None, :, None])


@needs_shared
@pytest.mark.parametrize("framework", [Framework.NORSE, Framework.SNNTORCH, Framework.SINABS])
def test_lif_of_the_nir_paper_spikes_as_each_framework_says(framework):
    given, *_ = traced("norse")
    _, _, spikes = traced(framework.value)
    _, run = driven(replace(NirOptions().preset(framework), dt=1e-4), given)
    assert spikes.sum() == 4
    np.testing.assert_array_equal(run.stages[0].outputs[0, :, 0], spikes)


@needs_shared
@pytest.mark.parametrize("framework", [Framework.NORSE, Framework.SINABS])
def test_lif_of_the_nir_paper_has_the_membrane_of_each_framework(framework):
    given, *_ = traced("norse")
    _, membrane, _ = traced(framework.value)
    network, _ = driven(replace(NirOptions().preset(framework), dt=1e-4), given)
    neuron, drive = network.stages[0].neuron, given[None, :, None]
    steps = [60, 240, 455, 470, 700, 999]
    ours = [integrate(neuron, drive[:, : step + 1]).membrane[0, 0] for step in steps]
    np.testing.assert_allclose(ours, membrane[steps], atol=3e-8)


@needs_shared
def test_a_leak_potential_above_the_threshold_makes_a_neuron_spike_on_its_own():
    options = NirOptions(dt=1e-3, encoding=None, steps=200, readout=Readout.COUNT)
    network = import_nir(SHARED_NIR / "two_lif_neurons.nir", options)
    first = run_float(network, np.zeros((1, 200, 1))).stages[0].outputs[0, :, 0]
    # v = 1.2 (1 - 0.9**n) exceeds 1 for n = 18
    assert np.flatnonzero(first).tolist() == list(range(17, 200, 18))


@needs_shared
def test_braille_spikes_as_snntorch_does():
    given = np.load(SHARED_NIR / "braille_test0_input.npy")
    expected = np.load(SHARED_NIR / "braille_test0_layer1_spikes_snntorch.npy")
    options = replace(NirOptions().preset(Framework.SNNTORCH), encoding=None, steps=len(given))
    network = import_nir(SHARED_NIR / "braille_noDelay_bias_zero.nir", options)
    assert [stage.name for stage in network.stages] == ["lif1.lif", "lif2"]
    hidden = run_float(network, given[None]).stages[0].outputs[0]
    assert hidden.shape == (256, 38) and expected.sum() > 100
    np.testing.assert_array_equal(hidden, expected)


@needs_shared
def test_braille_reads_as_well_as_published():
    samples = np.load(SHARED_NIR / "braille_400.npz")
    options = replace(NirOptions().preset(Framework.SNNTORCH), encoding=None, steps=256)
    network = import_nir(SHARED_NIR / "braille_noDelay_bias_zero.nir", options)
    right = run_float(network, samples["spikes"], trace=False).predictions == samples["label"]
    assert right.mean() >= 0.955


def recurrent_graph(nested):
    rec, cell, out = nir.Affine(np.full((4, 4), 0.5), ones(4, 0.25)), lif(), nir.Linear(W2)
    if not nested:
        nodes = {"in": nir.Input(np.array([3])), "w": nir.Affine(W1, B1), "c": cell, "r": rec, "v": out, "li": li()}
        edges = [("in", "w"), ("w", "c"), ("c", "r"), ("r", "c"), ("c", "v"), ("v", "li"), ("li", "out")]
        return nir.NIRGraph({**nodes, "out": nir.Output(np.array([2]))}, edges, type_check=False)
    inner = nir.NIRGraph(
        {"i": nir.Input(np.array([4])), "c": cell, "r": rec, "o": nir.Output(np.array([4]))},
        [("i", "c"), ("c", "r"), ("r", "c"), ("c", "o")],
        type_check=False,
    )
    return chain(nir.Affine(W1, B1), inner, out, li())


@pytest.mark.parametrize("nested", [False, True])
def test_recurrence_flat_and_nested(tmp_path, nested):
    network = import_nir(save(tmp_path, recurrent_graph(nested)), OPTIONS)
    first, last = network.stages
    assert first.name == ("y.c" if nested else "c")
    np.testing.assert_array_equal(first.recurrent, np.full((4, 4), 0.5))
    np.testing.assert_allclose(first.synapses.bias, B1 + 0.25)
    assert last.recurrent is None


def test_parameters_of_each_neuron(tmp_path):
    threshold, leak = np.arange(1.0, 5), np.linspace(0, 0.3, 4)
    graph = chain(nir.Linear(W1), lif(v_threshold=threshold, v_leak=leak, v_reset=-leak), outputs=4)
    neuron = import_nir(save(tmp_path, graph), replace(OPTIONS, reset=Reset.VALUE)).stages[0].neuron
    np.testing.assert_allclose(neuron.threshold, threshold)
    np.testing.assert_allclose(neuron.rest, 0.125 * leak)
    np.testing.assert_allclose(neuron.v_reset, -leak)
    assert isinstance(neuron.decay, float)


def test_cuba_and_threshold(tmp_path):
    cuba = nir.CubaLIF(
        tau_syn=ones(4, 2e-4), tau_mem=ones(4, 4e-4), r=ones(4, 8), v_leak=ones(4, 0), v_threshold=ones(4),
        v_reset=ones(4, 0), w_in=ones(4, 3),
    )  # fmt: skip
    graph = chain(nir.Linear(W1), cuba, nir.Linear(W2), nir.Threshold(threshold=ones(2, 0.5)))
    first, last = (stage.neuron for stage in import_nir(save(tmp_path, graph), OPTIONS).stages)
    assert first.kind is NeuronKind.CUBA_LIF
    parts = first.synapse_decay, first.synapse_gain, first.decay, first.gain
    assert parts == pytest.approx((0.5, 1.5, 0.75, 2.0), rel=1e-6)
    assert (last.kind, last.decay, last.gain, last.threshold) == (NeuronKind.LIF, 0.0, 1.0, 0.5)
    first = import_nir(save(tmp_path, graph), replace(OPTIONS, decay=DecayRule.EXPONENTIAL)).stages[0].neuron
    assert (first.decay, first.gain) == pytest.approx((np.exp(-0.25), 2.0), rel=1e-6)


def test_presets_are_echoed_and_single_options_may_differ(tmp_path):
    for framework in Framework:
        options = NirOptions().preset(framework)
        assert options.framework is framework and PRESETS[framework].keys() <= options.describe().keys()
        assert all(getattr(options, key) == value for key, value in PRESETS[framework].items())
        assert NirOptions.from_description(options.describe()) == options
    path = save(tmp_path, good())
    chosen = ModelOptions(framework=Framework.SINABS, dt=2e-4, reset=Reset.ZERO).nir(path)
    assert (chosen.dt, chosen.reset, chosen.spike_bits) == (2e-4, Reset.ZERO, 4)
    assert chosen.describe()["framework"] == "sinabs"


def test_a_time_constant_needs_a_time_step(tmp_path):
    with pytest.raises(
        InputError, match=r"node 'y' \(LIF\) has a time constant \(tau\), but NIR files hold no time step"
    ):
        import_nir(save(tmp_path, good()))
    path = save(tmp_path, chain(nir.Linear(W1), nir.IF(r=ones(4, 3), v_threshold=ones(4, 2)), outputs=4))
    assert import_nir(path).stages[0].neuron.gain == 3
    with pytest.raises(InputError, match=r"node 'y' \(IF\) integrates over time, but NIR files hold no time step"):
        import_nir(path, NirOptions(integration=Integration.TIME))


def direct_sum(image, kernel, stride, padding, dilation):
    """A convolution of one sample by its definition."""
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    reach = (kernel.shape[2] - 1) * dilation + 1
    rows = (padded.shape[1] - reach) // stride + 1
    result = np.zeros((len(kernel), rows, rows))
    for y in range(rows):
        for x in range(rows):
            at = padded[:, y * stride : y * stride + reach : dilation, x * stride : x * stride + reach : dilation]
            result[:, y, x] = np.einsum("cyx,ocyx->o", at, kernel)
    return result


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 1, 1), (2, 0, 1), (1, 2, 2)])
def test_pool_and_scale_before_a_convolution(tmp_path, average, stride, padding, dilation):
    kernel, bias = RNG.normal(size=(3, 2, 3, 3)), RNG.normal(size=3)
    image, scale = RNG.normal(size=(2, 12, 12)), np.repeat([2.0, -1.0], 144).reshape(2, 12, 12)
    pool = (nir.AvgPool2d if average else nir.SumPool2d)(
        kernel_size=np.array([2, 2]), stride=np.array([2, 2]), padding=np.array([0, 0])
    )
    conv = nir.Conv2d(
        input_shape=(6, 6), weight=kernel, bias=bias, stride=stride, padding=padding, dilation=dilation, groups=1
    )
    pooled = (scale * image).reshape(2, 6, 2, 6, 2).sum(axis=(2, 4)) / (4 if average else 1)
    expected = direct_sum(pooled, kernel, stride, padding, dilation) + bias[:, None, None]
    graph = chain(nir.Scale(scale), pool, conv, nir.I(r=np.ones(expected.shape)), inputs=image.shape, outputs=1)
    network = import_nir(save(tmp_path, graph), replace(OPTIONS, steps=1))
    np.testing.assert_allclose(run_float(network, image.reshape(1, -1)).outputs[0], expected.ravel(), atol=1e-9)


def test_pool_before_dense_and_scale_behind(tmp_path):
    weight, scale, image = RNG.normal(size=(4, 18)), RNG.normal(size=4), RNG.normal(size=(2, 6, 9))
    pool = nir.SumPool2d(kernel_size=np.array([2, 3]), stride=np.array([2, 3]), padding=np.array([0, 0]))
    flat = nir.Flatten({"input": np.array([2, 3, 3])}, 0, -1)
    graph = chain(pool, flat, nir.Linear(weight), nir.Scale(scale), nir.I(r=ones(4)), inputs=(2, 6, 9), outputs=4)
    network = import_nir(save(tmp_path, graph), replace(OPTIONS, steps=1))
    expected = scale * (weight @ image.reshape(2, 3, 2, 3, 3).sum(axis=(2, 4)).ravel())
    np.testing.assert_allclose(run_float(network, image.reshape(1, -1)).outputs[0], expected)


@needs_shared
def test_convolutional_network_of_the_nir_paper_is_imported():
    options = replace(NirOptions().preset(Framework.SINABS), encoding=None, steps=300)
    network = import_nir(SHARED_NIR / "cnn_sinabs.nir", options)
    assert [stage.synapses.output_shape for stage in network.stages] == [
        (16, 16, 16), (16, 16, 16), (8, 8, 8), (256,), (10,)
    ]  # fmt: skip
    # pools of 2 x 2 doubled the strides of what is behind them
    assert [stage.synapses.stride for stage in network.stages[:3]] == [(2, 2), (1, 1), (2, 2)]
