"""A trained network, before it is hardware."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from tospike.data_source import DataSource, chosen_samples
from tospike.design import Design
from tospike.gen.data.datasets import DataSet
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import InputError
from tospike.model_file import Model, model_file
from tospike.sim.network import Network as ImportedNetwork
from tospike.tb.evaluate import float_inference
from tospike.tb.inference import Inference


def shape_of(source: DataSource | None, data: DataSet | None) -> tuple[int, ...] | None:
    """The shape of a sample as a torch module takes it, as far as the data tell."""
    if source is None or data is None:
        return None
    return source.sample_shape or (data.inputs,)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Network:
    """A trained network with the data that judge it; `tospike.load` makes one.

    Examples
    --------
    >>> import tospike
    >>> snn = tospike.load("digits_snn.nir", data="digits")
    >>> snn.layers
    ('lif', 'li')
    >>> snn.is_spiking
    True
    """

    model: Model
    source: DataSource | None
    data: DataSet | None
    """What calibrates and judges it; ``None``: nothing was given."""
    options: ModelOptions
    """What was chosen about it."""
    imported: ImportedNetwork
    """As trained, in floating point."""
    input_shape: tuple[int, ...] | None = None
    given_name: str | None = None

    @property
    def name(self) -> str:
        """What it is called, in Verilog too."""
        return self.imported.name

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of its layers, as ``layers=`` takes them."""
        return tuple(stage.name for stage in self.imported.stages)

    @property
    def is_spiking(self) -> bool:
        """Whether it is an SNN."""
        return self.imported.is_spiking

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was guessed about it, a line each."""
        return self.imported.warnings

    def __repr__(self) -> str:
        kind, layers = "SNN" if self.is_spiking else "ANN", len(self.layers)
        return (
            f"<Network {self.name}: {kind}, {self.imported.input.inputs} inputs, {layers} "
            f"layer{'s' * (layers != 1)}, {self.imported.outputs} outputs>"
        )

    def compile(self, *, layers: Mapping[str, Mapping[str, Any]] | None = None, **options: Any) -> Design:
        """Quantise it and put it on hardware.

        Parameters
        ----------
        layers, **options
            As of `tospike.load`; these win, and ``None`` takes one back.

        Raises
        ------
        InputError
            There are no data, a number does not fit its format, or no engine can run the network so.

        Examples
        --------
        >>> import tospike
        >>> ann = tospike.load("digits_ann.onnx", data="digits")
        >>> ann.compile(weight_bits=4)
        <Design digits_ann: systolic>
        """
        found = self._prepare(self.options.but(**options).with_layers(layers or {}))
        _ = found.prepared.design  # refused now, not when it is used
        return found

    def evaluate(self, x: ArrayLike | None = None, labels: ArrayLike | None = None) -> Inference:
        """Run it in floating point.

        Parameters
        ----------
        x
            (N, ...) samples; the test part of the data if not given.
        labels
            (N,) classes, for the accuracy; those of the data if ``x`` is not given.

        Raises
        ------
        InputError
            There are no data, or ``x`` or ``labels`` do not fit them.

        Examples
        --------
        >>> import tospike
        >>> ann = tospike.load("digits_ann.onnx", data="digits")
        >>> ann.evaluate().accuracy > 0.97
        True
        """
        found = self._prepare(self.options)
        network = found.prepared.network
        return float_inference(network, *chosen_samples(found.data, x, labels, network.outputs))

    def _prepare(self, options: ModelOptions) -> Design:
        """Return the design, which no engine may be able to run."""
        if self.source is None or self.data is None:
            raise InputError(f"{self.name} is calibrated with data: give tospike.load(..., data=...)")
        data = self.data if options.steps == self.options.steps else self.source.load(options.steps)
        with model_file(self.model, self.given_name, self.input_shape or shape_of(self.source, data)) as path:
            return Design(prepared=prepare(path, data, options), data=data)
