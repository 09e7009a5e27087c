"""``tospike generate spiking``."""

from tospike.cli.arguments import Out
from tospike.cli.commands import new_app
from tospike.cli.generate.announce import announce
from tospike.cli.options import takes_options
from tospike.gen.generate import generate_spiking
from tospike.gen.options.core import LayerOptions, NeuronOptions

app = new_app()


@app.command(epilog="Example:  tospike generate spiking --inputs 256 --neurons 256 --lanes 16 --out build/core")
@takes_options
def spiking(*, out: Out, layer: LayerOptions, neuron: NeuronOptions) -> None:
    """Generate a spiking core: tokens (spikes, time steps) in, spikes or a readout out, writable weights."""
    announce(generate_spiking(out, layer, neuron))
