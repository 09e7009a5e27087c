"""Bridges between arrays and spiking layers: chains that an engineer writes have them, no network gets one.

A network of which only some stages spike is refused, so nothing asks for a bridge yet.
"""

from tospike.gen.place.placer import Placer

BRIDGE = Placer()
