"""`tospike.Device`: numpy in and out of a simulated board, streams, several boards."""

import itertools

import numpy as np
import pytest
from support.paths import EXAMPLES

import tospike
from tospike.hw.params import InputError

MODEL = EXAMPLES / "digits_snn.nir"


@pytest.fixture(scope="module")
def design():
    return tospike.load(MODEL, data="digits").compile(writable=True)


def test_samples_in_and_golden_outputs_out(design):
    x = design.data.x[:10]
    expected = design.evaluate(x)
    with tospike.Device(design, "sim") as device:
        assert repr(device) == "<Device digits_snn on sim>"
        assert device.run(x).tolist() == expected.outputs.tolist()
        assert device.counters["0.samples"] == 10
        device.clear_counters()
        assert device.predict(x[:4]).tolist() == expected.predictions[:4].tolist()
        assert device.counters["0.samples"] == 4
        with pytest.raises(InputError, match="x must be"):
            device.run(x[:, :9])


def test_a_stream_without_end(design):
    expected = design.evaluate(design.data.x[:5]).outputs
    taken = []

    def samples():
        for index in itertools.count():
            taken.append(index)
            yield design.data.x[index]

    with tospike.Device(design, "sim") as device:
        found = list(itertools.islice(device.stream(samples()), 5))
    assert np.stack(found).tolist() == expected.tolist() and taken == [0, 1, 2, 3, 4]


def test_another_network_in_the_same_hardware(design):
    other = tospike.load(EXAMPLES / "digits_snn.fold1.nir", data="digits").compile(like=design)
    x = design.data.x[:4]
    with tospike.Device(design, "sim") as device:
        device.load(other)
        assert device.run(x).tolist() == other.evaluate(x).outputs.tolist()
    with pytest.raises(InputError, match=r"digits_ann needs other hardware than digits_snn"):
        tospike.load(EXAMPLES / "digits_ann.onnx", data="digits").compile(like=design)


def test_several_boards_share_the_samples_of_one_that_is_lost(design, monkeypatch):
    x = design.data.x[:30]
    expected = design.evaluate(x).outputs.tolist()
    with tospike.Device(design, "sim") as one, tospike.Device(design, "sim") as two:
        assert tospike.run_on_all([one, two], x).tolist() == expected
        two._session.host._line.close()
        assert tospike.run_on_all([one, two], x).tolist() == expected
        one._session.host._line.close()
        # the one that was lost before is opened again
        assert tospike.run_on_all([one, two], x).tolist() == expected
        with pytest.raises(InputError, match="give each device once"):
            tospike.run_on_all([one, one], x)
    with pytest.raises(InputError, match="give at least one device"):
        tospike.run_on_all([], x)


def test_a_port_that_is_not_there(design):
    with pytest.raises(InputError, match="cannot open /dev/not-there at 1000000 baud"):
        tospike.Device(design, "/dev/not-there").__enter__()
    with pytest.raises(InputError, match="reconnect must be 0 or more, not -1"):
        tospike.Device(design, "sim", reconnect=-1)


def test_thresholds_written_between_samples():
    """Through the host port of the generated Verilog."""
    layers = {"lif": {"threshold_factor": 1.0}}
    design = tospike.load(MODEL, data="digits").compile(writable=True, layers=layers)
    x, trained = design.data.x[:4], design.thresholds["lif"]
    most = design.params.engines[1].neuron.threshold
    seen = set()
    with tospike.Device(design, "sim") as device:
        for threshold in (trained, 1, most, trained // 2):
            device.set_threshold("lif", threshold)
            assert device.design.thresholds == {"lif": threshold}
            expected = device.design.evaluate(x).outputs.tolist()
            assert device.run(x).tolist() == expected
            seen.add(str(expected))
        assert device.counters["0.samples"] == 16  # a write does not clear them
        with pytest.raises(InputError, match=f"threshold must be an integer from 1 to {most}, not {most + 1}"):
            device.set_threshold("lif", most + 1)
        with pytest.raises(
            InputError, match=r"layer 'li' has no threshold that the host writes \(those that .*: lif\)"
        ):
            device.set_threshold("li", 3)
        assert device.run(x).tolist() == device.design.evaluate(x).outputs.tolist()
    assert len(seen) == 4
