"""NIR's Delay nodes: import, float model, quantisation, and the plan; what cannot be used is named."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from support.nir_files import W1, W2, chain, li, lif, ones, save

from tospike.gen.nir.importer import import_nir
from tospike.gen.nir.options import NirOptions
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.plan import plan
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import DelayParams, Encoding, InputError
from tospike.sim.accelerator import run, spike_trains
from tospike.sim.encoders.delay import delayed
from tospike.sim.network.reference import run_float
from tospike.sim.over_time import float_predictions, golden_predictions

OPTIONS = NirOptions(dt=1e-4, encoding=Encoding.RATE, steps=12)
FIRST, SECOND = np.array([0, 3, 1]), np.array([2, 0, 0, 5])


def network(tmp_path, first=FIRST, second=SECOND):
    nodes = [nir.Linear(W1 * 4), lif(), nir.Linear(W2), li()]
    late = [nir.Delay(delay=(steps * 1e-4).astype(np.float32)) for steps in (first, second)]
    return import_nir(save(tmp_path, chain(late[0], *nodes[:2], late[1], *nodes[2:])), OPTIONS)


def test_delays_are_steps_of_the_layers_inputs(tmp_path):
    stages = network(tmp_path).stages
    assert stages[0].delays.tolist() == [0, 3, 1]
    assert stages[1].delays.tolist() == [2, 0, 0, 5]


def test_delays_of_zero_are_none_and_need_no_step(tmp_path):
    graph = chain(nir.Delay(delay=ones(3, 0)), nir.Linear(W1), nir.IF(r=ones(4), v_threshold=ones(4)))
    stages = import_nir(save(tmp_path, graph), NirOptions(dt=None)).stages
    assert stages[0].delays is None


def test_two_delays_add_up_and_pass_flatten_and_scale(tmp_path):
    graph = chain(
        nir.Delay(delay=np.array([1e-4])),
        nir.Flatten(input_type={"input": np.array([1, 3])}, start_dim=0, end_dim=-1),
        nir.Scale(scale=ones(3, 2.0)),
        nir.Delay(delay=np.array([0.0, 2e-4, 0.0])),
        nir.Linear(W1),
        lif(),
        inputs=(1, 3),
    )
    (stage,) = import_nir(save(tmp_path, graph), OPTIONS).stages
    assert stage.delays.tolist() == [1, 3, 1]
    assert np.allclose(stage.synapses.weight, 2 * W1)


def test_float_and_golden_model_delay_alike(tmp_path):
    """The network with delays is the one without, its layers fed with delayed trains; and so on hardware."""
    with_delays = network(tmp_path)
    x = np.random.default_rng(3).random((40, 3))
    exact = run_float(with_delays, x)
    plain = run_float(network(tmp_path, 0 * FIRST, 0 * SECOND), x)
    assert (exact.stages[0].outputs != plain.stages[0].outputs).any()
    assert (np.argmax(exact.outputs, axis=1) == float_predictions(with_delays, x)[:, -1]).all()
    quantized = quantize(with_delays, x, QuantizeOptions(weight_bits=8))
    design = plan(quantized.network, PlanOptions(lanes=4))
    delays = [engine for engine in design.params.engines if isinstance(engine, DelayParams)]
    assert [(engine.inputs, engine.longest) for engine in delays] == [(3, 3), (4, 5)]
    integers = np.rint(x * 15).astype(np.int64)
    golden = run(design, integers)
    assert (golden.predictions == exact.predictions).mean() > 0.9
    assert (golden_predictions(design, integers)[:, -1] == golden.predictions).all()
    narrow = replace(design.params.engines[-1].neuron, state_bits=5)
    last = replace(design.network.stages[-1], neuron=narrow)
    saturating = replace(design, network=replace(design.network, stages=(*design.network.stages[:-1], last)))
    with pytest.raises(InputError, match="not modelled where membranes of the last layer saturate"):
        golden_predictions(saturating, integers)
    spikes = spike_trains(design, integers)[0]
    assert golden.counters["3.sent"].tolist() == delayed(spikes, SECOND).sum(axis=(1, 2)).tolist()


@pytest.mark.parametrize(
    ("nodes", "dt", "message"),
    [
        ([nir.Delay(delay=ones(3)), nir.Linear(W1), lif()], None, r"node 'z' \(Delay\) is in seconds, .* give --dt"),
        ([nir.Delay(delay=ones(2)), nir.Linear(W1), lif()], 1, r"node 'z' \(Delay\) has 2 delays for 3 values"),
        (
            [nir.Delay(delay=ones(3, 0.25)), nir.Linear(W1), lif()],
            0.1,
            "0.25 s is 2.5 steps of 0.1 s, not a whole number",
        ),
        ([nir.Delay(delay=ones(3, 256)), nir.Linear(W1), lif()], 1, "delays of 256 to 256 steps of 1 s are outside 0"),
        ([nir.Delay(delay=ones(3, -1)), nir.Linear(W1), lif()], 1, "delays of -1 to -1 steps of 1 s are outside 0"),
        ([nir.Linear(W1), nir.Delay(delay=ones(4)), lif()], 1, r"node 'y' \(Delay\) follows 'z': only spikes"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, nodes, dt, message):
    with pytest.raises(InputError, match=message):
        import_nir(save(tmp_path, chain(*nodes)), NirOptions(dt=dt))
