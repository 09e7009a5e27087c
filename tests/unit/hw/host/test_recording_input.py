"""Events with time stamps at the host's port: as recordings are binned in software, to the token and to the cycle."""

import nir
import numpy as np
import pytest
from amaranth.hdl import *
from amaranth.lib.wiring import connect
from support.nir_files import chain, li, lif, save
from support.paths import EXAMPLES
from support.simulators import QUICK
from support.stream_bench import END, TICK, as_token, receive, simulate, train_tokens, value

from tospike.gen.data.datasets import load_data
from tospike.gen.data.recordings.binning import bin_events
from tospike.gen.emit.beats import recording_beats
from tospike.gen.emit.folder import build, generate
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.plan import plan
from tospike.gen.tools.cache import Cache
from tospike.hw.encoders import delay_layout
from tospike.hw.encoders.delay import Delay
from tospike.hw.host.recording import RecordingInput
from tospike.hw.params import (
    AcceleratorParams,
    DelayParams,
    HostEventParams,
    HostInput,
    InputError,
    IntFormat,
    LifParams,
    Readout,
    SpikingParams,
)
from tospike.sim.accelerator import run
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend
from tospike.tb.replay import replay as replay_module
from tospike.tb.replay.replay import replay

WIDTH, HEIGHT = 3, 2
INPUTS = 2 * WIDTH * HEIGHT


def play(dut, source, output, beats, count, *, stall=0.0):
    """The tokens that come out, and how often each error was flagged."""
    errors = dict.fromkeys(("frame_error", "address_error", "time_error"), 0)

    async def producer(ctx):
        rng = np.random.default_rng(1)
        for beat in beats:
            while rng.random() < stall:
                await ctx.tick()
            ctx.set(source.i.tdata, beat.data)
            ctx.set(source.i.tlast, beat.last)
            ctx.set(source.i.tvalid, 1)
            await ctx.tick().until(source.i.tready)
            ctx.set(source.i.tvalid, 0)

    async def consumer(ctx):
        return await receive(ctx, output, count, stall=stall, convert=as_token)

    async def watch(ctx):
        async for _, _, *flags in ctx.tick().sample(*(getattr(source, name) for name in errors)):
            for name, flag in zip(errors, flags, strict=True):
                errors[name] += flag

    return simulate(dut, producer, consumer, background=[watch])[1], errors


def recordings(rng, count, longest):
    """Events as files have them: any address at any time, several at a time; (fields, offsets)."""
    lengths = rng.integers(1, 30, count)
    stamps = [np.sort(rng.integers(0, longest, length)) + int(rng.integers(0, 5000)) for length in lengths]
    fields = {
        "x": rng.integers(0, WIDTH, lengths.sum()),
        "y": rng.integers(0, HEIGHT, lengths.sum()),
        "p": rng.integers(0, 2, lengths.sum()),
        "t_us": np.concatenate(stamps),
    }
    return fields | {"offsets": np.concatenate([[0], np.cumsum(lengths)])}


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize(("time_bin", "steps"), [(1, 5), (10, 8), (64, 3), (1000, 1)])
def test_recordings_are_binned_as_in_software(time_bin, steps, stall):
    events = recordings(np.random.default_rng(steps), 5, 100)
    binned = bin_events(events, time_bin_us=time_bin, steps=steps, sensor=(WIDTH, HEIGHT))
    addresses = (events["p"] * HEIGHT + events["y"]) * WIDTH + events["x"]
    beats = []
    for first, last in zip(events["offsets"], events["offsets"][1:], strict=False):
        beats += recording_beats(events["t_us"][first:last], addresses[first:last], inputs=INPUTS)
    expected = [token for train in binned for token in train_tokens(train)]

    m = Module()
    params = DelayParams(inputs=INPUTS, longest=1)
    m.submodules.source = source = RecordingInput(params.input, HostEventParams(time_bin=time_bin, steps=steps))
    m.submodules.sort = sort = Delay(params, delay_layout.pack(params, [0] * INPUTS))
    connect(m, source.o, sort.i)
    received, errors = play(m, source, sort.o, beats, len(expected), stall=stall)
    assert received == expected
    assert not any(errors.values())


def beats_of(*words):
    """Beats of recordings, each a list of words."""
    return [
        type("Beat", (), {"data": word, "last": number == len(recording)})
        for recording in words
        for number, word in enumerate(recording, start=1)
    ]


def test_wrong_events_are_flagged_and_dropped():
    fmt = DelayParams(inputs=5, longest=1).input
    dut = RecordingInput(fmt, HostEventParams(time_bin=10, steps=2))
    beats = beats_of(
        [100, 100, 4, 99, 0, 112, 2, 111, 1, 112, 5, 112, 1 << 31],  # before the origin, before 112, no such addresses
        [7],  # nothing happened
        [0, 3, 1, 5],  # ends with a stamp
        [0, 20, 1],  # after the last step
        [0xFFFF_FFF0, 0xFFFF_FFFF, 3],  # at the end of time
    )
    expected = [
        *(value(4), TICK, value(2), TICK, END),
        *(TICK, TICK, END),
        *(value(1), TICK, TICK, END),
        *(TICK, TICK, END),
        *(TICK, value(3), TICK, END),
    ]
    received, errors = play(dut, dut, dut.o, beats, len(expected))
    assert received == expected
    assert errors == {"frame_error": 1, "address_error": 2, "time_error": 2}


def params_of(steps, longest, *engines):
    return AcceleratorParams(
        name="recordings",
        engines=(DelayParams(inputs=9, longest=longest), *engines),
        host_input=HostInput.EVENTS,
        host_events=HostEventParams(time_bin=7, steps=steps),
    )


LAYER = SpikingParams(inputs=9, neurons=5, lanes=2, weight_bits=4, neuron=LifParams(threshold=5))
LAST = SpikingParams(inputs=5, neurons=3, lanes=1, weight_bits=4, readout=Readout.COUNT)


@pytest.mark.parametrize(
    "params",
    [
        pytest.param(params_of(6, 3, LAYER, LAST), id="6"),
        pytest.param(params_of(1, 1, LAYER, LAST), id="1", marks=pytest.mark.slow),
    ],
)
def test_cycles_and_counters_equal_the_golden_model(params, tmp_path):
    design = random_design(params, seed=1)
    x = random_samples(design, 9, seed=2)
    verilog, _, _ = build(params, pack(design))
    got = replay(verilog, params, x, simulator=QUICK, cache=Cache(root=tmp_path))
    golden = run(design, x)
    assert got.outputs.tolist() == golden.outputs.tolist()
    assert got.cycles.tolist() == golden.cycles.tolist()
    totals = {name: int(counts.sum()) for name, counts in golden.counters.items()}
    assert {name: count for name, count in got.counters.items() if name != "cycles"} == totals


def test_a_network_that_takes_spikes_may_take_events():
    params = AcceleratorParams(name="plain", engines=(LAYER, LAST), host_input=HostInput.TOKENS)
    network = random_design(params, seed=1).network
    planned = plan(network, PlanOptions(event_bin=50))
    assert planned.params.host_input is HostInput.EVENTS
    assert planned.params.host_events == HostEventParams(time_bin=50, steps=network.input.steps)
    assert planned.params.engines[0] == DelayParams(inputs=9, longest=1)
    x = random_samples(planned, 4, seed=3)
    assert (run(planned, x).outputs == run(plan(network), x).outputs).all()


@pytest.fixture
def recorded(tmp_path):
    """(model, data set, events): a network for a sensor, and recordings in a file, binned when it is read."""
    rng = np.random.default_rng(7)
    weights = [rng.normal(size=(5, INPUTS)), rng.normal(size=(3, 5))]
    graph = chain(nir.Linear(weights[0]), lif(5), nir.Linear(weights[1]), li(3), inputs=(INPUTS,))
    events = recordings(rng, 6, 90)
    np.savez(tmp_path / "events.npz", **events, label=np.arange(6) % 3)
    spec = f"npz:{tmp_path / 'events.npz'}"
    data = load_data(spec, time_bin_us=10, steps=7, sensor=f"{WIDTH}x{HEIGHT}")
    return save(tmp_path, graph), data, events


@pytest.mark.slow
def test_evaluate_gives_the_same_with_bins_in_hardware(recorded, tmp_path, monkeypatch):
    model, data, events = recorded
    options = {"dt": 1e-4, "steps": 7}
    in_software = prepare(model, data, ModelOptions(**options))
    in_hardware = prepare(model, data, ModelOptions(event_bin=10, **options))
    folder = generate(
        tmp_path / "out",
        kind="network",
        params=in_hardware.design.params,
        design=in_hardware.design,
        choices=in_hardware.choices,
    )
    assert folder.params == in_hardware.design.params and folder.params.host_events is not None
    assert folder.manifest["choices"]["hardware"]["event_bin"] == 10

    wanted = run(in_software.design, in_software.integers(data.x))
    assert len(np.unique(wanted.outputs)) > 3
    cache = Cache(root=tmp_path)
    answer = evaluate(in_hardware, data, Backend.RTL, simulator=QUICK, cache=cache)
    assert answer.mismatches == 0 and answer.result.outputs.tolist() == wanted.outputs.tolist()

    # the recordings themselves, with their own time stamps
    addresses = (events["p"] * HEIGHT + events["y"]) * WIDTH + events["x"]
    pairs = list(zip(events["offsets"], events["offsets"][1:], strict=False))
    own = [(events["t_us"][first:last], addresses[first:last]) for first, last in pairs]
    monkeypatch.setattr(replay_module, "input_beats", lambda _, one: recording_beats(*one, inputs=INPUTS))
    verilog = folder.load()
    got = replay(verilog, folder.params, own, simulator=QUICK, cache=cache)
    assert got.outputs.tolist() == wanted.outputs.tolist()


def test_bins_are_those_of_the_data(recorded):
    model, data, _ = recorded
    with pytest.raises(InputError, match="--event-bin 20 is not the time step of events, 10 us: give the same"):
        prepare(model, data, ModelOptions(dt=1e-4, event_bin=20))
    with pytest.raises(InputError, match="event-bin must be an integer from 1 to"):
        PlanOptions(event_bin=0)
    digits = load_data("digits")
    for name in ("digits_ann.onnx", "digits_snn.nir"):
        with pytest.raises(InputError, match="--event-bin is for spiking networks that take spikes"):
            prepare(EXAMPLES / name, digits, ModelOptions(event_bin=10))


def test_what_cannot_be_used_is_refused():
    nothing = np.zeros(0, dtype=int)
    with pytest.raises(InputError, match="the recording is empty"):
        recording_beats(nothing, nothing, inputs=5)
    with pytest.raises(InputError, match="time goes backwards at event 2, 6 to 5"):
        recording_beats(np.array([4, 6, 5]), np.array([0, 1, 2]), inputs=5)
    with pytest.raises(InputError, match="time goes backwards at event 0, 5 to 4"):
        recording_beats(np.array([4, 6]), np.array([0, 1]), inputs=5, origin=5)
    with pytest.raises(InputError, match="address 5 of event 1 is outside 0 to 4"):
        recording_beats(np.array([4, 6]), np.array([0, 5]), inputs=5)
    with pytest.raises(InputError, match="do not fit 32 bits: subtract the first"):
        recording_beats(np.array([4, 1 << 32]), np.array([0, 1]), inputs=5)
    with pytest.raises(InputError, match="differ in length"):
        recording_beats(np.array([4, 6]), np.array([0]), inputs=5)
    with pytest.raises(InputError, match="exceed the range of 32-bit time stamps"):
        HostEventParams(time_bin=1 << 30, steps=5)
    with pytest.raises(InputError, match="host-input events needs an event-bin"):
        AcceleratorParams(name="a", engines=(LAYER, LAST), host_input=HostInput.EVENTS)
    events = HostEventParams(time_bin=1, steps=2)
    with pytest.raises(InputError, match="the first engine must be a delay engine of 1-bit spikes"):
        AcceleratorParams(name="a", engines=(LAYER, LAST), host_input=HostInput.EVENTS, host_events=events)
    wide = IntFormat(bits=2, signed=False)
    params = AcceleratorParams(
        name="wide",
        engines=(SpikingParams(inputs=9, neurons=5, payload=wide, readout=Readout.COUNT),),
        host_input=HostInput.TOKENS,
    )
    with pytest.raises(InputError, match="1-bit spikes"):
        plan(random_design(params, seed=1).network, PlanOptions(event_bin=2))
