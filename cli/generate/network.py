"""``tospike generate network``."""

from tospike.cli import console
from tospike.cli.arguments import Like, Model, Out
from tospike.cli.commands import new_app
from tospike.cli.generate.announce import announce, say
from tospike.cli.options import takes_options
from tospike.gen.data.options import DataOptions
from tospike.gen.files.written_folder import check_replaceable
from tospike.gen.generate import generate_network
from tospike.gen.like import prepare_for
from tospike.gen.options.model import ModelOptions

app = new_app()


@app.command(epilog="Example:  tospike generate network model.onnx --data digits --out build/model")
@takes_options
def network(*, model: Model, out: Out, like: Like = None, data: DataOptions, options: ModelOptions) -> None:
    """Generate the accelerator of a trained network with its weights. The data set calibrates the quantisation."""
    check_replaceable(out)
    data_set = data.load(options.steps)
    prepared = prepare_for(model, data_set, options, like)
    console.warn(prepared.warnings)
    announce(generate_network(out, prepared, data_set, tell=say).path)
