"""NIR graphs with any linear nodes between neurons, branches that add, and recurrence, against an interpreter."""

from itertools import pairwise

import nir
import numpy as np
import pytest

from tospike.gen.data.datasets import load_data
from tospike.gen.nir.importer import import_nir
from tospike.gen.nir.options import NirOptions
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.value_ranges import trace
from tospike.hw.params import InputError, Reset, ResetTiming
from tospike.sim.network import Conv2d
from tospike.sim.network.reference import run_float
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

RNG = np.random.default_rng(61)
STEPS = 8


# ------------------------------------------------------------------------------------------------- the interpreter


def windows(image, kernel, stride, padding):
    """The windows of (channels, height, width): (channels, rows, columns, kernel height, kernel width)."""
    padded = np.pad(image, ((0, 0), (padding[0],) * 2, (padding[1],) * 2))
    found = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(1, 2))
    return found[:, :: stride[0], :: stride[1]]


def conv(image, weight, bias, stride, padding, groups):
    parts = windows(image, weight.shape[2:], stride, padding)
    each, per = len(image) // groups, len(weight) // groups
    sums = [
        np.einsum("iyxab,iab->yx", parts[group * each : (group + 1) * each], weight[group * per + row])
        for group in range(groups)
        for row in range(per)
    ]
    return np.array(sums) + bias[:, None, None]


def linear(node, x):
    """What a node without a state makes of an array in its own shape."""
    match node:
        case nir.Affine():
            return node.weight @ x + node.bias
        case nir.Linear():
            return node.weight @ x
        case nir.Flatten():
            return x.ravel()
        case nir.Scale():
            return x * (node.scale.reshape(x.shape) if node.scale.size == x.size else node.scale)
        case nir.Conv1d():
            image = conv(
                x[:, None], node.weight[:, :, None], node.bias, (1, node.stride), (0, node.padding), node.groups
            )
            return image[:, 0]
        case nir.Conv2d():
            return conv(x, node.weight, node.bias, node.stride, node.padding, node.groups)
        case nir.SumPool2d():
            return windows(x, tuple(node.kernel_size), node.stride, node.padding).sum(axis=(3, 4))
        case nir.AvgPool2d():
            return windows(x, tuple(node.kernel_size), node.stride, node.padding).mean(axis=(3, 4))


def interpret(graph, samples, shape, order, *, subtract=False):
    """The outputs of the node in front of the Output, (N, steps, ...), with the nodes computed in ``order``."""
    results = []
    for sample in samples:
        state, rows = {}, []
        # a recurrence comes first in the order: it has the spikes of the step before
        sent = {name: np.zeros(np.shape(node.r)) for name, node in graph.nodes.items() if hasattr(node, "r")}
        for step in sample:
            sent["input"] = step.reshape(shape)
            for name in order:
                node = graph.nodes[name]
                sources = [s for s, t in graph.edges if t == name]
                arriving = sum(sent[source] for source in sources if source in sent)
                if not isinstance(node, nir.IF | nir.LIF | nir.CubaLIF):
                    sent[name] = linear(node, arriving)
                    continue
                sent[name], state[name] = fire(node, arriving, state.get(name, (0.0, 0.0)), subtract)
            rows.append(np.ravel(sent[order[-1]]).astype(float))
        results.append(rows)
    return np.array(results)


def fire(node, drive, state, subtract):
    current, v = state
    if isinstance(node, nir.CubaLIF):
        current = (1 - 1e-4 / node.tau_syn) * current + 1e-4 / node.tau_syn * node.w_in * drive
        drive = current
    decay = 1.0 if isinstance(node, nir.IF) else 1 - 1e-4 / (node.tau_mem if hasattr(node, "tau_mem") else node.tau)
    gain = node.r if isinstance(node, nir.IF) else node.r * (1 - decay)
    v = decay * v + gain * drive
    spikes = v > node.v_threshold
    return spikes.astype(float), (current, np.where(spikes, v - node.v_threshold if subtract else 0.0, v))


# ------------------------------------------------------------------------------------------------------- the graphs


def spikes_if(*shape, threshold=1.3):
    ones = np.ones(shape)
    return nir.IF(r=ones, v_threshold=threshold * ones, v_reset=0 * ones)


def spikes_lif(*shape, tau=4e-4):
    ones = np.ones(shape)
    return nir.LIF(tau=tau * ones, r=4 * ones, v_leak=0 * ones, v_threshold=1.3 * ones, v_reset=0 * ones)


def spikes_cuba(*shape):
    ones = np.ones(shape)
    return nir.CubaLIF(
        tau_syn=2e-4 * ones, tau_mem=4e-4 * ones, r=4 * ones, v_leak=0 * ones, v_threshold=1.1 * ones,
        w_in=2 * ones, v_reset=0 * ones,
    )  # fmt: skip


def weights(*shape):
    """Multiples of 1/64, so that sums are exact in any order."""
    return np.round(RNG.normal(size=shape) * 64 * 1.4 / np.prod(shape[1:]) ** 0.5 + 6) / 64


def affine(outputs, inputs):
    return nir.Affine(weights(outputs, inputs), np.round(RNG.normal(size=outputs) * 4) / 64)


def conv2d(outputs, inputs, kernel=3, *, stride=1, padding=0, groups=1):
    return nir.Conv2d(
        input_shape=(9, 9), weight=weights(outputs, inputs // groups, kernel, kernel), stride=(stride,) * 2,
        padding=(padding,) * 2, dilation=1, groups=groups, bias=np.round(RNG.normal(size=outputs) * 4) / 64,
    )  # fmt: skip


def conv1d(outputs, inputs, kernel=3, *, stride=1, padding=0):
    return nir.Conv1d(
        input_shape=9, weight=weights(outputs, inputs, kernel), stride=stride, padding=padding, dilation=1,
        groups=1, bias=np.round(RNG.normal(size=outputs) * 4) / 64,
    )  # fmt: skip


def pool(kind, kernel, stride, padding=0):
    return kind(np.array([kernel] * 2), np.array([stride] * 2), np.array([padding] * 2))


FLAT = nir.Flatten({"input": np.array([1])}, 0, -1)
SUM, MEAN = nir.SumPool2d, nir.AvgPool2d


def chain(shape, *nodes):
    named = {f"n{index}": node for index, node in enumerate(nodes)}
    names = ["input", *named, "output"]
    return graph(shape, named, list(pairwise(names)))


def graph(shape, nodes, edges):
    ends = {"input": nir.Input({"input": np.array(shape)}), "output": nir.Output({"output": np.array([1])})}
    return nir.NIRGraph({**ends, **nodes}, edges, type_check=False), shape


CHAINS = {
    "overlapping windows": chain((2, 9, 9), pool(SUM, 3, 2), conv2d(3, 2), spikes_if(3, 2, 2)),
    "overlapping windows, padded": chain((2, 6, 6), pool(MEAN, 4, 2, 1), conv2d(3, 2, padding=1), spikes_if(3, 3, 3)),
    "windows that leave a row": chain((2, 5, 7), pool(SUM, 2, 2), conv2d(3, 2, 2), spikes_if(3, 1, 2)),
    "those, padded": chain((2, 5, 7), pool(SUM, 2, 2), conv2d(3, 2, 3, padding=1), spikes_if(3, 2, 3)),
    "a mean behind weights": chain((2, 6, 6), conv2d(4, 2), pool(MEAN, 2, 2), spikes_if(4, 2, 2)),
    "a mean behind groups": chain((2, 6, 6), conv2d(4, 2, groups=2), pool(MEAN, 2, 2), spikes_if(4, 2, 2)),
    "windows behind a stride": chain((1, 9, 9), conv2d(2, 1, stride=2), pool(SUM, 2, 1), spikes_if(2, 3, 3)),
    "two convolutions": chain((2, 7, 7), conv2d(3, 2), conv2d(2, 3), spikes_if(2, 3, 3)),
    "two padded convolutions": chain((2, 5, 5), conv2d(3, 2, padding=1), conv2d(2, 3, padding=1), spikes_if(2, 5, 5)),
    "two dense layers": chain((6,), affine(5, 6), affine(4, 5), spikes_if(4)),
    "a pool, dense": chain((2, 5, 5), pool(SUM, 3, 2), FLAT, affine(4, 8), spikes_if(4)),
    "a convolution, dense": chain((2, 4, 4), conv2d(3, 2, padding=1), FLAT, affine(4, 48), spikes_if(4)),
    "scales of channels": chain(
        (2, 5, 5), nir.Scale(weights(2, 1, 1)), conv2d(3, 2), nir.Scale(weights(3, 1, 1)), spikes_if(3, 3, 3)
    ),
    "scales of values": chain((2, 4, 4), nir.Scale(weights(2, 4, 4)), conv2d(3, 2), spikes_if(3, 2, 2)),
    "scales of values behind weights": chain((2, 4, 4), conv2d(3, 2), nir.Scale(weights(3, 2, 2)), spikes_if(3, 2, 2)),
    "a scale between": chain((6,), affine(5, 6), nir.Scale(weights(5)), affine(4, 5), spikes_if(4)),
    "neurons of channels": chain(
        (2, 5, 5), conv2d(3, 2), nir.LIF(
            tau=np.array([2e-4, 4e-4, 8e-4]).reshape(3, 1, 1), r=np.full((3, 1, 1), 4.0), v_leak=np.zeros((3, 1, 1)),
            v_threshold=np.array([1.0, 1.5, 2.0]).reshape(3, 1, 1), v_reset=np.zeros((3, 1, 1)),
        )
    ),
    "signals": chain((2, 12), conv1d(3, 2), spikes_if(3, 10), conv1d(4, 3, stride=2, padding=1), spikes_if(4, 5), FLAT,
                     affine(3, 20), spikes_if(3)),
    "a flatten last": chain((2, 5, 5), conv2d(3, 2), spikes_if(3, 3, 3), FLAT),
}  # fmt: skip


def residual(neuron, *, images=False):
    """a, then b; c takes both, and d takes b, c and the skipped a."""
    if images:
        shape, size = (2, 6, 6), (3, 6, 6)
        nodes = {
            "wa": conv2d(3, 2, padding=1), "wb": conv2d(3, 3, padding=1), "wc": conv2d(3, 3, padding=1),
            "wd": conv2d(3, 3, 1), "skip": conv2d(3, 3, 1),
        }  # fmt: skip
    else:
        shape, size = (7,), (5,)
        nodes = {"wa": affine(5, 7), "wb": affine(5, 5), "wc": affine(5, 5), "wd": affine(5, 5), "skip": affine(5, 5)}
    nodes |= {name: neuron(*size) for name in "abcd"}
    edges = [("input", "wa"), ("wa", "a"), ("a", "wb"), ("wb", "b"), ("b", "wc"), ("wc", "c"), ("a", "c"), ("b", "wd")]
    edges += [("c", "wd"), ("wd", "d"), ("a", "skip"), ("skip", "d"), ("d", "output")]
    return *graph(shape, nodes, edges), ["wa", "a", "wb", "b", "wc", "c", "wd", "skip", "d"]


def diamond():
    """A shared node whose bias reaches the neurons on two ways, and two parallel layers."""
    nodes = {"w": affine(6, 7), "u": affine(6, 6), "v": affine(6, 6), "a": spikes_if(6), "b": spikes_if(5)}
    nodes |= {"x": affine(5, 6), "y": affine(4, 6), "c": spikes_if(4), "p": affine(3, 5), "q": affine(3, 4)}
    edges = [("input", "w"), ("w", "u"), ("w", "v"), ("u", "a"), ("v", "a"), ("a", "x"), ("x", "b"), ("a", "y")]
    edges += [("y", "c"), ("b", "p"), ("c", "q"), ("p", "d"), ("q", "d"), ("d", "output")]
    order = ["w", "u", "v", "a", "x", "b", "y", "c", "p", "q", "d"]
    return *graph((7,), {**nodes, "d": spikes_if(3)}, edges), order


def recurrent(back, images=False):
    """Neurons whose spikes lead back to them, in the next step."""
    if images:
        nodes, shape = {"w": conv2d(3, 2, padding=1), "a": spikes_lif(3, 4, 4)}, (2, 4, 4)
        nodes |= {"flat": FLAT, "out": affine(4, 48), "b": spikes_if(4)}
    else:
        nodes, shape = (
            {"w": affine(5, 7), "a": spikes_lif(5), "flat": FLAT, "out": affine(4, 5), "b": spikes_if(4)},
            (7,),
        )
    names = [f"back{index}" for index in range(len(back))]
    nodes |= dict(zip(names, back, strict=True))
    path = ["a", *names, "a"]
    edges = [("input", "w"), ("w", "a"), ("a", "flat"), ("flat", "out"), ("out", "b"), ("b", "output")]
    edges += list(pairwise(path))
    return *graph(shape, nodes, edges), ["w", *names, "a", "flat", "out", "b"]


BRANCHES = {
    "residual": residual(spikes_if),
    "residual, leaky": residual(spikes_lif),
    "residual, with currents": residual(spikes_cuba),
    "residual images": residual(spikes_if, images=True),
    "residual images, leaky": residual(spikes_lif, images=True),
    "diamond": diamond(),
    "recurrent convolution": recurrent([conv2d(3, 3, padding=1)], images=True),
    "recurrent pool": recurrent([pool(SUM, 3, 1, 1), nir.Scale(weights(3, 1, 1))], images=True),
    "two nodes back": recurrent([affine(4, 5), affine(5, 4)]),
    "an edge back": recurrent([]),
}
RULES = {"encoding": None, "steps": STEPS, "dt": 1e-4}


def save(folder, made):
    path = folder / "net.nir"
    nir.write(path, made)
    return path


def trains(shape, count=6):
    return RNG.integers(0, 2, (count, STEPS, int(np.prod(shape))))


@pytest.mark.parametrize("case", CHAINS)
def test_linear_nodes(tmp_path, case):
    made, shape = CHAINS[case]
    x = trains(shape)
    order = [name for name in made.nodes if name not in ("input", "output")]
    expected = interpret(made, x, shape, order)
    assert 0.01 < expected.mean() < 0.99
    network = import_nir(save(tmp_path, made), NirOptions(**RULES))
    np.testing.assert_array_equal(run_float(network, x).stages[-1].outputs, expected)


@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("case", BRANCHES)
def test_branches_and_recurrence(tmp_path, case, reset):
    made, shape, order = BRANCHES[case]
    x = trains(shape)
    expected = interpret(made, x, shape, order, subtract=reset == "subtract")
    assert 0.005 < expected.mean() < 0.995
    network = import_nir(save(tmp_path, made), NirOptions(**RULES, reset=Reset(reset)))
    np.testing.assert_array_equal(run_float(network, x).stages[-1].outputs, expected)


@pytest.mark.parametrize(
    ("reset", "timing", "spike_bits"),
    [
        *((reset, timing, 1) for reset in ("zero", "subtract", "value") for timing in ("same", "next")),
        *(("none", "same", 1), ("zero", "same", 3), ("zero", "next", 3), ("subtract", "same", 3)),
    ],
)
@pytest.mark.parametrize("neuron", [spikes_if, spikes_lif, spikes_cuba])
def test_relays_pass_on_what_they_get(tmp_path, neuron, reset, timing, spike_bits):
    """Whatever the rules: also in integers, whose thresholds and weights are rounded."""
    made, shape, _ = residual(neuron)
    rules = {"reset": Reset(reset), "reset_timing": ResetTiming(timing), "spike_bits": spike_bits}
    network, x = import_nir(save(tmp_path, made), NirOptions(**RULES, **rules)), trains(shape, 20)
    runs = run_float(network, x).stages
    np.testing.assert_array_equal(runs[1].outputs[..., 5:], runs[0].outputs)
    np.testing.assert_array_equal(runs[2].outputs[..., 5:], runs[1].outputs)
    quantized = quantize(network, x)
    train = x.astype(np.int64)
    sent = []
    for stage in quantized.network.stages[:3]:
        train = trace(stage.neuron, stage.synapses, train, stage.recurrent, stage.decays).spikes
        sent.append(train)
    np.testing.assert_array_equal(sent[1][..., 5:], sent[0])
    np.testing.assert_array_equal(sent[2][..., 5:], sent[1])
    assert sent[0].any()


def test_images_stay_convolutions(tmp_path):
    """Relays of images are channels: no matrix is needed."""
    made, _, _ = BRANCHES["residual images"]
    network = import_nir(save(tmp_path, made), NirOptions(**RULES))
    assert all(isinstance(stage.synapses, Conv2d) for stage in network.stages)
    assert [stage.synapses.channels for stage in network.stages] == [3, 6, 9, 3]


@pytest.mark.parametrize(
    ("case", "options"),
    [
        pytest.param("residual images", {}, marks=pytest.mark.slow),
        ("residual, leaky", {"reset": "subtract"}),
        ("recurrent convolution", {}),
        ("signals", {}),
        ("neurons of channels", {}),
    ],
)
def test_the_hardware_computes_it(tmp_path, case, options):
    made, shape, *_ = (CHAINS | BRANCHES)[case]
    x = trains(shape, 12)
    np.savez(tmp_path / "d.npz", spikes=x.astype(np.uint8), label=np.arange(12) % 3)
    data = load_data(f"npz:{tmp_path / 'd.npz'}")
    design = prepare(save(tmp_path, made), data, ModelOptions({**options, "dt": 1e-4}))
    evaluation = evaluate(design, data, Backend.RTL, samples=3)
    assert evaluation.mismatches == 0
    assert np.ptp(evaluation.result.outputs) > 0


@pytest.mark.parametrize(
    ("made", "what"),
    [
        (chain((6,), affine(5, 6), spikes_if(5), affine(3, 5)), "node 'n2'"),
        (chain((2, 5, 5), conv2d(3, 2), spikes_if(3, 3, 3), pool(SUM, 3, 1)), "node 'n2'"),
    ],
)
def test_what_ends_without_neurons_is_summed(tmp_path, made, what):
    made, shape = made
    x = trains(shape)
    order = [name for name in made.nodes if name not in ("input", "output")]
    network = import_nir(save(tmp_path, made), NirOptions(**RULES))
    expected = interpret(made, x, shape, order).sum(axis=1)
    np.testing.assert_allclose(run_float(network, x).outputs, expected, atol=1e-9)
    assert network.warnings == (f"{what} has no neurons after it: its results are summed over the steps",)


def test_nested_graphs_whose_stated_shapes_disagree(tmp_path):
    """Nobody needs the shapes of inner Inputs and Outputs."""
    inner = nir.NIRGraph(
        {
            "input": nir.Input(np.array([99])),
            "w": nir.Affine(weights(4, 6), np.zeros(4)),
            "output": nir.Output(np.array([7])),
        },
        [("input", "w"), ("w", "output")],
        type_check=False,
    )  # fmt: skip
    made, shape = graph((6,), {"g": inner, "a": spikes_if(4)}, [("input", "g"), ("g", "a"), ("a", "output")])
    x = trains(shape)
    flat, _ = chain(shape, inner.nodes["w"], spikes_if(4))
    expected = interpret(flat, x, shape, ["n0", "n1"])
    got = run_float(import_nir(save(tmp_path, made), NirOptions(**RULES)), x).stages[-1].outputs
    np.testing.assert_array_equal(got, expected)


def _two_ways_in():
    nodes = {"w": affine(5, 7), "a": spikes_if(5), "u": affine(4, 5), "v": affine(4, 7), "b": spikes_if(4)}
    edges = [("input", "w"), ("w", "a"), ("a", "u"), ("u", "b"), ("input", "v"), ("v", "b"), ("b", "output")]
    return graph((7,), nodes, edges)[0]


def test_relays_of_several_spikes_cannot_subtract_them_later(tmp_path):
    made, *_ = residual(spikes_if)
    rules = {"reset": Reset.SUBTRACT, "reset_timing": ResetTiming.NEXT, "spike_bits": 2}
    with pytest.raises(InputError, match=r"node 'b' \(IF\) subtracts several spikes in the next step"):
        import_nir(save(tmp_path, made), NirOptions(**RULES, **rules))


def _around():
    nodes = {"w": affine(5, 7), "a": spikes_if(5), "u": affine(4, 5), "b": spikes_if(4), "v": affine(5, 4)}
    edges = [("input", "w"), ("w", "a"), ("a", "u"), ("u", "b"), ("b", "v"), ("v", "a"), ("b", "output")]
    return graph((7,), nodes, edges)[0]


def _unequal():
    nodes = {"w": affine(5, 7), "a": spikes_if(5), "u": affine(4, 5), "b": spikes_if(4), "v": affine(3, 4)}
    edges = [("input", "w"), ("w", "a"), ("a", "u"), ("u", "b"), ("a", "c"), ("b", "v"), ("v", "c"), ("c", "output")]
    return graph((7,), {**nodes, "c": spikes_if(3)}, edges)[0]


def _wide():
    nodes = [conv2d(4, 2, padding=1), conv2d(4, 4, padding=1), spikes_if(4, 64, 64)]
    return chain((2, 64, 64), *nodes)[0]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (_two_ways_in(), r"node 'input' \(Input\) leads to several layers of neurons: only spikes"),
        (_around(), "the cycle through 'a' and 'b' is not a recurrence: only a neuron's own spikes"),
        (_unequal(), r"node 'c' \(IF\) adds 3 and 5 currents: the numbers must be equal"),
        (
            _wide(),
            r"node 'n1' \(Conv2d\) and the nodes before it are no convolution, and as a matrix have 16384 x 16384",
        ),
        (
            chain((6,), nir.Affine(weights(6, 5), np.zeros(5)), spikes_if(5))[0],
            r"node 'n0' \(Affine\) has a bias of shape \(5,\) for 6 neurons; they seem to be stored as \(inputs, o",
        ),
        (chain((6,), nir.Linear(weights(6, 5)), spikes_if(5))[0], r"takes 5 values but gets 6; they seem to be stored"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, made, message):
    with pytest.raises(InputError, match=message) as caught:
        import_nir(save(tmp_path, made), NirOptions(**RULES))
    assert "\n" not in str(caught.value)
