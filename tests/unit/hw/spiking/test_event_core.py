"""``--core-only``: a folder with the spiking core itself."""

import json

from typer.testing import CliRunner

from tospike.cli.main import app
from tospike.gen.emit.serialize import decode
from tospike.hw.params import SpikingParams
from tospike.synth.design import read_design

CORE = ["generate", "spiking", "--inputs", "20", "--neurons", "12", "--lanes", "4", "--core-only", "--out"]


def run(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_the_core_has_streams_for_ports(tmp_path):
    assert run(*CORE, tmp_path / "core").exit_code == 0
    design = read_design(tmp_path / "core")
    names = {port.name for port in design.ports}
    assert {"i_valid", "i_ready", "o_payload", "config_data", "clear", "busy"} <= names
    assert not any(name.startswith("s_ax") for name in names)
    manifest = json.loads((tmp_path / "core" / "manifest.json").read_text())
    params = decode(manifest["params"])
    assert isinstance(params, SpikingParams)
    assert (params.inputs, params.neurons, params.lanes) == (20, 12, 4)


def test_same_input_same_bytes(tmp_path):
    for name in ("one", "two"):
        run(*CORE, tmp_path / name)
    for file in ("generic/spiking_core.v", "manifest.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_nothing_can_be_verified_without_a_host_port(tmp_path):
    run(*CORE, tmp_path / "core")
    result = run("verify", tmp_path / "core")
    assert result.exit_code != 0
    assert "--core-only" in result.output + str(result.exception)
