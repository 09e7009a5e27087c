"""The update equations of the frameworks' neurons against the presets.

`test_frameworks.py` (slow) compares with the frameworks themselves.
"""

from functools import partial

import nir
import numpy as np
import pytest
from support.framework_rules import (
    fires,
    full,
    jelly,
    jelly_cuba,
    lava,
    lava_cuba,
    leaky,
    norse_box,
    norse_cuba,
    norse_li,
    norse_lif,
    norse_node,
    rockpool,
    rockpool_cuba,
    rockpool_lif,
    rockpool_synapse,
    sinabs,
    snntorch,
    spikingjelly,
    spikingjelly_cuba,
    spyx,
    spyx_cuba,
    spyx_lif,
    steps_li,
    steps_lif,
    synaptic,
)

from tospike.gen.data.datasets import data_of_arrays, load_data
from tospike.gen.nir.frameworks import Framework, Gain
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import InputError, Reset
from tospike.tb.reference import compare_reference
from tospike.tb.replay.exact_trace import compare_trains

INPUTS, HIDDEN, OUTPUTS, SAMPLES, STEPS = 24, 16, 6, 6, 20
RNG = np.random.default_rng(21)
SPIKES = (RNG.random((SAMPLES, STEPS, INPUTS)) < 0.3).astype(np.uint8)
WEIGHTS = RNG.normal(0.1, 1, (HIDDEN, INPUTS)) / 5, RNG.normal(0.1, 1, (OUTPUTS, HIDDEN)) / 4
BIASES = RNG.normal(0.02, 0.05, HIDDEN), RNG.normal(0.02, 0.05, OUTPUTS)
RECURRENT = RNG.normal(0, 0.15, (HIDDEN, HIDDEN))


TORCH = {
    "subtract-delayed": {},
    "subtract": {"delay": False},
    "zero-delayed": {"reset": "zero"},
    "zero": {"reset": "zero", "delay": False},
    "none": {"reset": "none"},
}
WIDE = {"weight_bits": 16, "decay_bits": 16, "scale_search": 0}
LEAST = {"min_v_mem": -0.2}
# name: the node that the exporter writes (the last layer's, if it is another), the framework's rule (likewise), the
# preset, options, and by what the weights are multiplied so that neurons spike now and then
CASES = {
    **{f"leaky {r}": (leaky, partial(snntorch, **o), f"snntorch-{r}", {}, 1) for r, o in TORCH.items()},
    **{
        f"synaptic {r}": (synaptic, partial(snntorch, alpha=0.7, **o), f"snntorch-{r}", {}, 0.5)
        for r, o in TORCH.items()
    },
    "norse lifbox": (norse_node, norse_box, "norse-export", {}, 5),
    "norse lifbox by itself": (norse_node, norse_box, "norse", {}, 5),
    "norse lifbox leak": (partial(norse_node, leak=0.4), partial(norse_box, leak=0.4), "norse-export", {}, 5),
    "norse lifbox subtract": (
        norse_node,
        partial(norse_box, subtract=True),
        "norse-export",
        {"reset": Reset.SUBTRACT},
        5,
    ),
    "norse libox": (
        (norse_node, partial(norse_li, leak=0.3)),
        (norse_box, partial(norse_box, tau_inv=100, leak=0.3, threshold=np.inf)),
        "norse-export",
        {},
        5,
    ),
    "norse lif": (norse_cuba, norse_lif, "norse-export", {}, 2),
    "norse lif leak": (partial(norse_cuba, leak=0.4), partial(norse_lif, leak=0.4), "norse", {}, 2),
    "sinabs iaf": (fires, sinabs, "sinabs", {}, 1),
    "sinabs iaf single": (fires, partial(sinabs, single=True), "sinabs-export", {"spike_bits": 1}, 1),
    "sinabs iaf reset": (fires, partial(sinabs, zero=True), "sinabs-export", {"reset": Reset.ZERO}, 1),
    "sinabs iaf least": (fires, partial(sinabs, least=-0.2), "sinabs-export", LEAST, 1),
    "sinabs lif": (steps_lif, partial(sinabs, tau=5, norm=True), "sinabs-export", {}, 6),
    "sinabs lif by itself": (steps_lif, partial(sinabs, tau=5, norm=True), "sinabs", {}, 6),
    "sinabs lif plain": (steps_lif, partial(sinabs, tau=5), "sinabs-export", {"gain": Gain.ONE}, 1),
    "sinabs lif plain least": (
        steps_lif,
        partial(sinabs, tau=5, least=-0.2),
        "sinabs-export",
        {"gain": Gain.ONE, **LEAST},
        1,
    ),
    "sinabs expleak": (
        (steps_lif, steps_li),
        (partial(sinabs, tau=5, norm=True), partial(sinabs, tau=8, spiking=False)),
        "sinabs-export",
        {},
        6,
    ),
    "sinabs expleak least": (
        (fires, steps_li),
        (partial(sinabs, least=-0.2), partial(sinabs, tau=8, spiking=False, least=-0.2)),
        "sinabs-export",
        LEAST,
        1,
    ),
    "spikingjelly if": (partial(fires, r=1e4), spikingjelly, "spikingjelly", {}, 0.7),
    "spikingjelly if reset": (
        partial(fires, r=1e4, reset=-0.25),
        partial(spikingjelly, reset=-0.25),
        "spikingjelly",
        {},
        0.7,
    ),
    "spikingjelly lif": (jelly, partial(spikingjelly, tau=3), "spikingjelly", {}, 4),
    "spikingjelly lif reset": (
        partial(jelly, reset=0.25),
        partial(spikingjelly, tau=3, reset=0.25),
        "spikingjelly",
        {},
        4,
    ),
    "spikingjelly lif plain": (
        partial(jelly, r=3),
        partial(spikingjelly, tau=3, decay_input=False),
        "spikingjelly",
        {},
        1,
    ),
    "spikingjelly cuba": (
        partial(jelly_cuba, reset=0.1),
        partial(spikingjelly_cuba, reset=0.1),
        "spikingjelly",
        {},
        0.6,
    ),
    "rockpool lif": (rockpool_cuba, rockpool, "rockpool", {}, 0.2),
    "rockpool neuron": (rockpool_lif, partial(rockpool, syn=None), "rockpool", {}, 0.7),
    "rockpool synapse": (
        (rockpool_cuba, rockpool_synapse),
        (rockpool, partial(rockpool, spiking=False)),
        "rockpool",
        {},
        0.2,
    ),
    "lava": (lava_cuba, lava, "lava", {}, 0.5),
    "spyx lif": (spyx_lif, spyx, "spyx", {}, 1),
    "spyx cuba": (spyx_cuba, partial(spyx, alpha=0.5), "spyx", {}, 0.5),
}


def both(of):
    return of if isinstance(of, tuple) else (of, of)


def exported(folder, nodes, size, recurrent=None):
    """A network of two layers as a file, in float32, and its data."""
    nodes, weights, biases = both(nodes), [], []
    graph = {"input": nir.Input({"input": np.array([INPUTS])})}
    edges, before = [], "input"
    for index, (node, weight, bias) in enumerate(zip(nodes, WEIGHTS, BIASES, strict=True)):
        weights.append((size * weight).astype(np.float32))
        biases.append(bias.astype(np.float32))
        graph |= {f"w{index}": nir.Affine(weights[-1], biases[-1]), f"n{index}": node(len(bias))}
        edges += [(before, f"w{index}"), (f"w{index}", f"n{index}")]
        before = f"n{index}"
    if recurrent is not None:
        graph["r"] = nir.Affine(recurrent.astype(np.float32), np.zeros(HIDDEN, np.float32))
        edges += [("n0", "r"), ("r", "n0")]
    graph["output"] = nir.Output({"output": np.array([OUTPUTS])})
    path = folder / "net.nir"
    nir.write(path, nir.NIRGraph(graph, [*edges, (before, "output")], type_check=False))
    np.savez(folder / "d.npz", spikes=SPIKES, label=np.zeros(SAMPLES, np.int64))
    return path, [w.astype(np.float64) for w in weights], [b.astype(np.float64) for b in biases]


def run(rules, weights, biases):
    first, last = both(rules)
    hidden = first(SPIKES @ weights[0].T + biases[0])
    return {0: hidden, 1: last(hidden @ weights[1].T + biases[1])}


@pytest.mark.parametrize("case", CASES)
def test_no_spike_differs(tmp_path, case):
    nodes, rules, framework, more, size = CASES[case]
    path, weights, biases = exported(tmp_path, nodes, size)
    wanted = run(rules, weights, biases)
    assert 0.02 < np.mean(wanted[0] > 0) < 0.95 and wanted[1].any()
    data = load_data(f"npz:{tmp_path / 'd.npz'}")
    prepared = prepare(path, data, ModelOptions(framework=Framework(framework), **WIDE, **more))
    stages = compare_reference(prepared.imported, data.x, wanted)
    assert [(stage.different, stage.ties) for stage in stages] == [(0, 0), (0, 0)], stages
    for layer in compare_trains(prepared, data.x):
        assert layer.differ <= 2  # of 720 or 1920: weights and decays of 16 bits are not those of float32


def test_lava_does_not_spike_at_the_threshold(tmp_path):
    node = nir.LIF(full(1, 2), full(1, 2), full(1, 0), full(1, 1), full(1, 0))
    nodes = {"input": nir.Input({"input": np.array([1])}), "w": nir.Linear(np.ones((1, 1), np.float32)), "n": node}
    nodes["output"] = nir.Output({"output": np.array([1])})
    nir.write(tmp_path / "net.nir", nir.NIRGraph(nodes, [("input", "w"), ("w", "n"), ("n", "output")]))
    np.savez(tmp_path / "d.npz", spikes=np.array([[[1], [0], [0]], [[1], [1], [0]]], np.uint8), label=np.zeros(2, int))
    data = load_data(f"npz:{tmp_path / 'd.npz'}")
    prepared = prepare(tmp_path / "net.nir", data, ModelOptions(framework=Framework.LAVA, dt=1.0))
    wanted = {0: np.array([[[0], [0], [0]], [[0], [1], [0]]], float)}  # membranes 1, 0.5, 0.25, and 1, 1.5, 0
    assert [stage.different + stage.ties for stage in compare_reference(prepared.imported, data.x, wanted)] == [0]


@pytest.mark.parametrize("reset", TORCH)
@pytest.mark.parametrize("kind", [leaky, synaptic])
def test_recurrent_cells_of_snntorch(tmp_path, kind, reset):
    options = TORCH[reset] | ({"alpha": 0.7} if kind is synaptic else {})
    size = 0.5 if kind is synaptic else 1
    path, weights, biases = exported(tmp_path, kind, size, RECURRENT)
    recurrent = RECURRENT.astype(np.float32).astype(np.float64)
    rules = partial(snntorch, recurrent=recurrent, **options), partial(snntorch, **options)
    wanted = run(rules, weights, biases)
    data = load_data(f"npz:{tmp_path / 'd.npz'}")
    prepared = prepare(path, data, ModelOptions(framework=Framework(f"snntorch-{reset}")))
    assert [stage.different for stage in compare_reference(prepared.imported, data.x, wanted)] == [0, 0]


def test_what_is_guessed_is_said(tmp_path):
    path, *_ = exported(tmp_path, leaky, 1)
    data = load_data(f"npz:{tmp_path / 'd.npz'}", every=2)

    def said(path=path, **options):
        return prepare(path, data, ModelOptions(**options)).warnings

    (line,) = said(framework=Framework.SNNTORCH)
    assert "assumed reset zero, reset-timing same" in line and "--framework snntorch-subtract-delayed" in line
    assert said(framework=Framework.SNNTORCH_SUBTRACT_DELAYED) == ()
    (line,) = said(dt=1e-4)
    assert line == (
        "the file does not say all about its neurons: assumed reset zero, reset-timing same, comparison above, decay "
        "euler; give --framework, or --reset, --reset-timing, --comparison, --decay"
    )
    (line,) = said(dt=1e-4, reset=Reset.NONE, comparison="above")
    assert "assumed decay euler; give --framework, or --decay" in line
    path, *_ = exported(tmp_path, steps_lif, 1)
    first, second = said(path, framework=Framework.SINABS)
    assert "a time constant of 5 is read as steps" in first and "--framework sinabs-export" in first
    assert "assumed spike-bits 4, reset subtract, gain sinabs, min-v-mem none" in second
    prepared = prepare(path, data, ModelOptions(framework=Framework.SINABS))
    assert prepared.choices["nir"]["tau_unit"] == "steps" and prepared.choices["warnings"] == [first, second]
    options = {"spike_bits": 1, "reset": Reset.SUBTRACT, "gain": Gain.ONE, "min_v_mem": -np.inf}
    assert said(path, framework=Framework.SINABS_EXPORT, **options) == ()
    path, *_ = exported(tmp_path, norse_node, 1)
    (line,) = said(path, framework=Framework.NORSE)
    assert "a time constant of 5e-06 is below dt, 0.001 s" in line and "--framework norse-export" in line
    assert said(path, framework=Framework.NORSE, dt=1e-6) == ()


def test_how_values_become_steps_is_guessed_for_values_only(tmp_path):
    path, *_ = exported(tmp_path, leaky, 1)
    values = data_of_arrays({"x": np.ones((4, INPUTS)), "y": np.zeros(4, np.int64)}, every=2)
    spikes = load_data(f"npz:{tmp_path / 'd.npz'}", every=2)

    def said(data=values, **options):
        return prepare(path, data, ModelOptions(framework=Framework.SNNTORCH_SUBTRACT, **options)).warnings

    start = "the file does not say how values become time steps: assumed "
    assert said() == (f"{start}encoding direct, steps 8; give --encoding, --steps",)
    assert said(steps=4) == (f"{start}encoding direct; give --encoding",)
    assert said(encoding="stochastic") == (f"{start}steps 8; give --steps",)
    assert said(encoding="direct", steps=8) == said(spikes) == said(spikes, steps=SPIKES.shape[1]) == ()
    with pytest.raises(InputError, match=rf"--steps 4 is not the number of steps in d, {SPIKES.shape[1]}: leave it"):
        said(spikes, steps=4)
    with pytest.raises(InputError, match="--encoding is for values, but d holds spike trains: leave it out"):
        said(spikes, encoding="direct")


def test_values_that_an_encoding_clips_are_told(tmp_path):
    """In floating point, too, so that no other comparison shows it."""
    path, *_ = exported(tmp_path, leaky, 1)

    def said(x, encoding):
        data = data_of_arrays({"x": x, "y": np.zeros(4, np.int64)}, every=2)
        options = ModelOptions(framework=Framework.SNNTORCH_SUBTRACT, encoding=encoding, steps=4)
        return prepare(path, data, options).warnings

    x = np.linspace(-0.03, 1.03, 4 * INPUTS).reshape(4, INPUTS)
    assert said(x, "rate") == said(16 * x, "direct") == ()
    assert said(x + np.array([[0], [9], [0], [9]]), "rate") == ()  # the odd samples are for the test
    (line,) = said(x + np.array([[9], [0], [0], [0]]), "rate")
    assert line == "--encoding rate clips 50 % of the values in arrays, which are outside 0 to 1: scale them"


def test_what_no_framework_wrote_is_refused(tmp_path):
    path, *_ = exported(tmp_path, partial(fires, r=1e3), 1)
    data = load_data(f"npz:{tmp_path / 'd.npz'}")
    with pytest.raises(InputError, match=r"r is 1000, but SpikingJelly writes 1 / dt, which is 10000: give --dt 0.001"):
        prepare(path, data, ModelOptions(framework=Framework.SPIKINGJELLY))
    path, *_ = exported(tmp_path, norse_node, 1)
    with pytest.raises(InputError, match=r"dt 0.001 s is longer than tau 5e-06 s: .* --framework norse-export"):
        prepare(path, data, ModelOptions(dt=1e-3))
    with pytest.raises(InputError, match="min-v-mem must be at most 0"):
        prepare(path, data, ModelOptions(framework=Framework.NORSE, min_v_mem=0.5))
    with pytest.raises(InputError, match="without a reset there is no reset timing"):
        prepare(path, data, ModelOptions(framework=Framework.SNNTORCH_NONE, spike_bits=2))
