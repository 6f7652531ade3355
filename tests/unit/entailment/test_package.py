"""The data-only package: its settings, and what is said when it cannot be used."""

from pathlib import Path

import pytest

from collegium.entailment.errors import EntailmentUnusable
from collegium.entailment.onnx import OnnxEntailment
from collegium.entailment.package import CONFIG, Config
from collegium.entailment.windows import WindowRule
from entailment_models import write_config


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Temperature, windows and weights survive."""
    config = Config(max_tokens=96, window=WindowRule(2, 1, 300), support={"bias": 1.0})
    config.at(1.7).write(tmp_path)
    assert Config.read(tmp_path) == config.at(1.7)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"labels": ["yes", "no"]}, "labels must be"),
        ({"temperature": 0}, "temperature above 0"),
        ({"window": {"rows": 3}}, "cannot be read"),
        ({"max_tokens": "many"}, "cannot be read"),
    ],
)
def test_settings_of_another_kind_are_refused(tmp_path: Path, changed: dict[str, object], fault: str) -> None:
    """The error names the file and what is wrong with it."""
    path = write_config(tmp_path, **changed)
    with pytest.raises(EntailmentUnusable, match=fault) as raised:
        Config.read(tmp_path)
    assert raised.value.path == str(path)


def test_a_package_without_settings_is_refused(tmp_path: Path) -> None:
    """An empty folder is no package."""
    with pytest.raises(EntailmentUnusable, match="not there") as raised:
        Config.read(tmp_path)
    assert raised.value.path.endswith(CONFIG)


def test_a_package_without_weights_is_refused(tmp_path: Path) -> None:
    """Settings alone judge nothing."""
    write_config(tmp_path)
    with pytest.raises(EntailmentUnusable, match="not there"):
        OnnxEntailment(tmp_path)
