"""Gates by hand: small circuits whose edges and energies can be counted on paper."""

import numpy as np
import pytest
from support.paths import GATES_LIBRARY

from tospike.compare.energy.gates.annotate import WireModel, annotate
from tospike.compare.energy.gates.energy import STATIC, clock_tree, gate_energy
from tospike.compare.energy.gates.parts import part_of
from tospike.compare.energy.gates.simulate import DelayModel, GateSimulator
from tospike.compare.energy.technology import load_technology
from tospike.gen.tools.cache import Cache
from tospike.hw.params import InputError
from tospike.synth.asic.library import read_cells
from tospike.synth.asic.netlist import Gate, Macro, Netlist, ReadPort, WritePort

LIBRARY = read_cells(GATES_LIBRARY.read_bytes())
NO_WIRES = WireModel(pitches=0.0)
TECHNOLOGY = load_technology("osu018")
ZERO, DELAYED = DelayModel.ZERO, DelayModel.LIBRARY
CLOCK, A, B, N, M, Y = 2, 3, 4, 5, 6, 7
PIN = 0.01 * 2.0**2 / 2
"""pJ of an edge at a pin."""
RISE, FALL = 0.5, 0.25
"""pJ inside a cell."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return Cache(root=tmp_path_factory.mktemp("cache"))


def gate(cell, path="", **pins):
    return Gate(path=path, cell=cell, pins=pins)


def netlist(*gates, macros=(), inputs=None, outputs=None):
    return Netlist(
        nets=40,
        clock=CLOCK,
        gates=gates,
        macros=tuple(macros),
        inputs=inputs or {"a": (A,), "b": (B,)},
        outputs=outputs or {"y": (Y,)},
    )


def run(circuit, vectors, delays, cache, *, skip=0):
    annotated = annotate(circuit, LIBRARY, NO_WIRES)
    activity = GateSimulator.of(circuit, LIBRARY, annotated, cache).vectors(delays, vectors, skip=skip)
    energy = gate_energy(
        circuit,
        LIBRARY,
        annotated,
        activity,
        TECHNOLOGY,
        cycles=np.array([float(len(vectors) - skip)]),
        period_ns=10.0,
    )
    return [int(line.split()[0], 16) for line in activity.output.splitlines()], activity, energy


def dynamic(energy):
    return sum(float(values[0]) for name, values in energy.parts.items() if name not in STATIC)


INVERTERS = netlist(gate("INV", A=A, Y=N), gate("INV", A=N, Y=Y), inputs={"a": (A,)})


@pytest.mark.parametrize("delays", DelayModel)
def test_two_inverters(cache, delays):
    got, activity, energy = run(INVERTERS, [(0,), (1,), (1,), (0,)], delays, cache)
    assert got == [0, 1, 1, 0]
    np.testing.assert_array_equal(activity.edges[0, [A, N, Y]], [[1, 1], [1, 1], [1, 1]])
    # two edges at two pins, and an edge each way of two outputs, of which one drives nothing
    assert dynamic(energy) == pytest.approx(4 * PIN + 2 * (RISE + FALL))
    assert energy.parts["leakage"][0] == pytest.approx(2 * 1.0 * 4 * 10 * 1e-6)
    assert energy.parts["clock"][0] == 0


def test_wires_add_to_the_load():
    wires = WireModel(pitches=2.0, ff_per_um=5.0)
    loads = annotate(INVERTERS, LIBRARY, wires).load
    assert loads[N] == pytest.approx(0.01 + 2.0 * 1.0 * 5.0 / 1000)
    assert loads[Y] == 0
    with pytest.raises(InputError, match="pitches must not be negative"):
        WireModel(pitches=-1)


FLOPS = netlist(
    gate("FLOP", path="engine_0.array", D=A, CK=CLOCK, Q=N),
    gate("FLOP", path="engine_0.queue", D=N, CK=CLOCK, Q=Y),
    inputs={"a": (A,)},
)


@pytest.mark.parametrize("delays", DelayModel)
def test_a_shift_register(cache, delays):
    values = [0, 1, 0, 0, 1, 1, 0, 1]
    got, _, _ = run(FLOPS, [(value,) for value in values], delays, cache)
    assert got == [0, 0, *values[:-2]]


@pytest.mark.parametrize("delays", DelayModel)
def test_no_activity_leaves_clock_and_leakage(cache, delays):
    _, activity, energy = run(FLOPS, [(0,)] * 10, delays, cache)
    assert activity.edges.sum() == 0
    assert dynamic(energy) == 0
    tree = clock_tree(FLOPS, LIBRARY, 0.0)
    assert (tree.sinks, tree.buffers, tree.buffer) == (2, 1, "BUF")
    assert tree.pins_pj == pytest.approx(2 * (2 * PIN + 0.125 + 0.0625))
    assert tree.tree_pj == pytest.approx(2 * PIN + RISE + FALL)
    assert energy.parts["clock"][0] == pytest.approx(10 * (tree.pins_pj + tree.tree_pj))
    assert energy.parts["leakage"][0] == pytest.approx((2 * 10 + 1) * 10 * 10 * 1e-6)
    assert energy.total[0] == pytest.approx(energy.parts["clock"][0] + energy.parts["leakage"][0])


@pytest.mark.parametrize("delays", DelayModel)
def test_twice_the_activity_costs_twice_as_much(cache, delays):
    slow = [(cycle // 2 % 2,) for cycle in range(50)]
    fast = [(cycle % 2,) for cycle in range(50)]
    energies = [run(FLOPS, vectors, delays, cache, skip=10)[2] for vectors in (slow, fast)]
    assert dynamic(energies[0]) > 0
    assert dynamic(energies[1]) == pytest.approx(2 * dynamic(energies[0]))
    assert [energies[1].parts[p][0] for p in STATIC] == [energies[0].parts[p][0] for p in STATIC]


def test_parts_and_modules(cache):
    """Each input's edge is the host's, a flip-flop's output and its input's internal energy its module's."""
    _, activity, energy = run(FLOPS, [(cycle % 2,) for cycle in range(12)], ZERO, cache)
    fall, rise = activity.edges[0, N]
    inside = sum(activity.edges[0, A] * (0.015625, 0.03125))
    assert energy.modules["engine_0.array"] == pytest.approx(fall * (FALL + PIN) + rise * (RISE + PIN) + inside)
    assert energy.modules["engine_0.array"] == pytest.approx(energy.parts["mac"][0])
    assert energy.modules["engine_0.queue"] == pytest.approx(energy.parts["queues"][0])
    assert energy.modules["host"] == pytest.approx(sum(activity.edges[0, A]) * PIN)
    summary = energy.summary()
    assert sum(summary.parts.values()) == pytest.approx(summary.total)
    assert summary.static == pytest.approx(summary.parts["clock"] + summary.parts["leakage"])


def glitching(cell):
    """``a ^ a``, once through two inverters: 0, but for a pulse of 2 ns after each edge."""
    return netlist(gate("INV", A=A, Y=N), gate("INV", A=N, Y=M), gate(cell, A=A, B=M, Y=Y), inputs={"a": (A,)})


def test_a_glitch_is_counted_with_delays_only(cache):
    vectors = [(0,), (1,), (0,), (0,)]
    with_delays = run(glitching("XOR"), vectors, DELAYED, cache)
    without = run(glitching("XOR"), vectors, ZERO, cache)
    assert with_delays[0] == without[0] == [0, 0, 0, 0]
    np.testing.assert_array_equal(with_delays[1].edges[0, Y], [2, 2])
    np.testing.assert_array_equal(without[1].edges[0, Y], [0, 0])
    assert dynamic(with_delays[2]) - dynamic(without[2]) == pytest.approx(2 * (RISE + FALL))


def test_a_pulse_shorter_than_the_gates_delay_vanishes(cache):
    _, activity, _ = run(glitching("SLOWXOR"), [(0,), (1,), (0,)], DELAYED, cache)
    np.testing.assert_array_equal(activity.edges[0, Y], [0, 0])
    np.testing.assert_array_equal(activity.edges[0, M], [1, 1])


def test_a_chain_of_xors_glitches_stage_by_stage(cache):
    """Inputs change together, the chain is 2 ns late in each stage: output k moves k + 1 times, not once or never."""
    stages = [gate("XOR", A=A, B=B, Y=20)]
    for k in (1, 2):
        stages += [gate("BUF", A=19 + k, Y=29 + k), gate("XOR", A=29 + k, B=7 + k, Y=20 + k)]
    chain = netlist(*stages, inputs={"a": (A, 8, 9), "b": (B,)}, outputs={"y": (22,)})
    for delays, edges in ((ZERO, [2, 0, 2]), (DELAYED, [2, 4, 6])):
        got, activity, _ = run(chain, [(0, 0), (0b111, 0), (0, 0)], delays, cache)
        assert got == [0, 1, 0]
        assert activity.edges[0, 20:23].sum(axis=1).tolist() == edges


def memory(transparent=()):
    port = {"address": (8, 9), "data": (10, 11), "enable": (12, 13)}
    write = WritePort(**port)
    read = ReadPort(address=(14, 15), data=(16, 17), enable=(18,), transparent=transparent)
    init = ("10", "01", "11", "00")
    macro = Macro(path="engine_0.weights.memory", width=2, words=4, init=init, reads=(read,), writes=(write,))
    return netlist(
        macros=[macro],
        inputs={"at": (8, 9), "d": (10, 11), "we": (12, 13), "from": (14, 15), "re": (18,)},
        outputs={"q": (16, 17)},
    )


@pytest.mark.parametrize("delays", DelayModel)
def test_a_memory(cache, delays):
    """The first words of ``init`` are 1, 2, 3, 0: the lowest bit comes first."""
    vectors = [
        (0, 0, 0, 0, 1),  # read word 0
        (1, 0b11, 0b01, 1, 1),  # write the lower bit of word 1, read it as it was
        (0, 0, 0, 1, 1),
        (0, 0, 0, 2, 0),  # no read: the word stays
        (0, 0, 0, 2, 1),
        (0, 0, 0, 0, 0),
    ]
    got, activity, energy = run(memory(), vectors, delays, cache)
    assert got == [0, 1, 2, 3, 3, 3]
    np.testing.assert_array_equal(activity.accesses[0], [[4, 1]])
    price = 5 * TECHNOLOGY.access(2, 8)
    assert energy.modules["engine_0.weights.memory (memory)"] == pytest.approx(price)
    assert energy.parts["memories"][0] == pytest.approx(price + energy.modules["engine_0.weights"])


def test_a_transparent_read_sees_what_is_written(cache):
    got, _, _ = run(memory(transparent=(0,)), [(1, 0b11, 0b01, 1, 1), (0,) * 5], ZERO, cache)
    assert got == [0, 3]


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("engine_0.array", "mac"),
        ("engine_1.accumulate", "mac"),
        ("engine_1.multiply", "mac"),
        ("engine_1.recurrent_queue", "queues"),
        ("engine_1.neuron_12", "neuron"),
        ("engine_0.post", "neuron"),
        ("engine_0.results$165", "memories"),
        ("engine_1.bias$126", "memories"),
        ("engine_1.aux", "memories"),
        ("engine_2.serializer", "queues"),
        ("engine_2.sequencer", "control"),
        ("engine_2", "control"),
        ("input", "control"),
        ("", "control"),
    ],
)
def test_parts_by_name(path, part):
    assert part_of(path) == part
