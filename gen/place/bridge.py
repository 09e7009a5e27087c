"""Bridges between arrays and spiking layers: for chains built by hand; the planner places none.

It refuses networks in which only some stages spike, so no network needs a bridge yet.
"""

from tospike.gen.place.placer import Placer

BRIDGE = Placer()
