"""``tospike generate systolic``."""

from tospike.cli.arguments import Out
from tospike.cli.commands import new_app
from tospike.cli.generate.announce import announce, say
from tospike.cli.options import takes_options
from tospike.gen.generate import generate_systolic
from tospike.gen.options.systolic import SystolicOptions

app = new_app()


@app.command(epilog="Example:  tospike generate systolic --rows 8 --cols 8 --gemm 64,64,64 --out build/gemm")
@takes_options
def systolic(*, out: Out, options: SystolicOptions) -> None:
    """Generate a systolic engine for matrix products: activations in, 32-bit results out, writable weights."""
    announce(generate_systolic(out, options, tell=say))
