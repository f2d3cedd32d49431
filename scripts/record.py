"""Run recipes and store what came out under runs/NAME.

    python scripts/record.py NAME [--seeds N] [--device D]
    python scripts/record.py --all [--device D]
    python scripts/record.py --list

--all records what the device is meant for and what has no record yet, or only one of an older recipe. The weights and
the state of a run are kept in runs/.NAME.part after every epoch until the record is complete: after an interruption, the
same command goes on at the last finished epoch. Of a replay each epoch's answers to the test images are kept there too; they
are written down and never looked at before the end, so that nothing can be chosen by them.
"""

import argparse
import platform
import shutil
import sys
import time
import zipfile
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from lib.baselines import Classifier, fit, numbers, predict_classes
from lib.checkpoints import load_checkpoint, save_checkpoint
from lib.configs import Epoch, Run, State
from lib.data import Dataset, subset
from lib.device import choose_device, device_name
from lib.evaluation import predict
from lib.files import FILES, SOURCES
from lib.recipes import RECIPES, Baseline, Recipe, build, data_of, describe, find
from lib.runs import REPLAYED, RUNS, Record, RecordError, commit, read_record, write_record
from lib.training import train

ONCE = ("filters", *REPLAYED)  # arrays that are stored of the first seed only


def train_seed(recipe: Recipe, data, seed: int, part: Path) -> tuple[Run, nn.Module]:
    """Return the run and the trained network of one seed, going on from the last epoch that `part` holds of it."""
    model = build(recipe, seed).to(data.train.images.device)
    config = replace(recipe.config, seed=seed)
    path = part / f"seed-{seed}.safetensors"
    state = load_checkpoint(model, path) if path.exists() else State()
    replayed = recipe.replay and seed == 0
    if replayed and not state.history:
        keep_frame(recipe, model, data, part, 0)
    batches = -(-len(data.train) // config.batch_size)  # of one epoch
    done = len(state.history)
    with tqdm(total=config.epochs * batches, initial=done * batches, desc=f"seed {seed}", unit="batch") as bar:

        def keep(epoch: Epoch) -> None:
            if replayed:  # before the checkpoint: where that one tells of an epoch, its frame is there
                keep_frame(recipe, model, data, part, epoch.epoch)
            save_checkpoint(model, path, state)
            bar.set_postfix(epoch=epoch.epoch, loss=f"{epoch.train_loss:.4f}", validation=f"{epoch.validation_accuracy:.4f}")

        try:
            run = train(model, data, config, keep, recipe.loss, state, bar.update)
        except FloatingPointError as error:
            kept = f"the weights after epoch {len(state.history)} are in {path}" if state.history else "no epoch was finished"
            raise FloatingPointError(f"{error}; {kept}") from error
    return run, model


def answers(recipe: Recipe, model: nn.Module, data: Dataset) -> dict[str, np.ndarray]:
    """Return what `model`, as it stands, says of the test images, and the weights of its first layer."""
    probabilities, classes = predict(model, data, data.test, recipe.config.size, recipe.config.bf16).softmax(1).max(1)
    return {
        "predictions": classes.to(torch.uint8).numpy(),
        "confidences": (255 * probabilities).round().to(torch.uint8).numpy(),
        "filters": next(weights for weights in model.parameters() if weights.ndim == 4).detach().half().cpu().numpy(),
    }


def keep_frame(recipe: Recipe, model: nn.Module, data: Dataset, part: Path, epoch: int) -> None:
    """Write the answers of `model` after `epoch` into `part`."""
    part.mkdir(parents=True, exist_ok=True)
    np.savez(part / f"epoch-{epoch}.npz", **answers(recipe, model, data))


def read_frames(recipe: Recipe, data: Dataset, part: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a replay, from the frames that `part` holds. Raises RecordError where one is missing or damaged."""
    frames = []
    for epoch in range(recipe.config.epochs + 1):
        path = part / f"epoch-{epoch}.npz"
        try:
            with np.load(path) as frame:
                frames.append(dict(frame))
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise RecordError(f"cannot read {path} ({error}): remove {part} and record again") from error
    stacks = {f"{name}_by_epoch": np.stack([frame[name] for frame in frames]) for name in ("predictions", "filters")}
    return stacks | {"labels": data.test.labels.to(torch.uint8).cpu().numpy()}


def fit_seed(recipe: Baseline, data, seed: int) -> tuple[Run, Classifier]:
    """Return the run and the fitted classifier of one seed; its loss is the share of errors, on 5,000 training images."""
    started = time.perf_counter()
    classifier = fit(recipe.method, data.train, seed)
    seconds = time.perf_counter() - started
    right = [
        float((predict_classes(classifier, split) == split.labels.cpu().numpy()).mean())
        for split in (data.train.take(5_000), data.validation)
    ]
    epoch = Epoch(1, 1 - right[0], right[0], 1 - right[1], right[1], seconds, len(data.train) / seconds)
    versions = {"python": platform.python_version(), "scikit-learn": version("scikit-learn"), "torch": torch.__version__}
    return Run(replace(recipe.config, seed=seed), (epoch,), device_name(torch.device("cpu")), versions), classifier


def outcome(recipe: Recipe | Baseline, data, seed: int, part: Path) -> tuple[Run, dict[str, np.ndarray], int]:
    """Return the run of one seed, the arrays to store of it, and how many numbers it learned."""
    if isinstance(recipe, Baseline):
        run, classifier = fit_seed(recipe, data, seed)
        return run, {"predictions": predict_classes(classifier, data.test)}, numbers(classifier)
    run, model = train_seed(recipe, data, seed, part)
    arrays = answers(recipe, model, data)
    if recipe.seeds > 5:  # the probabilities of so many would outgrow a record
        del arrays["confidences"]
    if recipe.replay and seed == 0:
        arrays |= read_frames(recipe, data, part)
    return run, arrays, sum(weights.numel() for weights in model.parameters())


def record(name: str, seeds: int, device: torch.device, runs: Path = RUNS) -> Record:
    """Return the record of recipe `name`, written under `runs`: `seeds` runs, the test images read once for each.

    Of a replay they are read after each epoch of the first.
    """
    recipe = find(name)
    part, code = runs / f".{name}.part", commit()
    outcomes = []
    for seed in range(seeds):
        data = data_of(recipe, device, seed)
        if data.stand_in:
            raise RecordError(f"{name} is recorded on the real data only: set BOOK_DATA to a folder that holds {data.title}")
        outcomes.append(outcome(recipe, data, seed, part))
    stories, arrays, counts = zip(*outcomes, strict=True)
    labels = data.test.labels.cpu().numpy()
    stacks = {name: np.stack([each[name] for each in arrays]) for name in arrays[0] if name not in ONCE}
    result = Record(
        recipe=describe(recipe),
        parameters=counts[0],
        runs=stories,
        accuracies=tuple(float((each == labels).mean()) for each in stacks["predictions"]),
        sha256=dict(zip(FILES, SOURCES[recipe.dataset].sha256, strict=True)),
        recorded=date.today().isoformat(),
        commit=code,
        **{name: array for name, array in arrays[0].items() if name in ONCE},
        **stacks,
    )
    write_record(result, runs / name)
    shutil.rmtree(part, ignore_errors=True)
    return result


def newest(name: str) -> Record | None:
    """Return the record of recipe `name`; None where there is none, or a damaged one."""
    try:
        return read_record(name)
    except RecordError:
        return None


def is_current(found: Record | None, recipe: Recipe | Baseline) -> bool:
    """Return whether `found` is a record of `recipe` as it stands."""
    return found is not None and found.recipe == describe(recipe) and len(found.runs) >= recipe.seeds


def rate_of(recipe: Recipe | Baseline, data: Dataset) -> float:
    """Return about how many images a second `recipe` learns from, by two small batches, the first aside."""
    if isinstance(recipe, Baseline):
        some = data.train.take(500)
        started = time.perf_counter()
        fit(recipe.method, some)
        return len(some) / (time.perf_counter() - started)  # at most: a support vector machine slows down as it gets more
    size = min(recipe.config.batch_size, 16 if recipe.config.size > 100 else 128)
    few = replace(subset(data, 2 * size), validation=data.validation.take(2))
    still = replace(recipe.config, epochs=3, batch_size=size, lr=1e-9, schedule="constant", compile=False)  # nothing explodes
    run = train(build(recipe, 0), few, still, loss=recipe.loss)
    return max(epoch.images_per_second for epoch in run.history[1:])


def line(name: str) -> str:
    """Return what there is to say about the record of recipe `name` on one line."""
    if (found := newest(name)) is None:
        return "not recorded yet"
    spread = f" ± {100 * found.spread:.2f}" if len(found.runs) > 1 else ""
    accuracy = f"{100 * found.mean:.2f}{spread} % (n = {len(found.runs)})"
    age = "" if is_current(found, find(name)) else ", of an older recipe"
    return f"{accuracy}, {found.seconds:.0f} s a seed on {found.runs[0].device}, {found.recorded}{age}"


def show_list(device: torch.device) -> None:
    """Print every recipe: what it trains, what recording it would cost here, its newest record."""
    rates = {}  # measured once for what is trained alike
    for name, recipe in RECIPES.items():
        words = describe(recipe)
        what, length = words.get("network") or words["method"], ""
        alike = (what, recipe.config.size, recipe.config.bf16, recipe.config.batch_size)
        data = data_of(recipe, device)
        if alike not in rates:
            rates[alike] = rate_of(recipe, data)
        minutes = recipe.seeds * recipe.config.epochs * len(data.train) / rates[alike] / 60
        if isinstance(recipe, Recipe):
            length = f", {recipe.config.epochs} epochs at {recipe.config.size} pixels"
        print(f"{name}: {what}, {recipe.dataset}{length}")
        print(f"    about {minutes:,.0f} min for {recipe.seeds} seeds on {device}, meant for {recipe.device}; {line(name)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", help="a recipe")
    parser.add_argument("--all", action="store_true", help="record what the device is meant for and has no current record")
    parser.add_argument("--list", action="store_true", help="list the recipes, their cost on this device and their records")
    parser.add_argument("--seeds", type=int, help="how many seeds instead of the recipe's number")
    parser.add_argument("--device")
    arguments = parser.parse_args()
    try:
        device = choose_device(arguments.device)
        if arguments.list or not (arguments.name or arguments.all):
            show_list(device)
            return 0
        names = [arguments.name]
        if arguments.all:
            meant = {name: recipe for name, recipe in RECIPES.items() if recipe.device == device.type}
            names = [name for name, recipe in meant.items() if not is_current(newest(name), recipe)]
        for name in names:
            record(name, arguments.seeds or find(name).seeds, device)
            print(f"{name}: {line(name)}")
    except KeyboardInterrupt:
        print("interrupted: the same command goes on at the last finished epoch", file=sys.stderr)
        return 130
    except (ValueError, OSError, FloatingPointError, MemoryError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
