"""Weights on disk, in the safetensors format: no code in the file, and never half a file."""

import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from lib.configs import Config, Epoch, State

PREFIX = "state:"  # of the tensors in a file that are not weights


class CheckpointError(ValueError):
    """A checkpoint that cannot be written or used; the message names it and the remedy."""


def save_checkpoint(model: nn.Module, path: Path | str, state: State | None = None) -> None:
    """Write the weights of `model`, and the `state` of its run, to `path`; an older file stays whole until all is written.

    Raises CheckpointError when the folder is not writable or the disk is full.
    """
    path, state = Path(path), state or State()
    named = model.state_dict() | {PREFIX + name: tensor for name, tensor in state.tensors.items()}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in named.items()}
    story = {"config": asdict(state.config) if state.config else None, "history": list(map(asdict, state.history))}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        os.close(handle)
        try:
            save_file(tensors, scratch, metadata={"network": type(model).__name__, "state": json.dumps(story)})
            os.replace(scratch, path)
        finally:
            Path(scratch).unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"cannot write {path} ({error}): free space there, or choose another folder") from error


def load_checkpoint(model: nn.Module, path: Path | str) -> State:
    """Fill `model` with the weights of `path`, and return the state of the run that left them (empty if none was stored).

    Raises CheckpointError for a damaged file or another network's.
    """
    try:
        with safe_open(str(path), "pt") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"cannot read {path} ({error}): it is missing or truncated; record it again") from error
    weights = {name: tensor for name, tensor in tensors.items() if not name.startswith(PREFIX)}
    expected = model.state_dict()
    if _shapes(weights) != _shapes(expected):
        stored, wanted = (f"{sum(tensor.numel() for tensor in each.values()):,}" for each in (weights, expected))
        network, model_name = about.get("network", "network that is not named"), type(model).__name__
        raise CheckpointError(
            f"{path} holds a {network} of {stored} numbers, not this {model_name} of {wanted}: build the same network"
        )
    model.load_state_dict(weights)
    story = json.loads(about.get("state", "{}"))
    return State(
        config=Config(**story["config"]) if story.get("config") else None,
        history=[Epoch(**epoch) for epoch in story.get("history", [])],
        tensors={name.removeprefix(PREFIX): tensor for name, tensor in tensors.items() if name.startswith(PREFIX)},
    )


def _shapes(weights: dict[str, torch.Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in weights.items()}
