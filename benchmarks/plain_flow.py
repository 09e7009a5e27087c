"""By how many MHz the scripts of a generated folder are slower than `tospike synth`, on the digits networks.

``python -m benchmarks.plain_flow`` prints a line of JSON for each; the READMEs of generated folders name this command.
"""

import json
import tempfile
from pathlib import Path

from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import generate
from tospike.gen.emit.stand_alone import SCRIPT_DEVICE, SYNTHESIS, script_route
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.tools.cache import Cache
from tospike.gen.tools.fpga import FPGA_TOOLS
from tospike.gen.tools.programs import find
from tospike.hw.params.devices import DEVICES
from tospike.synth.flow import synthesize
from tospike.synth.fpga.nextpnr import REPORT, read_route
from tospike.synth.options import SynthOptions

EXAMPLES = Path(__file__).parent.parent / "examples"
NETWORKS = ("digits_ann.onnx", "digits_snn.nir")


def measure(model: Path, folder: Path) -> dict[str, object]:
    """MHz after routing by the folder's own scripts, and by `tospike synth`."""
    prepared = prepare(model, load_data("digits"), ModelOptions())
    design = prepared.design
    generate(folder, kind="network", params=design.params, design=design, choices=prepared.choices)
    device = DEVICES[SCRIPT_DEVICE]
    find("yosys").run(("-q", SYNTHESIS), cwd=folder, log=folder / "yosys.log", makes=("netlist.json",))
    options = (*script_route(device).split(), "--report", REPORT)
    find(FPGA_TOOLS[device.family.name].nextpnr).run(options, cwd=folder, log=folder / "nextpnr.log", makes=(REPORT,))
    plain = read_route(folder / REPORT).fmax_mhz
    ours = synthesize(folder, SynthOptions(target=SCRIPT_DEVICE), cache=Cache()).to_json()["fmax_mhz"]
    return {"network": model.stem, "plain_mhz": round(plain, 1), "tospike_mhz": round(ours, 1)}


def main() -> None:
    """Both networks."""
    for name in NETWORKS:
        with tempfile.TemporaryDirectory(prefix="tospike-") as work:
            print(json.dumps(measure(EXAMPLES / name, Path(work) / "design")), flush=True)


if __name__ == "__main__":
    main()
