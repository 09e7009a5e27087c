"""The energy models by their names on the command line."""

from collections.abc import Mapping

from tospike.compare.energy.counts.dampfhoffer import DAMPFHOFFER_2023
from tospike.compare.energy.counts.davidson_furber import DAVIDSON_FURBER_22FDX
from tospike.compare.energy.counts.lemaire import LEMAIRE_2022
from tospike.compare.energy.counts.model import EnergyModel
from tospike.compare.energy.counts.operations import HOROWITZ_45
from tospike.compare.energy.counts.ottati import OTTATI_2023, OTTATI_THESIS
from tospike.compare.energy.counts.yan import YAN_2024
from tospike.hw.params import require

MODELS: Mapping[str, EnergyModel] = {
    model.name: model
    for model in (
        HOROWITZ_45,
        DAVIDSON_FURBER_22FDX,
        OTTATI_2023,
        OTTATI_THESIS,
        LEMAIRE_2022,
        YAN_2024,
        DAMPFHOFFER_2023,
    )
}


def model_named(name: str) -> EnergyModel:
    """Return the energy model called ``name``.

    Raises
    ------
    InputError
        There is no such model; the message lists the models.
    """
    require(name in MODELS, f"no energy model {name!r}: use one of {', '.join(MODELS)}")
    return MODELS[name]
