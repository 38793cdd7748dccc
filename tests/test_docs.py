"""The documents: the dictionary is the schema's, the analyst's queries run, no machine's path and nobody's id stands anywhere."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from pipelines.publish.warehouse import create_tables
from pipelines.storage import Home

ROOT = Path(__file__).resolve().parent.parent


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_dictionary_is_generated_from_the_schema():
    docs = script("docs_dictionary")
    assert docs.DICTIONARY.read_text(encoding="utf-8") == docs.dictionary(), "重新生成：python tests/docs_dictionary.py"


def test_every_kind_of_source_has_its_page_made_from_its_contract():
    docs = script("docs_dictionary")
    assert docs.SOURCES.read_text(encoding="utf-8") == docs.sources(), "重新生成：python tests/docs_dictionary.py"


def test_the_diagram_of_tables_is_made_from_their_declared_columns():
    docs = script("docs_dictionary")
    assert docs.ENTITIES.read_text(encoding="utf-8") == docs.entities(), "重新生成：python tests/docs_dictionary.py"
    assert "person ||--o{ person_record : person_id" in docs.entities()


@pytest.mark.parametrize(
    "query", re.findall(r"```sql\n(.*?)```", (ROOT / "docs/handbook/analyst.md").read_text(encoding="utf-8"), re.DOTALL)
)
def test_every_query_of_the_analysts_handbook_runs(query, tmp_path):
    with Home(tmp_path).connect() as connection:
        create_tables(connection)
        connection.execute(query).fetchall()


def test_links_between_documents_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} → {target}"


def test_nothing_that_looks_like_somebodys_id_is_committed_outside_the_samples():
    assert script("personal_data").found() == []


def test_no_address_of_a_package_index_is_committed():
    listed = subprocess.run(
        ["git", "ls-files", "requirements", "pyproject.toml"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in listed.split():
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "index-url" not in text
        assert "/simple" not in text
