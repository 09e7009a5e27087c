"""The C driver on the Verilated AXI ports: golden answers, classes, interrupts and counters."""

import numpy as np
import pytest
from support.command_line import tospike as tospike_in
from support.designs import make
from support.paths import EXAMPLES

from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import read
from tospike.gen.emit.memory_init import pack
from tospike.gen.generate import generate_network
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare, prepare_like
from tospike.sim import accelerator as golden
from tospike.tb.driver import c_driver
from tospike.tb.driver.c_driver import DONE, run_c_driver, verify_c_driver
from tospike.tb.verify import VerifyOptions


def test_twenty_digits_by_the_c_driver(tmp_path):
    data = load_data("digits")
    prepared = prepare(EXAMPLES / "digits_snn.nir", data, ModelOptions())
    folder = generate_network(tmp_path / "snn", prepared, data)
    x = prepared.integers(data.x[:20])
    found, expected = run_c_driver(folder, x, seed=4), golden.run(prepared.design, x)
    assert found.results == [0] * 20 and found.interrupts == [DONE] * 20
    assert found.words == expected.outputs.tolist()
    assert found.classes == expected.predictions.tolist()
    assert np.mean(np.array(found.classes) == data.y[:20]) > 0.8
    assert found.counters["inputs"] == expected.counters["inputs"].sum()


@pytest.mark.slow
def test_weights_of_a_second_network_by_the_c_driver(tmp_path):
    """The Verilog of the first network, its memories written at run time: golden results of the second."""
    data, options = load_data("digits"), ModelOptions().but(writable=True)
    first = prepare(EXAMPLES / "digits_snn.nir", data, options)
    folder = generate_network(tmp_path / "first", first, data)
    second = prepare_like(EXAMPLES / "digits_snn.fold1.nir", data, options, first.design, name="first")
    x = second.integers(data.x[:10])
    expected = golden.run(second.design, x)
    assert (expected.outputs != golden.run(first.design, x).outputs).any(axis=1).all()
    found = run_c_driver(folder, x, contents=pack(second.design))
    assert found.words == expected.outputs.tolist()
    assert found.counters["1.spikes"] == expected.counters["1.spikes"].sum()


@pytest.mark.parametrize(
    "name", ["ws-writable", *(pytest.param(n, marks=pytest.mark.slow) for n in ("core-spikes", "recordings", "delta"))]
)
def test_verify_runs_the_c_driver_and_sees_a_difference(tmp_path, monkeypatch, name):
    folder = make(tmp_path / "d", name)
    options = VerifyOptions(samples=5, seed=2)
    assert verify_c_driver(folder, options).message == ""
    right = golden.run

    def wrong(design, x):
        result = right(design, x)
        result.outputs[-1, -1] += 1
        if result.trains is not None:
            result.trains[-1, -1, -1] ^= 1
        return result

    monkeypatch.setattr(c_driver.golden, "run", wrong)
    found = verify_c_driver(folder, options)
    assert not found.passed and found.message.startswith("sample 4: [")


def test_the_drivers_source_is_never_the_folders(tmp_path):
    """Nothing in a folder is run: a folder is data."""
    folder = make(tmp_path / "d", "ws-writable")
    design = read(folder)
    (folder / "driver" / "tospike.c").write_text("#error of the folder\n")
    assert verify_c_driver_of(design).results


def verify_c_driver_of(design):
    return run_c_driver(design, np.zeros((1, 7), dtype=np.int64))


def test_streams_that_the_driver_lacks_are_refused(tmp_path):
    make(tmp_path / "d", "os-streamed")
    ran = tospike_in("verify", "d", "--driver", "--samples", "1", cwd=tmp_path)
    assert (
        ran.returncode == 2 and "which the C driver does not: leave --host-bits or --weights stream out" in ran.stderr
    )
