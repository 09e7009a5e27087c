from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import pytest

from tospike.gen.load import load_network
from tospike.gen.nir_import import METADATA_KEY, Integration, NirOptions, import_nir, read_options
from tospike.hw.params import Encoding, InputError, NeuronKind, Readout, Reset
from tospike.sim.reference import run_float

SHARED_NIR = Path(__file__).parents[2] / "shared" / "data" / "nir"
RNG = np.random.default_rng(3)
W1 = RNG.normal(size=(4, 3)).astype(np.float32)
W2 = RNG.normal(size=(2, 4)).astype(np.float32)
B1 = RNG.normal(size=4).astype(np.float32)
OPTIONS = NirOptions()


def ones(size, value=1.0):
    return np.full(size, value, np.float32)


def lif(size=4, **changes):
    values = {"tau": 8e-4, "r": 8.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0} | changes
    return nir.LIF(**{name: ones(size, value) if np.isscalar(value) else value for name, value in values.items()})


def li(size=2, tau=4e-4):
    return nir.LI(tau=ones(size, tau), r=ones(size, 4.0), v_leak=ones(size, 0))


def chain(*nodes, inputs=(3,), outputs=2):
    named = {"input": nir.Input(np.array(inputs))}
    # Names against the order, as alphabetical reading must not matter.
    named |= {f"{chr(ord('z') - i)}": node for i, node in enumerate(nodes)}
    named["output"] = nir.Output(np.array([outputs]))
    keys = list(named)
    return nir.NIRGraph(named, list(pairwise(keys)), type_check=False)


def save(tmp_path, graph):
    path = tmp_path / "net.nir"
    nir.write(path, graph)
    return path


def good():
    return chain(nir.Affine(W1, B1), lif(), nir.Linear(W2), li())


def test_the_order_is_that_of_the_edges(tmp_path):
    network = load_network(save(tmp_path, good()))
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
    options = NirOptions(reset=Reset.SUBTRACT, encoding=Encoding.RATE, steps=7, input_bits=3, input_max=14.0)
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
        ({"dtt": 1}, "unknown NIR option 'dtt': there are dt, encoding"),
        ({"reset": "soft"}, "NIR option reset cannot be 'soft'"),
        ({"steps": "many"}, "NIR option steps cannot be 'many'"),
        ({"dt": 0}, "dt must be a positive number"),
        ({"dt": float("nan")}, "dt must be a positive number"),
        ({"steps": 0}, "steps must be an integer from 1"),
        ({"encoding": "none", "steps": 1}, "need at least 2 steps"),
        ({"input_max": -1}, "input-max must be a positive number"),
    ],
)
def test_bad_options_are_refused(description, message):
    with pytest.raises(InputError, match=message):
        NirOptions.from_description(description)


def branch():
    graph = good()
    return nir.NIRGraph(graph.nodes, [*graph.edges, ("y", "z")], type_check=False)


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


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (chain(CONV), "node 'z' is a Conv2d, which this version does not support: use Input"),
        (chain(good()), "node 'z' is a NIRGraph"),
        (branch(), r"node 'y' has 2 outgoing connections: this version supports no recurrence"),
        (dangling(), "nodes 'lost' are not connected to the input"),
        (open_end(), "'output' are not connected"),
        (cycle(), "node 'input' is the Input, but an edge leads to it"),
        (chain(nir.Linear(W1[:0]), lif()), r"weights of shape \(0, 3\)"),
        (chain(nir.Linear(W1.astype(complex)), lif()), "weight is complex128, not real numbers"),
        (two_inputs(), "the graph has 2 Input nodes"),
        (chain(nir.Linear(W2), lif(2)), r"node 'z' \(Linear\) takes 4 values but gets 3"),
        (chain(nir.Linear(W1), lif(5)), "has 5 values for 4 neurons"),
        (chain(nir.Linear(W1), nir.Linear(W2), lif(2)), "follows another without a neuron between"),
        (chain(lif(3)), r"node 'z' \(LIF\) has no Affine or Linear before it"),
        (chain(nir.Linear(W1)), "node 'z' has no neuron behind it: end in I or LI"),
        (chain(), "the graph has no neurons"),
        (chain(nir.Linear(W1), lif(v_leak=0.5)), "v_leak is 0.5, and this version supports 0 only"),
        (chain(nir.Linear(W1), lif(v_reset=-1.0)), "v_reset is -1, and this version supports 0 only"),
        (chain(nir.Linear(W1), lif(tau=5e-5)), "dt 0.0001 s is longer than tau 5e-05 s"),
        (chain(nir.Linear(W1), lif(tau=0.0)), "tau must be positive"),
        (chain(nir.Linear(W1), lif(r=-1.0)), "r must be positive"),
        (chain(nir.Linear(W1), lif(v_threshold=0.0)), "v_threshold must be positive"),
        (chain(nir.Linear(W1), lif(v_threshold=np.nan)), "v_threshold holds NaN"),
        (chain(nir.Linear(W1), lif(v_threshold=np.arange(1.0, 5))), "v_threshold differs between neurons"),
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
    with pytest.raises(InputError, match=r"is no readable NIR graph|holds a single Linear") as caught:
        import_nir(path, OPTIONS)
    assert "\n" not in str(caught.value)


needs_shared = pytest.mark.skipif(not SHARED_NIR.is_dir(), reason="no networks in ../shared/data")


@needs_shared
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("braille_noDelay_bias_zero", "node 'lif1.lif' is a CubaLIF"),
        ("cnn_sinabs", "node '0' is a Conv2d"),
        ("two_lif_neurons", r"node 'lif1' \(LIF\): v_leak is 1.2"),
    ],
)
def test_networks_of_a_later_version_are_refused(name, message):
    with pytest.raises(InputError, match=message):
        import_nir(SHARED_NIR / f"{name}.nir", OPTIONS)


@needs_shared
def test_lif_of_the_nir_paper_spikes_when_norse_says():
    # Columns: input, membrane, spike; one row per step of 0.1 ms.
    given, membrane, spikes = np.loadtxt(SHARED_NIR / "lif_trace_norse.csv", delimiter=",", unpack=True)
    network = import_nir(
        SHARED_NIR / "lif_norse.nir", NirOptions(encoding=None, steps=len(given), readout=Readout.SPIKES)
    )
    run = run_float(network, given[None, :, None])
    assert spikes.sum() == 4
    np.testing.assert_array_equal(run.stages[0].outputs[0, :, 0], spikes)
    until = 300
    network = replace(network, input=replace(network.input, steps=until), readout=Readout.MEMBRANE)
    run = run_float(network, given[None, :until, None])
    np.testing.assert_allclose(run.outputs[0, 0], membrane[until - 1], rtol=1e-5)
