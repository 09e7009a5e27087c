"""``tospike generate network``."""

from tospike.cli import console
from tospike.cli.arguments import Model, Out
from tospike.cli.commands import new_app
from tospike.cli.generate.announce import announce, say, say_stream
from tospike.cli.options import takes_options
from tospike.gen.data.options import DataOptions
from tospike.gen.emit.folder import generate
from tospike.gen.emit.vectors import BENCH_SAMPLES
from tospike.gen.files.written_folder import check_replaceable
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare

app = new_app()


@app.command(epilog="Example:  tospike generate network model.onnx --data digits --out build/model")
@takes_options
def network(
    *,
    model: Model,
    out: Out,
    data: DataOptions,
    options: ModelOptions,
) -> None:
    """The accelerator of a trained network, its weights in the memories. The data set calibrates the quantisation."""
    check_replaceable(out)
    data_set = data.load(options.steps)
    prepared = prepare(model, data_set, options)
    console.warn(prepared.warnings)
    design = prepared.design
    if prepared.fit is not None:
        say(f"fit: {prepared.fit}")
    say_stream(design.params)
    samples = prepared.integers(data_set.x[:BENCH_SAMPLES])
    announce(
        generate(out, kind="network", params=design.params, design=design, choices=prepared.choices, samples=samples)
    )
