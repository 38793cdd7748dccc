"""What the declarations rest on: every document that is cited is registered in schemas/documents.yaml, once."""

import csv
import re

import pytest
import yaml

from pipelines.assess.rules.load import load_documents
from pipelines.parameters import load_parameters
from pipelines.storage import SCHEMAS

NUMBER = re.compile(r"[\u4e00-\u9fff]+〔\d{4}〕\d+号")
DECLARED = sorted(path for kind in ("yaml", "csv") for path in SCHEMAS.rglob(f"*.{kind}"))
CITING = sorted(
    path
    for path in (SCHEMAS / "codes").glob("*.csv")
    if {"law", "document"} & set(path.read_text(encoding="utf-8").split("\n")[0].split(","))
)


def cited(text):
    """The numbers in a text, each from the last word that could begin one: 参照民发〔2021〕57号 cites 民发〔2021〕57号."""
    return [number for number in NUMBER.findall(text) if not number.endswith(load_documents())]


def test_no_document_is_registered_twice():
    numbers = [one["number"] for one in yaml.safe_load((SCHEMAS / "documents.yaml").read_text(encoding="utf-8"))["documents"]]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("path", DECLARED, ids=lambda path: str(path.relative_to(SCHEMAS)))
def test_every_document_number_in_the_declarations_is_registered(path):
    assert cited(path.read_text(encoding="utf-8")) == []


def test_a_number_that_is_not_registered_would_be_told():
    assert cited("依据民发〔2099〕1号、民发〔2021〕57号") == ["依据民发〔2099〕1号"]


@pytest.mark.parametrize("path", CITING, ids=lambda path: path.stem)
def test_every_citation_of_a_code_table_is_registered(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    citations = [row[column] for row in rows for column in ("law", "document") if row.get(column)]
    assert citations
    assert [one for one in citations if not one.startswith(load_documents())] == []


def test_the_kinds_of_children_all_have_a_law():
    with (SCHEMAS / "codes" / "child_kind.csv").open(encoding="utf-8", newline="") as file:
        assert all(row["law"] for row in csv.DictReader(file))


def test_a_confirmed_value_rests_on_a_registered_document():
    values = [value for parameter in load_parameters().values() for value in parameter.values if value.status == "confirmed"]
    unregistered = {value.document for value in values if not value.document.startswith(load_documents())}
    assert {one for one in unregistered if "实践" not in one and "惯例" not in one} == set()
