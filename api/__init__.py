"""Spikes or not? Generate, verify, synthesise and compare systolic ANN and spiking hardware for a trained network."""

from importlib import metadata


def __getattr__(name: str) -> str:
    if name == "__version__":  # asked for seldom, and read from the installed metadata
        return metadata.version("tospike")
    raise AttributeError(f"module 'tospike' has no attribute {name!r}")
