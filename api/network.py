"""A trained network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from tospike.data_source import DataSource, as_array, as_samples_of, chosen_samples
from tospike.design import Design
from tospike.gen.data.datasets import DataSet
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Trained, compile_like, compile_network, import_network
from tospike.hw.params import InputError
from tospike.model_file import Model, model_file
from tospike.sim.network import Network as ImportedNetwork
from tospike.sim.network.reference import run_float
from tospike.tb.evaluate import float_inference
from tospike.tb.inference import Inference


def shape_of(source: DataSource | None, data: DataSet | None) -> tuple[int, ...] | None:
    """Return the input shape of a torch module, as far as the data determine it."""
    if source is None or data is None:
        return None
    return source.sample_shape or (data.inputs,)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Network:
    """A trained network with its data; `tospike.load` returns one.

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
    """Data for calibration and test; ``None``: not given."""
    options: ModelOptions
    """The options given."""
    imported: ImportedNetwork
    """The network in floating point."""
    input_shape: tuple[int, ...] | None = None
    given_name: str | None = None

    @property
    def name(self) -> str:
        """Name of the network, also in Verilog."""
        return self.imported.name

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers, for ``layers=``."""
        return tuple(stage.name for stage in self.imported.stages)

    @property
    def is_spiking(self) -> bool:
        """Whether the network is an SNN."""
        return self.imported.is_spiking

    @property
    def warnings(self) -> tuple[str, ...]:
        """Rules that the importer guessed, one line each."""
        return self.imported.warnings

    def __repr__(self) -> str:
        kind, layers = "SNN" if self.is_spiking else "ANN", len(self.layers)
        return (
            f"<Network {self.name}: {kind}, {self.imported.input.inputs} inputs, {layers} "
            f"layer{'s' * (layers != 1)}, {self.imported.outputs} outputs>"
        )

    def compile(
        self,
        *,
        layers: Mapping[str, Mapping[str, Any]] | None = None,
        like: Design | None = None,
        **options: Any,
    ) -> Design:
        """Quantise the network and map it to hardware.

        Parameters
        ----------
        layers, **options
            As for `tospike.load`; they take precedence, and ``None`` resets an option.
        like
            A design with writable weights (``writable=True``): compile for its hardware.

        Raises
        ------
        InputError
            There are no data, a number does not fit its format, no engine can run the network with these options, or it
            needs other hardware than ``like``.

        Examples
        --------
        >>> import tospike
        >>> ann = tospike.load("digits_ann.onnx", data="digits")
        >>> ann.compile(weight_bits=4)
        <Design digits_ann: systolic>
        """
        chosen = self.options.but(**options).with_layers(layers or {})
        if like is not None:
            trained, data = self._import(chosen.but(writable=True))
            host = like.prepared.design
            return Design(prepared=compile_like(trained, data, host, name=like.name), data=data)
        found = self._prepare(chosen)
        _ = found.prepared.design  # raise errors now, not at the first use
        return found

    def evaluate(self, x: ArrayLike | None = None, labels: ArrayLike | None = None) -> Inference:
        """Run the network in floating point.

        Parameters
        ----------
        x
            (N, ...) samples; default: the test part of the data.
        labels
            (N,) classes, for the accuracy; those of the data if ``x`` is not given.

        Raises
        ------
        InputError
            There are no data, or ``x`` or ``labels`` do not match them.

        Examples
        --------
        >>> import tospike
        >>> ann = tospike.load("digits_ann.onnx", data="digits")
        >>> ann.evaluate().accuracy > 0.97
        True
        """
        trained, data = self._import(self.options)
        network = trained.network
        return float_inference(network, *chosen_samples(data, x, labels, network.classes))

    def reference(self, x: ArrayLike | None = None) -> dict[str, Any]:
        """Run the network in floating point, and return what its ONNX file would: probabilities, labels.

        Parameters
        ----------
        x
            (N, ...) samples in the file's layout, or images with channels first or last; default: the test part of the
            data. A file that takes one sample only also takes it in the shape that it states.

        Returns
        -------
        The file's outputs by name, in their order, types and shapes, N samples along the first axis; those of a
        ``ZipMap`` are a list of dictionaries.

        Raises
        ------
        InputError
            The network is not an ONNX file, or the samples do not fit it.

        Examples
        --------
        >>> import tospike
        >>> ann = tospike.load("digits_ann.onnx", data="digits")
        >>> {name: values.shape for name, values in ann.reference().items()}
        {'logits': (449, 10)}
        """
        network = self.imported
        if network.answers is None:
            raise InputError(f"{self.name} is not an ONNX file: evaluate() gives its outputs")
        if x is None and self.data is None:
            raise InputError(f"{self.name} has no data: give samples, or tospike.load(..., data=...)")
        values = as_array("x", self.data.x if x is None and self.data is not None else x)  # type: ignore[arg-type]
        given = self.data.shape if x is None and self.data is not None else values.shape[1:]
        is_alone = x is not None and values.shape == network.input.whole_shape
        samples = as_samples_of(network.input, values, given, is_alone=is_alone)
        return network.answers.values(run_float(network, samples, trace=False).outputs, is_alone=is_alone)

    def _prepare(self, options: ModelOptions) -> Design:
        """Return the design; it may not be runnable on any engine."""
        trained, data = self._import(options)
        return Design(prepared=compile_network(trained, data), data=data)

    def _import(self, options: ModelOptions) -> tuple[Trained, DataSet]:
        """Return the network with these options, and its data."""
        if self.source is None or self.data is None:
            raise InputError(f"{self.name} needs data for calibration: give tospike.load(..., data=...)")
        data = self.data if options.steps == self.options.steps else self.source.load(options.steps)
        with model_file(self.model, self.given_name, self.input_shape or shape_of(self.source, data)) as path:
            return import_network(path, data, options), data
