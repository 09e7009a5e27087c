"""Thirty designs compute, take, count, cost and contain what is on record of them."""

import json

import pytest
from recorded.designs import designs
from recorded.figures import FIGURES, cells, golden

RECORDED = json.loads(FIGURES.read_text())
DESIGNS = designs()


def test_every_design_is_on_record():
    assert sorted(DESIGNS) == sorted(RECORDED) and len(RECORDED) == 30


@pytest.mark.parametrize("name", RECORDED)
def test_golden_model_and_energy(name):
    recorded = {key: value for key, value in RECORDED[name].items() if key != "cells"}
    assert golden(*DESIGNS[name]) == recorded


@pytest.mark.slow
@pytest.mark.parametrize("name", RECORDED)
def test_cells_of_each_module(name):
    assert cells(DESIGNS[name][0]) == RECORDED[name]["cells"]
