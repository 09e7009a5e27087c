"""cocotb's runners, also where its own files or the design's lie under paths with blanks."""

import os
from collections.abc import Mapping
from pathlib import Path

import cocotb_tools.config
from cocotb_tools.runner import Runner, Verilator, get_runner

from tospike.gen.plain_path import plain


def make_runner(simulator: str) -> Runner:
    """The runner of ``verilator`` or ``icarus``."""
    return _PlainVerilator() if simulator == "verilator" else get_runner(simulator)


def library_path() -> Mapping[str, str]:
    """Where a built simulator finds cocotb: the path in it may be a link that is gone, or where cocotb was before."""
    folders = (str(cocotb_tools.config.libs_dir), os.environ.get("LD_LIBRARY_PATH", ""))
    return {"LD_LIBRARY_PATH": os.pathsep.join(filter(None, folders))}


class _PlainVerilator(Verilator):
    """Gives the makefile links in the place of folders that make cannot take."""

    def _build_command(self) -> list[list[str]]:
        folders = (cocotb_tools.config.libs_dir, cocotb_tools.config.share_dir)
        sources = [Path(source.value) for source in (*self._sources, *self._verilog_sources)]
        links = {str(path): str(plain(path)) for path in (*folders, *sources)}
        return [[_replaced(word, links) for word in command] for command in super()._build_command()]


def _replaced(word: str, links: Mapping[str, str]) -> str:
    for path, link in links.items():
        word = word.replace(path, link)
    return word
