"""The cocotb benches run on generated Verilog, and they notice a design that is wrong."""

import hashlib
import json
import shutil

import pytest
from support.designs import DESIGNS, make

from tospike.gen.emit.folder import generate, read
from tospike.gen.emit.random_design import random_design
from tospike.gen.tools.cache import Cache
from tospike.hw.params import (
    HostInput,
    InputError,
    options_given,
)
from tospike.synth.design import read_design
from tospike.tb.simulators import Simulator
from tospike.tb.verify import VerifyOptions, verify

OFTEN = ("ws-streamed", "core-spikes")
"""Values with streamed weights, a core without host; the others when there is time, and all on Icarus if it is here."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in OFTEN else pytest.mark.slow) for name in DESIGNS]
)
def test_designs_pass(tmp_path, name):
    results = verify(make(tmp_path / "d", name), VerifyOptions(samples=4), cache=Cache(root=tmp_path / "cache"))
    assert [r.message for r in results if not r.passed] == []
    assert sum(not r.skipped for r in results) == 6 + ("streamed" in name) + (
        DESIGNS[name][0].host_input is HostInput.TOKENS
    )


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")
@pytest.mark.parametrize("name", DESIGNS)
def test_designs_pass_on_icarus(tmp_path, name):
    """Icarus knows unknown values: whatever is not reset, and matters, shows."""
    folder = make(tmp_path / "d", name)
    results = verify(
        folder, VerifyOptions(samples=4, simulator=Simulator.ICARUS, waves=True), cache=Cache(root=tmp_path / "cache")
    )
    assert [r.message for r in results if not r.passed] == []
    assert (folder / "verify" / "dump.fst").stat().st_size > 1000


def test_a_wrong_design_fails(tmp_path):
    """The benches compare with the network in the folder: swap it for another, and they must object."""
    folder = make(tmp_path / "d", "os")
    other = generate(
        tmp_path / "other",
        kind="test",
        params=DESIGNS["os"][0],
        design=random_design(DESIGNS["os"][0], seed=4),
        choices={},
    ).path
    manifest = json.loads((other / "manifest.json").read_text())
    for file in ("generic/ann.v", "mem/engine_0_weights.hex"):
        content = (folder / file).read_bytes()
        assert content != (other / file).read_bytes()
        (other / file).write_bytes(content)
        manifest["files"][file] = hashlib.sha256(content).hexdigest()
    (other / "manifest.json").write_text(json.dumps(manifest))
    results = {r.name: r.passed for r in verify(other, VerifyOptions(samples=3), cache=Cache(root=tmp_path / "cache"))}
    assert not results["identification_and_unmapped_registers"]
    assert not results["lone_samples_are_exact_to_the_cycle"]


def test_bad_arguments(tmp_path):
    with pytest.raises(InputError, match="not a generated design"):
        verify(tmp_path)
    for given, message in (
        ({"simulator": "vcs"}, "simulator must be verilator or icarus, not 'vcs'"),
        ({"samples": 0}, "samples must be an integer of at least 1, not 0"),
        ({"seed": -1}, "seed must be an integer from 0 to"),
    ):
        with pytest.raises(InputError, match=message):
            options_given(VerifyOptions, given)


PLANTED = "import pathlib; pathlib.Path({path!r}).touch(); raise SystemExit\n"


def test_what_is_planted_in_a_design_or_here_is_not_run(tmp_path, monkeypatch):
    """Nor is anything written through links there; results are brought to where they are looked for."""
    folder = make(tmp_path / "d", "core-count")
    proof, victim = tmp_path / "ran", tmp_path / "victim"
    victim.write_text("years")
    here = tmp_path / "here"
    here.mkdir()
    (folder / "verify").mkdir()
    for place in (folder / "verify", here):
        for module in ("cocotbext", "cocotb", "numpy", "tospike", "conftest", "random", "sitecustomize"):
            (place / f"{module}.py").write_text(PLANTED.format(path=str(proof)))
    (folder / "verify" / "test.log").symlink_to(victim)
    monkeypatch.chdir(here)
    monkeypatch.syspath_prepend(str(here))
    results = verify(folder, VerifyOptions(samples=1), cache=Cache(root=tmp_path / "cache"))
    assert [r.message for r in results if not r.passed] == []
    assert not proof.exists()
    assert victim.read_text() == "years"
    assert not (folder / "verify" / "test.log").is_symlink()
    assert (folder / "verify" / "results.xml").is_file()
    for name in list((folder / "verify").iterdir()):
        name.unlink()
    (folder / "verify").rmdir()
    (folder / "verify").symlink_to(here)
    with pytest.raises(InputError, match="is a link"):
        verify(folder)


NAMES = ["top; shell id", "top\nshell touch x", "a b", "\\x", "x.", "-x", "", None, 7, ["x"]]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_names_in_a_manifest_are_plain(tmp_path, name):
    folder = tmp_path / "d"
    make(folder, "core-count")
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for change in (
        {"top": name},
        {"clock": name},
        {"engines": [{"module": name}]},
        {"ports": [{"name": name, "width": 1, "direction": "input"}]},
        {"files": {**manifest["files"], **({name: ""} if isinstance(name, str) and name != "x." else {"../x": ""})}},
        {"verilog": {"generic": name}},
    ):
        if change == {"clock": None}:
            continue
        path.write_text(json.dumps({**manifest, **change}))
        for reader in (read, read_design):
            with pytest.raises(InputError, match=r"manifest\.json"):
                reader(folder)


def test_files_of_a_manifest_lie_in_the_folder(tmp_path):
    folder = make(tmp_path / "d", "core-count")
    manifest = json.loads((folder / "manifest.json").read_text())
    (tmp_path / "core.v").write_bytes((folder / "generic" / "core.v").read_bytes())
    (folder / "generic" / "core.v").unlink()
    (folder / "generic" / "core.v").symlink_to(tmp_path / "core.v")
    for reader in (read, read_design):
        with pytest.raises(InputError, match="is a link to outside the folder"):
            reader(folder)
    for name in ("/etc/passwd", "../core.v", "mem/../../core.v", "a/b/c/d.v", ".hidden"):
        (folder / "manifest.json").write_text(json.dumps({**manifest, "files": {**manifest["files"], name: ""}}))
        with pytest.raises(InputError, match="not a plain name"):
            read(folder)


@pytest.mark.parametrize(
    "text",
    [
        'initial $system("touch ran");',
        'initial $c("system(0);");',
        '`include "/etc/passwd"',
        "`define S $sys``tem\ninitial `S",
        'import "DPI-C" function int system(string s);',
        'initial $readmemh("/etc/passwd", x);',
        "/*verilator public*/",
        'initial $dumpfile("x");',
    ],
)
def test_verilog_that_calls_the_system_is_not_simulated(tmp_path, text):
    """Even with the right digest: what we generate has none of it."""
    folder = make(tmp_path / "d", "core-count")
    changed = (folder / "generic" / "core.v").read_text().replace("endmodule", f"{text}\nendmodule", 1)
    (folder / "generic" / "core.v").write_text(changed)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["generic/core.v"] = hashlib.sha256(changed.encode()).hexdigest()
    path.write_text(json.dumps(manifest))
    with pytest.raises(InputError, match=r"core\.v (has|reads) "):
        verify(folder)
