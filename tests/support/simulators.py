"""Which simulator a test takes where either would do."""

import shutil

QUICK = "icarus" if shutil.which("iverilog") else "verilator"
"""Icarus Verilog compiles small designs in a second, but need not be installed."""
