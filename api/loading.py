"""``tospike.load``."""

from collections.abc import Mapping
from typing import Any

from tospike.data_source import Data, DataSource
from tospike.gen.data.options import DataOptions
from tospike.gen.load import load_network
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import nir_options
from tospike.hw.params import options_given
from tospike.model_file import Model, model_file
from tospike.network import Network, shape_of


def load(
    model: Model,
    *,
    data: Data | None = None,
    name: str | None = None,
    input_shape: tuple[int, ...] | None = None,
    time_bin_us: int | None = None,
    sensor: str | None = None,
    hold_out: int | None = None,
    layers: Mapping[str, Mapping[str, Any]] | None = None,
    **options: Any,
) -> Network:
    """Load a trained network.

    Parameters
    ----------
    model
        The path of an .onnx file (an ANN) or a .nir file (an SNN); a ``nir.NIRGraph``; or a ``torch.nn.Module``, which
        torch exports as ONNX.
    data
        Samples and labels for calibration and test: ``"digits"``, ``"mnist:DIR"`` or ``"npz:FILE"``; the path of an
        npz file; a dict of the arrays that such a file may contain; or a pair ``(x, y)`` of (N, ...) values and (N,)
        classes. Without data, the network can be inspected, but not compiled.
    name
        Name of a network that is not a file.
    input_shape
        Input shape of a torch module, without the batch; default: as in ``data``.
    time_bin_us, sensor
        For event data: microseconds of a time step, and ``"WIDTHxHEIGHT"``.
    hold_out
        For data without a training part: every ``hold_out``-th sample is a test sample, the others are for training.
    layers
        Options of single layers: ``{"fc1": {"weight_bits": 4}}``.
    **options
        Options of the command line, with underscores: ``weight_bits=4``, ``steps=8``, ``engine="event"``.

    Raises
    ------
    InputError
        The network, the data or an option cannot be used; the message says which, and suggests the nearest name for
        an unknown option.

    Examples
    --------
    >>> import tospike
    >>> ann = tospike.load("digits_ann.onnx", data="digits")
    >>> ann
    <Network digits_ann: ANN, 64 inputs, 2 layers, 10 outputs>
    >>> tospike.load("ann.onnx", wieght_bits=4)
    Traceback (most recent call last):
        ...
    tospike.hw.params.check.InputError: option 'wieght_bits' is unknown: did you mean 'weight_bits'?
    """
    chosen = ModelOptions(options, layers=layers)
    lacking = options_given(DataOptions, {"time_bin_us": time_bin_us, "sensor": sensor, "hold_out": hold_out})
    source = None if data is None else DataSource(given=data, options=lacking)
    data_set = None if source is None else source.load(chosen.steps)
    with model_file(model, name, input_shape or shape_of(source, data_set)) as path:
        nir = chosen.nir(path) if data_set is None else nir_options(path, data_set, chosen)
        imported = load_network(path, nir=nir)
    return Network(
        model=model,
        source=source,
        data=data_set,
        options=chosen,
        imported=imported,
        input_shape=input_shape,
        given_name=name,
    )
