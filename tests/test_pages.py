"""lib.pages: a glued number reaches the page as it was written."""

import ast

import pytest
import torch

from lib.device import device_name
from lib.pages import glue, glue_run

NAME = "application/papermill.record/text/plain"


@pytest.mark.parametrize("value", ["55,000", "2.30", "98.96 ± 0.10 %", "it's", 7, 0.5])
def test_the_role_that_evaluates_the_stored_literal_gets_the_text_back(value, monkeypatch):
    shown = []
    monkeypatch.setattr("lib.pages.display", lambda data, **how: shown.append((data, how)))
    glue("ch00-number", value)
    ((data, how),) = shown
    assert ast.literal_eval(data[NAME]).replace("\N{NO-BREAK SPACE}", " ") == str(value)
    assert how["metadata"]["scrapbook"]["name"] == "ch00-number"
    assert how["raw"]


def test_a_number_its_spread_and_its_sign_are_not_parted_at_the_end_of_a_line(monkeypatch):
    shown = []
    monkeypatch.setattr("lib.pages.display", lambda data, **how: shown.append(ast.literal_eval(data[NAME])))
    glue("ch00-number", "98.96 ± 0.10 % (3 seeds, 1.9 ×)")
    assert shown == ["98.96\xa0±\xa00.10\xa0% (3 seeds, 1.9\xa0×)"]


def test_what_the_top_of_a_chapter_says_of_its_run_is_glued_under_its_number(monkeypatch):
    found = {}
    monkeypatch.setattr("lib.pages.glue", found.__setitem__)
    monkeypatch.setattr("lib.pages.one_chapter", lambda chapter: f"about an hour for {chapter}")
    monkeypatch.setattr("lib.pages.time.perf_counter", lambda: 102.0)
    monkeypatch.setenv("BOOK_BUDGET", "test")
    glue_run("04-hardware", 60.0, torch.device("cpu"))
    assert found == {
        "ch04-expected": "about an hour for 04-hardware",
        "ch04-seconds": "42",
        "ch04-device": device_name(torch.device("cpu")),
        "ch04-budget": "test",
    }
