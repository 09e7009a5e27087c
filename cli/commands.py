"""Which commands there are. A command's module is imported when the command is called, not to list it."""

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
    """What a list of commands says of it: the first sentence or two of its help."""
    module: str = ""
    """Of `tospike.cli`; its ``app`` is the command, or a group that is loaded as a whole."""
    commands: Mapping[str, "Entry"] = field(default_factory=dict)
    """Of a group whose commands have a module each."""


COMMANDS = {
    "generate": Entry(
        summary="Write Verilog, manifest.json and memory images.",
        commands={
            "systolic": Entry(
                module="generate.systolic",
                summary="A systolic engine for matrix products: activations stream in, writable weights and biases, "
                "32-bit results.",
            ),
            "spiking": Entry(
                module="generate.spiking",
                summary="A spiking core: tokens (spikes, time steps) stream in, writable weights, spikes or a readout "
                "stream out.",
            ),
            "network": Entry(
                module="generate.network",
                summary="The accelerator of a trained network, its weights in the memories. The data set calibrates "
                "the quantisation.",
            ),
        },
    ),
    "verify": Entry(
        module="verify",
        summary="Run the cocotb test benches on a generated design, against its golden model, with random stalls.",
    ),
    "evaluate": Entry(
        module="evaluate",
        summary="Accuracy, cycles and operation counts of a trained network on the test part of a data set.",
    ),
    "convert": Entry(
        module="convert",
        summary="Convert a trained ANN to an SNN of integrate-and-fire neurons; the file states all options that it "
        "needs.",
    ),
    "bench": Entry(module="bench", summary="Measure the hardware in simulation."),
    "synth": Entry(module="synth", summary="Area and, on an FPGA, the clock frequency after routing."),
    "build": Entry(module="build", summary="A bitstream of the design and a serial port, for a board."),
    "run": Entry(
        module="run",
        summary="Run test samples on a board that `tospike build` made a bitstream for, and compare with the golden "
        "model.",
    ),
    "train": Entry(
        module="train", summary="Train example networks: surrogate gradients for SNNs, distorted samples for all."
    ),
    "compare": Entry(
        module="compare",
        summary="Spikes or not? Accuracy, latency, area and energy of both circuits on the same data, and a verdict.",
    ),
    "sweep": Entry(
        module="sweep",
        summary="A dense layer as ANN and as SNN, with random activity, over every combination of the given values.",
    ),
    "energy": Entry(
        summary="Energy models, technologies, and where spikes break even.",
        commands={
            "models": Entry(
                module="energy.models",
                summary="The energy models and technologies that can be chosen by name, and the published break-even "
                "points.",
            ),
            "break-even": Entry(
                module="energy.break_even",
                summary="Spikes per activation below which an SNN layer needs less energy than the ANN's, on random "
                "activity.",
            ),
            "gates": Entry(
                module="energy.gates",
                summary="Energy per inference of the gates on real data: every net's edges, by the cell library's own "
                "tables.",
            ),
            "cells": Entry(
                module="energy.cells",
                summary="Energy of the building blocks: pJ per MAC of an 8-bit element, pJ per SOP of a lane, dense "
                "and sparse.",
            ),
        },
    ),
    "cache": Entry(module="cache", summary="What is kept of former runs: list it, make room."),
    "doctor": Entry(
        module="doctor",
        summary="Which tools were found, whether a small build with them works, what is missing and how to get it.",
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
        """The command that ``args`` begin with, imported."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and _load(name or "", self._entries[name or ""]), rest


def _load(name: str, entry: Entry) -> Any:
    if entry.commands:
        return LazyGroup(
            name=name, entries=entry.commands, help=entry.summary, no_args_is_help=True, rich_markup_mode=_MARKUP
        )
    return get_command(importlib.import_module(f"tospike.cli.{entry.module}").app)


_MARKUP: Any = "markdown"
"""As rich's markup, defaults in brackets would be taken for styles."""


def new_app(help: str | None = None, **given: Any) -> typer.Typer:
    """A command, or with ``help`` a group."""
    return typer.Typer(
        help=help,
        no_args_is_help=help is not None,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=_MARKUP,
        **given,
    )
