"""``tospike generate spiking``."""

from typing import Annotated

import typer

from tospike.cli.arguments import Out
from tospike.cli.commands import new_app
from tospike.cli.generate.announce import announce, announce_manifest
from tospike.cli.options import takes_options
from tospike.gen.emit.bare import generate_component
from tospike.gen.emit.folder import generate
from tospike.gen.options.core import LayerOptions, NeuronOptions
from tospike.hw.accelerator import make_engine
from tospike.hw.spiking.layout import memories

app = new_app()


@app.command(epilog="Example:  tospike generate spiking --inputs 256 --neurons 256 --lanes 16 --out build/core")
@takes_options
def spiking(
    *,
    out: Out,
    core_only: Annotated[
        bool, typer.Option("--core-only", help="Without the host port: the core itself, for `tospike synth`.")
    ] = False,
    layer: LayerOptions,
    neuron: NeuronOptions,
) -> None:
    """A spiking core: tokens (spikes, time steps) stream in, writable weights, spikes or a readout stream out."""
    if core_only:
        params = layer.engine_of(neuron.params)
        core = make_engine(params, {shape.name: () for shape in memories(params)}, 0)
        manifest = generate_component(
            out, kind="spiking-core", component=core, name="spiking_core", params=params, choices={}
        )
        announce_manifest(out, manifest)
        return
    announce(generate(out, kind="spiking", params=layer.accelerator(neuron.params), design=None, choices={}))
