"""The costs of placements of one network, which share the runs of their engines."""

from dataclasses import replace

import numpy as np

from tospike.compare.energy.counters.energy import mean_energy
from tospike.compare.energy.counters.registers import SharedRegisters
from tospike.compare.energy.technology import Technology
from tospike.compare.partition.placements import Placement, text_of
from tospike.compare.partition.result import Placed
from tospike.gen.area.design import predicted_area
from tospike.gen.area.systolic import Area
from tospike.gen.data.datasets import DataSet
from tospike.gen.exact.sides import placed
from tospike.gen.fit.fit import excess, needs
from tospike.gen.pipeline import Prepared
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.params import AcceleratorParams, require
from tospike.hw.params.devices import Device
from tospike.sim.accelerator import run
from tospike.sim.shared_runs import SharedRuns


class Pricer:
    """Price placements.

    Parameters
    ----------
    snn
        The SNN of an exact pair.
    options
        Those of the planner, without places.
    data
        The samples.
    technology
        The prices.
    device
        What the placements must fit, if anything.
    """

    def __init__(
        self, snn: Prepared, options: PlanOptions, data: DataSet, technology: Technology, device: Device | None = None
    ):
        self._snn, self._options, self._data, self._technology = snn, options, data, technology
        self._device = device
        self._runs, self._registers = SharedRuns(), SharedRegisters()

    def prepared(self, placement: Placement) -> Prepared:
        """Return the network with its layers in their places.

        Raises
        ------
        InputError
            No engine can run a layer there.
        """
        given = {layer: {**self._options.layers.get(layer, {}), "place": place} for layer, place in placement.items()}
        options = replace(self._options, layers=given)
        network = placed(self._snn.quantized.network, options)
        choices = {**self._snn.choices, "hardware": options.describe()}
        quantized = replace(self._snn.quantized, network=network)
        return replace(self._snn, quantized=quantized, planned=plan(network, options), choices=choices)

    def price(self, placement: Placement) -> Placed:
        """Return the costs of a placement.

        Raises
        ------
        InputError
            No engine can run a layer there, or the chain is too large for the device.
        """
        prepared = self.prepared(placement)
        cells = self._fitting(prepared.design.params)
        params, x = prepared.design.params, prepared.integers(self._data.x)
        result = run(prepared.design, x, shared=self._runs)
        energy = mean_energy(self._technology, params, result, registers=self._registers.bits(params))
        return Placed(
            place=text_of(placement),
            accuracy=float(np.mean(result.predictions == self._data.y)),
            cycles=float(result.cycles.mean()),
            energy_pj=float(energy.total[0]),
            area=float(energy.area_um2),
            cells=cells,
        )

    def _fitting(self, params: AcceleratorParams) -> Area | None:
        """Return the predicted area on the device, if there is one."""
        if self._device is None:
            return None
        area = predicted_area(params, self._device.family)
        require(area is not None, f"the area of these engines on {self._device.family.name} is unknown")
        assert area is not None
        require(
            not excess(area, self._device),
            f"does not fit {self._device.name}: {needs(area, self._device)} (predicted)",
        )
        return area
