"""A network mapped to hardware."""

from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from tospike.data_source import chosen_samples
from tospike.gen.data.datasets import DataSet
from tospike.gen.emit.serialize import TAGS
from tospike.gen.generate import generate_network
from tospike.gen.pipeline import Prepared
from tospike.gen.tools.children import temporary_folder
from tospike.gen.writable import host_thresholds, with_threshold
from tospike.hw.params import AcceleratorParams, options_given
from tospike.synth.flow import synthesize
from tospike.synth.options import SynthOptions
from tospike.synth.report import SynthReport
from tospike.tb.evaluate import golden_inference, simulate
from tospike.tb.inference import Inference, Simulation


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Design:
    """A network mapped to hardware; `tospike.Network.compile` returns one.

    Examples
    --------
    >>> import tospike
    >>> design = tospike.load("digits_ann.onnx", data="digits").compile()
    >>> design.evaluate()
    <Inference of 449 samples, accuracy 0.9866, 447.0 cycles each>
    """

    prepared: Prepared
    """The network in floating point and in integers, with all choices."""
    data: DataSet

    @property
    def name(self) -> str:
        """Name of the top module."""
        return self.params.name

    @property
    def params(self) -> AcceleratorParams:
        """Parameters of the hardware."""
        return self.prepared.design.params

    @property
    def choices(self) -> dict[str, Any]:
        """Every option with its value."""
        return self.prepared.choices

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the results, one line each."""
        return self.prepared.warnings

    @property
    def thresholds(self) -> dict[str, int]:
        """The thresholds that the host may write, by layer, in units of the layer's membranes."""
        return host_thresholds(self.prepared.design)

    def with_threshold(self, layer: str, threshold: int) -> "Design":
        """Return this design with another threshold of a layer: the same hardware, with another word written.

        Raises
        ------
        InputError
            The layer has no threshold that the host writes, or it is out of range.
        """
        planned = with_threshold(self.prepared.design, layer, threshold)
        return replace(self, prepared=replace(self.prepared, planned=planned))

    def __repr__(self) -> str:
        return f"<Design {self.name}: {', '.join(TAGS[type(engine)] for engine in self.params.engines)}>"

    def evaluate(self, x: ArrayLike | None = None, labels: ArrayLike | None = None) -> Inference:
        """Run the golden model: the integers, cycles and counters of the hardware, without a simulator.

        Parameters
        ----------
        x
            (N, ...) samples, as in the data; default: the test part of the data.
        labels
            (N,) classes, for the accuracy; those of the data if ``x`` is not given.

        Raises
        ------
        InputError
            The samples or labels do not match the data.

        Examples
        --------
        >>> import tospike
        >>> design = tospike.load("digits_snn.nir", data="digits").compile()
        >>> found = design.evaluate(design.data.x[:2])
        >>> found.predictions.tolist(), found.outputs.shape
        ([3, 7], (2, 10))
        """
        return golden_inference(self.prepared, *self._samples(x, labels))

    def _samples(self, x: ArrayLike | None, labels: ArrayLike | None) -> tuple[Any, Any]:
        return chosen_samples(self.data, x, labels, self.prepared.network.classes)

    def simulate(
        self, x: ArrayLike | None = None, labels: ArrayLike | None = None, *, simulator: str = "verilator"
    ) -> Simulation:
        """Run the generated Verilog in a simulator, and compare it with the golden model.

        Parameters
        ----------
        x, labels
            As for `evaluate`.
        simulator
            ``verilator`` or ``icarus``.

        Raises
        ------
        InputError
            The samples or labels do not match the data, or the simulator is missing or fails.

        Examples
        --------
        >>> design.simulate(x[:20]).equals_golden  # doctest: +SKIP
        True
        """
        return simulate(self.prepared, *self._samples(x, labels), simulator=simulator)

    def generate(self, folder: str | PathLike[str]) -> Path:
        """Write Verilog, memory contents, test bench, driver and manifest into ``folder``, and return its path.

        Replaces an earlier design in the folder, but nothing else.

        Raises
        ------
        InputError
            The folder has other contents, or cannot be written.
        """
        return generate_network(Path(folder), self.prepared, self.data).path

    def synthesize(self, target: str | PathLike[str] = "ecp5-85k", **options: Any) -> SynthReport:
        """Synthesise, and on an FPGA place and route.

        Parameters
        ----------
        target
            ``ecp5-85k``, ``ice40-up5k``, a Liberty file, or ``xc7``, ``gowin`` or ``nexus`` for the area alone.
        **options
            Options of the command ``synth``: ``speed`` (speed grade of the FPGA; default: the slowest), ``seed`` of the
            placer, ``router``.

        Returns
        -------
        Area and, on an FPGA that is placed and routed, clock frequency.

        Raises
        ------
        InputError
            The target is unknown, a tool is missing or fails, or the design does not fit.

        Examples
        --------
        >>> design.synthesize("ecp5-85k").fmax_mhz  # doctest: +SKIP
        81.3
        """
        how = options_given(SynthOptions, {"target": fspath(target), **options})
        with temporary_folder() as work:
            return synthesize(self.generate(work / self.name), how)
