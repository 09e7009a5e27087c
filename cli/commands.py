"""The commands with their summaries. A command's module is imported only when the command is called."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A command, or a group of commands."""

    summary: str
    """Text in the list of commands: the first sentence or two of the help."""
    module: str = ""
    """Module in `tospike.cli` whose ``app`` is the command, or a group that is loaded as a whole."""
    commands: Mapping[str, "Entry"] = field(default_factory=dict)
    """Commands of a group in which each has its own module."""


COMMANDS = {
    "generate": Entry(
        summary="Generate Verilog, memory contents, a manifest and a test bench.",
        commands={
            "systolic": Entry(
                module="generate.systolic",
                summary="Generate a systolic engine for matrix products: activations in, 32-bit results out, "
                "writable weights.",
            ),
            "spiking": Entry(
                module="generate.spiking",
                summary="Generate a spiking core: tokens (spikes, time steps) in, spikes or a readout out, "
                "writable weights.",
            ),
            "network": Entry(
                module="generate.network",
                summary="Generate the accelerator of a trained network with its weights. The data set "
                "calibrates the quantisation.",
            ),
        },
    ),
    "verify": Entry(
        module="verify",
        summary="Run the cocotb test benches on a generated design against its golden model, with random stalls.",
    ),
    "evaluate": Entry(
        module="evaluate",
        summary="Measure accuracy, cycles and operation counts of a trained network on test data.",
    ),
    "demo": Entry(
        module="demo",
        summary="Show what a network does with one sample: spikes, membranes, the answer and its energy, step by step.",
    ),
    "data": Entry(
        summary="Look at data: what a data set or a recording of a sensor contains, as numbers and as a picture.",
        commands={
            "info": Entry(
                module="data.info",
                summary="Say what a data set or a recording contains: format, sensor, events, time span, rate, labels.",
            ),
            "plot": Entry(
                module="data.plot",
                summary="Draw a recording or a sample: event frames, a raster of events, and their rate over time.",
            ),
        },
    ),
    "convert": Entry(
        module="convert",
        summary="Convert a trained ANN to an SNN of integrate-and-fire neurons. The NIR file states all options "
        "it needs.",
    ),
    "bench": Entry(module="bench", summary="Measure the hardware in simulation."),
    "synth": Entry(
        module="synth", summary="Synthesise a design: area and, on an FPGA that is placed and routed, clock frequency."
    ),
    "build": Entry(
        module="build",
        summary="Build the bitstream of a design behind a serial port, for a board, "
        "at the highest clock that closes timing.",
    ),
    "run": Entry(
        module="run",
        summary="Run test samples on a board with a bitstream of `tospike build`, and compare with the golden model.",
    ),
    "power": Entry(
        module="energy.power",
        summary="Measure the power of a board while samples run on it, and calibrate the energy model of its FPGA.",
    ),
    "train": Entry(
        module="train", summary="Train the example networks: SNNs with surrogate gradients, all on augmented samples."
    ),
    "compare": Entry(
        module="compare",
        summary="Spikes or not? Compare the best ANN and SNN hardware on the same data: accuracy, latency, area, "
        "energy, and a verdict.",
    ),
    "partition": Entry(
        module="partition",
        summary="Choose where each layer of an exact pair runs: on an array, on an event engine of an ANN, or as "
        "spiking neurons.",
    ),
    "sweep": Entry(
        module="sweep",
        summary="Sweep a dense layer, as ANN and as SNN on random activity, over every combination of the given "
        "values.",
    ),
    "energy": Entry(
        summary="Energy models, technologies, gate-level energy and break-even points.",
        commands={
            "models": Entry(
                module="energy.models",
                summary="List the energy models, the technologies and the published break-even points.",
            ),
            "literature": Entry(
                module="energy.literature",
                summary="Compute published comparisons again, from the constants that they state.",
            ),
            "waterfall": Entry(
                module="energy.waterfall",
                summary="Go from the assumptions of two publications to this hardware, one at a time, for an ANN and "
                "an SNN.",
            ),
            "break-even": Entry(
                module="energy.break_even",
                summary="Find the spikes per activation below which an SNN layer needs less energy than an "
                "ANN's, on random activity.",
            ),
            "gates": Entry(
                module="energy.gates",
                summary="Measure the gate-level energy per inference on real data: transitions of every net, by "
                "the library's tables.",
            ),
            "cells": Entry(
                module="energy.cells",
                summary="Measure the gate-level energy of building blocks: pJ per MAC of a PE, pJ per SOP of a "
                "lane, dense and sparse.",
            ),
        },
    ),
    "cache": Entry(module="cache", summary="Manage the cache of earlier results."),
    "doctor": Entry(
        module="doctor",
        summary="Check which tools are installed and whether they build a small design; say how to install what is "
        "missing.",
    ),
}


class LazyGroup(TyperGroup):
    """A group that lists its commands by their summaries, and imports the one that is called."""

    def __init__(self, *, entries: Mapping[str, Entry] = COMMANDS, **given: Any) -> None:
        super().__init__(**given)
        self._entries = entries
        for name, entry in entries.items():
            self.add_command(TyperCommand(name, help=entry.summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command that ``args`` begin with, and return it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and _load(name or "", self._entries[name or ""]), rest


def _load(name: str, entry: Entry) -> Any:
    if entry.commands:
        return LazyGroup(
            name=name, entries=entry.commands, help=entry.summary, no_args_is_help=True, rich_markup_mode=_MARKUP
        )
    return get_command(importlib.import_module(f"tospike.cli.{entry.module}").app)


_MARKUP: Any = "markdown"
"""Not rich's markup, which would take defaults in brackets for styles."""


def new_app(help: str | None = None, **given: Any) -> typer.Typer:
    """Return an app for a command, or with ``help`` for a group."""
    return typer.Typer(
        help=help,
        no_args_is_help=help is not None,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=_MARKUP,
        **given,
    )
