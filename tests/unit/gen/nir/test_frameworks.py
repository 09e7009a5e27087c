"""Each framework's own exporter and neurons, in an environment of its own, against the float network: no spike differs.

The environments are made in TOSPIKE_FRAMEWORKS, by default below the temporary folder, and kept there.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.paths import TESTS
from typer.testing import CliRunner

from tospike.cli.main import app

SCRIPTS = TESTS / "frameworks"
PLACE = Path(os.environ.get("TOSPIKE_FRAMEWORKS", Path(tempfile.gettempdir()) / "tospike-frameworks"))
TORCH = "torch==2.13.0"  # a CPU build
OLD_NIR = ("nir<=1.0.4", "nirtorch==2.0.*")  # what Sinabs wants


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A framework, its export script, and for each case of that what to give tospike."""

    packages: tuple[str, ...]
    script: str
    cases: dict[str, str]
    refused: tuple[str, ...] = field(default=())
    """Cases that the framework itself does not run or export."""
    torch: bool = True
    """Whether the framework is built on PyTorch."""


RESETS = ("subtract-delayed", "subtract", "zero-delayed", "zero", "none")
SINABS = {
    "iaf": "--framework sinabs",
    "lif": "--framework sinabs",
    "iaf-single": "--framework sinabs-export --spike-bits 1",
    "iaf-zero": "--framework sinabs-export --reset zero",
    "iaf-max3": "--framework sinabs-export --spike-bits 2",
    "iaf-min": "--framework sinabs-export --min-v-mem=-0.5",
    "iaf-single-min": "--framework sinabs-export --spike-bits 1 --min-v-mem=-0.2",
    "lif-plain": "--framework sinabs-export --gain one",
    "lif-plain-single": "--framework sinabs-export --gain one --spike-bits 1",
    "lif-plain-min": "--framework sinabs-export --gain one --min-v-mem=-0.3",
    "lif-zero": "--framework sinabs-export --reset zero",
    "iaf-expleak": "--framework sinabs-export",
    "lif-expleak": "--framework sinabs-export",
    "lif-expleak-norm": "--framework sinabs-export --gain one-minus-decay",
    "iaf-expleak-min": "--framework sinabs-export --min-v-mem=-0.3",
}
JELLY = ("if", "if-reset", "lif", "lif-reset", "lif-plain", "lif-plain-reset", "plif", "cubalif", "cubalif-reset")
ENVIRONMENTS = {
    "snntorch-1.0": Environment(
        packages=("snntorch==1.0.*", "nirtorch"),
        script="snntorch_export.py",
        cases={
            f"{kind}-{reset}": f"--framework snntorch-{reset}"
            for kind in ("leaky", "synaptic", "rleaky", "rsynaptic")
            for reset in RESETS
            if kind != "rsynaptic" or reset not in ("subtract", "zero")
        }
        | {
            "leaky-beta-1": "--framework snntorch-subtract-delayed",
            # RSynaptic has no use for reset_delay=False: with states of the caller nothing changes, without it fails
            "rsynaptic-subtract-states": "--framework snntorch-subtract-delayed",
            "rsynaptic-zero-states": "--framework snntorch-zero-delayed",
        },
        refused=("lapicque", "rsynaptic-subtract", "rsynaptic-zero"),
    ),
    "norse-1.1": Environment(
        packages=("norse==1.1.*",),
        script="norse_export.py",
        cases={
            "lifbox": "--framework norse",
            "lifbox-leak": "--framework norse-export",
            "lifbox-subtract": "--framework norse-export --reset subtract",
            "lifbox-libox": "--framework norse-export",
            "lif": "--framework norse",
            "lif-leak": "--framework norse-export",
            "lif-libox": "--framework norse-export",
            "iaf": "--framework norse",
            "nir-lif": "--framework norse",
            "nir-cubalif": "--framework norse",
        },
    ),
    "sinabs-2.0": Environment(
        packages=("sinabs==2.0.*", *OLD_NIR), script="sinabs_export.py", cases=SINABS, refused=("lif-alphas",)
    ),
    "sinabs-3.1": Environment(
        packages=("sinabs==3.1.*", *OLD_NIR), script="sinabs_export.py", cases=SINABS, refused=("lif-alphas",)
    ),
    "spikingjelly-2.0": Environment(
        packages=("spikingjelly==2.0.*", "nirtorch"),
        script="spikingjelly_export.py",
        cases=dict.fromkeys(JELLY, "--framework spikingjelly") | {"if-dt": "--framework spikingjelly --dt 1e-3"},
        refused=("if-soft", "lif-soft"),
    ),
    "rockpool-3.1": Environment(
        packages=("rockpool==3.1.*", "nirtorch"),
        script="rockpool_export.py",
        cases=dict.fromkeys(("lif", "lif-taus", "neuron", "lif-expsyn"), "--framework rockpool")
        | {"lif-single": "--framework rockpool --spike-bits 1"},
    ),
    "spyx-1.0": Environment(
        packages=("spyx==1.0.*",),
        script="spyx_export.py",
        cases=dict.fromkeys(("if", "lif", "lif-low", "cubalif"), "--framework spyx"),
        torch=False,
    ),
}


def python_of(name, environment):
    """The Python of an environment with these packages, made unless it is there."""
    folder = PLACE / name
    packages = (*([TORCH] if environment.torch else []), *environment.packages)
    python, done = folder / "bin" / "python", folder / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "nir", *packages]
        made = subprocess.run(pip, capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"pip has no {', '.join(packages)}: {made.stderr.strip().splitlines()[-1:]}")
        done.touch()
    return python


@pytest.mark.slow
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_no_spike_differs(tmp_path, name):
    environment = ENVIRONMENTS[name]
    python = python_of(name, environment)
    subprocess.run([python, SCRIPTS / environment.script, tmp_path], check=True, capture_output=True, timeout=900)
    assert {path.stem for path in tmp_path.glob("*.refused")} == set(environment.refused)
    wrong = {}
    for case, options in environment.cases.items():
        arguments = ["--data", f"npz:{tmp_path / 'data.npz'}", "--reference", str(tmp_path / f"{case}.npz")]
        arguments += ["--json", str(tmp_path / "out.json"), *options.split()]
        result = CliRunner().invoke(app, ["evaluate", str(tmp_path / f"{case}.nir"), *arguments])
        assert result.exit_code in (0, 1), f"{case}: {result.output}"
        stages = json.loads((tmp_path / "out.json").read_text())["reference"]
        assert sum(stage["compared"] for stage in stages) > 10000
        if result.exit_code or any(stage["different"] or stage["ties"] > 3 for stage in stages):
            wrong[case] = stages
    assert not wrong
