"""Run a recipe and store what came out under runs/NAME.

    python scripts/record.py NAME [--seeds N] [--device D]
    python scripts/record.py --list

A finished seed is kept in runs/.NAME.part until the record is complete: an interrupted recording goes on there.
"""

import argparse
import json
import shutil
import sys
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from lib.checkpoints import load_checkpoint, save_checkpoint
from lib.device import choose_device
from lib.evaluation import predict
from lib.files import FILES, SOURCES
from lib.recipes import RECIPES, Recipe, build, data_of, describe, find
from lib.runs import RUNS, Record, RecordError, parse_run, read_record, write_record
from lib.training import Epoch, Run, train


def train_seed(recipe: Recipe, data, seed: int, part: Path) -> Run:
    """Train one seed, or read it from `part` where an earlier call finished it; the weights lie beside."""
    story = part / f"seed-{seed}.json"
    if story.exists():
        return parse_run(json.loads(story.read_text(encoding="utf-8")))
    model = build(recipe, seed)
    config = replace(recipe.config, seed=seed)
    with tqdm(total=config.epochs, desc=f"seed {seed}", unit="epoch") as bar:

        def report(epoch: Epoch) -> None:
            bar.update()
            bar.set_postfix(loss=f"{epoch.train_loss:.4f}", validation=f"{epoch.validation_accuracy:.4f}")

        run = train(model, data, config, report, recipe.loss)
    save_checkpoint(model, part / f"seed-{seed}.safetensors")
    story.write_text(json.dumps(asdict(run)), encoding="utf-8")
    return run


def record(name: str, seeds: int, device: torch.device) -> Record:
    """Return the record of recipe `name`: `seeds` runs, the test images read once for each at the end."""
    recipe = find(name)
    data = data_of(recipe, device)
    if data.stand_in:
        raise RecordError(f"{name} is recorded on the real data only: set BOOK_DATA to a folder that holds {data.title}")
    part = RUNS / f".{name}.part"
    runs, predictions, filters = [], [], None
    for seed in range(seeds):
        runs.append(train_seed(recipe, data, seed, part))
        model = build(recipe, seed).to(device)
        load_checkpoint(model, part / f"seed-{seed}.safetensors")
        logits = predict(model, data, data.test, recipe.config.size, recipe.config.bf16)
        predictions.append(logits.argmax(1).to(torch.uint8).numpy())
        if filters is None:
            filters = next(weights for weights in model.parameters() if weights.ndim == 4).detach().cpu().numpy()
    labels = data.test.labels.cpu().numpy()
    result = Record(
        recipe=describe(recipe),
        parameters=sum(weights.numel() for weights in model.parameters()),
        runs=tuple(runs),
        accuracies=tuple(float((each == labels).mean()) for each in predictions),
        predictions=np.stack(predictions),
        filters=filters,
        sha256=dict(zip(FILES, SOURCES[recipe.dataset].sha256, strict=True)),
        recorded=date.today().isoformat(),
    )
    write_record(result, RUNS / name)
    shutil.rmtree(part)
    return result


def line(name: str) -> str:
    """Return what there is to say about recipe `name` on one line."""
    try:
        found = read_record(name)
    except RecordError:
        return f"{name}: not recorded yet"
    accuracy_text = f"{100 * found.mean:.2f} ± {100 * found.spread:.2f} % (n = {len(found.runs)})"
    return f"{name}: {accuracy_text}, {found.seconds:.0f} s a seed on {found.runs[0].device}, {found.recorded}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", help="a recipe")
    parser.add_argument("--list", action="store_true", help="list the recipes and their records")
    parser.add_argument("--seeds", type=int, help="how many seeds instead of the recipe's number")
    parser.add_argument("--device")
    arguments = parser.parse_args()
    if arguments.list or not arguments.name:
        print("\n".join(map(line, RECIPES)))
        return 0
    try:
        recipe = find(arguments.name)
        record(arguments.name, arguments.seeds or recipe.seeds, choose_device(arguments.device))
    except (ValueError, OSError, FloatingPointError, MemoryError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(line(arguments.name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
