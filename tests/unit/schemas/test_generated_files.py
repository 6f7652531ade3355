"""The generated JSON Schemas and the AsyncAPI document are what the contracts say."""

import json
from pathlib import Path

import pytest
import yaml

from collegium_schemas import generate
from collegium_schemas.catalogue import CO_PARTITIONED, MESSAGES, TOPICS
from collegium_schemas.generate import ROOT, stale


def test_generated_files_are_fresh() -> None:
    """Nothing in schemas/ differs from what the contracts generate; `make schemas` mends it."""
    assert [path.name for path in stale()] == []


def test_asyncapi_names_every_topic_and_every_message() -> None:
    """The document is AsyncAPI 3 and complete."""
    document = yaml.safe_load((ROOT / "asyncapi.yaml").read_text())
    assert document["asyncapi"].startswith("3.")
    assert set(document["channels"]) == {spec.name for spec in TOPICS} | {"tasks.{role}"}
    assert set(document["components"]["messages"]) == set(MESSAGES)
    for message in document["components"]["messages"].values():
        schema = ROOT / message["payload"]["schema"]["$ref"]
        assert json.loads(schema.read_text())["type"] == "object"


def test_co_partitioned_topics_exist() -> None:
    """The co-partitioned names are topics."""
    assert set(CO_PARTITIONED) <= {spec.name for spec in TOPICS}


RELEASED = Path(__file__).parent / "released"


@pytest.mark.parametrize(
    "name", sorted(name for name in MESSAGES if (RELEASED / generate.file_name(MESSAGES[name])).exists())
)
def test_released_fields_stay(name: str) -> None:
    """Contracts evolve by addition only: no released property disappears or becomes required."""
    before, now = (
        json.loads((RELEASED / generate.file_name(MESSAGES[name])).read_text()),
        MESSAGES[name].model_json_schema(),
    )
    assert set(before.get("properties", {})) <= set(now["properties"])
    assert set(now.get("required", [])) <= set(before.get("required", []))
