"""Shared by all tests: small drawn data, the real data where it is at hand, and no network."""

import os
import warnings

import matplotlib as mpl
import pytest
import torch
from site_checks import BROWSER_FLAGS, browser_path

from lib import standins
from lib.data import Dataset, Split, hold_out, load
from lib.files import SOURCES

mpl.use("Agg")
IN_CI = os.environ.get("BOOK_CI") == "1"


def skip_or_fail(reason: str) -> None:
    """Skip the test for `reason`; in CI, where everything is at hand, fail instead."""
    if IN_CI:
        pytest.fail(f"{reason}, and CI allows no skip")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium, driven by Playwright."""
    if browser_path() is None:
        skip_or_fail("No Chromium or Chrome was found")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shapes() -> Dataset:
    """720 drawn silhouettes (600 train, 60 validation, 60 test): enough to learn from in seconds."""
    images, labels = map(torch.from_numpy, standins._silhouettes(720, seed=7))
    everything = Split(images[:, None], labels.long())
    train, rest = hold_out(everything, 120)
    validation, test = hold_out(rest, 60)
    source = SOURCES["fashion-mnist"]
    return Dataset("Shapes", source.classes, source.mean, source.std, train, validation, test, "drawn for the tests")


@pytest.fixture(scope="session", params=sorted(SOURCES))
def real(request) -> Dataset:
    """MNIST and Fashion-MNIST from $BOOK_DATA, for what holds only of the real data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = load(request.param)
    if data.stand_in:
        skip_or_fail(f"the real {data.title} is not at hand: set BOOK_DATA")
    return data
