"""lib.pages: a glued number reaches the page as it was written."""

import ast

import pytest

from lib.pages import glue

NAME = "application/papermill.record/text/plain"


@pytest.mark.parametrize("value", ["55,000", "2.30", "98.96 ± 0.10 %", "it's", 7, 0.5])
def test_the_role_that_evaluates_the_stored_literal_gets_the_text_back(value, monkeypatch):
    shown = []
    monkeypatch.setattr("lib.pages.display", lambda data, **how: shown.append((data, how)))
    glue("ch00-number", value)
    ((data, how),) = shown
    assert ast.literal_eval(data[NAME]) == str(value)
    assert how["metadata"]["scrapbook"]["name"] == "ch00-number"
    assert how["raw"]
