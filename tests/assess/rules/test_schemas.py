"""What is written from the declarations is current: the schemas for editors, the rule book."""

import json

import jsonschema
import pytest
import yaml

from pipelines import parameters
from pipelines.assess.rules import model as rule_model
from pipelines.storage import SCHEMAS
from tests import docs_rulebook

KINDS = {"rules/rule": rule_model.json_schema, "parameters/parameter": parameters.json_schema}


def test_the_rule_book_is_generated_from_the_rules():
    assert docs_rulebook.RULEBOOK.read_text(encoding="utf-8") == docs_rulebook.rulebook(), (
        "重新生成：python tests/docs_rulebook.py"
    )


def plain(value):
    """As an editor sees it: dates are text."""
    return json.loads(json.dumps(value, default=str))


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_for_editors_is_the_model_s(kind):
    assert json.loads((SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8")) == KINDS[kind]()


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_that_names_the_schema_fits_it(kind):
    folder, name = kind.split("/")
    schema = json.loads((SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8"))
    for path in sorted((SCHEMAS / folder).glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        if f"$schema={name}.schema.json" in text:
            for document in yaml.safe_load_all(text):
                jsonschema.validate(plain(document), schema)
        else:
            assert path.name == "workdays.yaml"
