"""A trained network as a file for the importers: the user's file, or one written from an object."""

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tospike.gen.tools.children import temporary_folder
from tospike.hw.params import InputError

if TYPE_CHECKING:
    import nir

Model = Any
"""The path of an .onnx or .nir file, a `nir.NIRGraph`, or a `torch.nn.Module`."""


@contextmanager
def model_file(model: Model, name: str | None, sample_shape: tuple[int, ...] | None) -> Iterator[Path]:
    """Yield the file of a network; that of an object is temporary.

    Parameters
    ----------
    model
        See `Model`.
    name
        Name of an object; default: ``ann`` or ``snn``, or the class of a module of the user's own.
    sample_shape
        Input shape of a torch module, without the batch; ``None``: unknown.

    Raises
    ------
    InputError
        The model has another type, or cannot be exported.
    """
    if isinstance(model, str | PathLike):
        yield Path(model)
        return
    if name is not None and (not isinstance(name, str) or Path(name).name != name):
        raise InputError(f"name must be a word, not {name!r}")
    with temporary_folder() as folder:
        if _is_instance(model, "nir", "NIRGraph"):
            path = folder / f"{name or 'snn'}.nir"
            _write_graph(model, path)
        elif _is_instance(model, "torch.nn", "Module"):
            path = folder / f"{name or _class_name(model)}.onnx"
            _export_module(model, path, sample_shape)
        else:
            raise InputError(
                f"model is a {type(model).__name__}: give the path of an .onnx or .nir file, a nir.NIRGraph or a "
                "torch.nn.Module"
            )
        yield path


def _is_instance(model: object, module: str, name: str) -> bool:
    """Return whether ``model`` is an instance of a class, without importing its package."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(model, getattr(loaded, name))


def _class_name(module: Any) -> str:
    """Return the name of a module's class, or ``ann`` for torch's own such as ``Sequential``, which say nothing."""
    cls = type(module)
    return "ann" if cls.__module__.startswith("torch.") else cls.__name__


def _write_graph(graph: "nir.NIRGraph", path: Path) -> None:
    import nir

    try:
        nir.write(path, graph)
    except Exception as error:  # h5py or a node, for values that a NIR file cannot store
        raise InputError(f"the NIRGraph cannot be written as NIR: {_line(error)}") from error


def _export_module(module: Any, path: Path, sample_shape: tuple[int, ...] | None) -> None:
    import torch

    if sample_shape is None:
        raise InputError("a torch module is exported with an example input: give load(..., data=...)")
    weights = next(iter(module.parameters()), None)
    device = None if weights is None else weights.device
    was_training = module.training
    module.eval()
    try:
        with _quiet_exporter():
            torch.onnx.export(module, (torch.zeros((1, *sample_shape), device=device),), str(path), verbose=False)
    except ImportError as error:
        raise InputError(
            f"torch's ONNX exporter lacks {error.name or _line(error)!r}: pip install onnxscript, or save the network "
            "as .onnx elsewhere"
        ) from error
    except Exception as error:  # the exporter runs the module, which may raise anything
        raise InputError(
            f"torch cannot export {type(module).__name__} with an input of shape {(1, *sample_shape)}: {_line(error)}"
        ) from error
    finally:
        module.train(was_training)


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence the exporter's warnings that the user cannot act on: missing torchvision, deprecated code in torch."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logger.setLevel(level)


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
