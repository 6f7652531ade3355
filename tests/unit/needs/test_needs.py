"""What a run says and how it ends when something that a test needs is not there."""

import os
import re
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[2]
NO_ENGINE = "unix:///nonexistent/docker.sock"

NEEDING = """
from needs import needs

@needs("docker")
def test_needing():
    '''Needs an engine.'''

def test_plain():
    '''Needs nothing.'''
"""


def _pytest(folder: Path, source: str, *arguments: str, ci: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "test_sample.py").write_text(source)
    # The real environment, so that the interpreter works, but no engine and a CI variable of our choosing.
    environment = {
        **os.environ,  # noqa: TID251 - a child process inherits it
        "PYTHONPATH": str(TESTS),
        "DOCKER_HOST": NO_ENGINE,
        "CI": ci,
    }
    command = [sys.executable, "-m", "pytest", "-p", "needs", "-p", "no:cacheprovider", "--strict-markers", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_a_missing_requirement_is_listed_with_the_way_to_enable_it(tmp_path: Path) -> None:
    """Without CI the test is skipped, the rest runs, and the end of the run says what was not run and why."""
    result = _pytest(tmp_path, NEEDING)
    assert result.returncode == 0, result.stdout
    assert "1 passed, 1 skipped" in result.stdout
    section = result.stdout.split("not run", 1)[1]
    assert re.search(r"docker: .*To enable: .*docker\.io", section)
    assert "test_sample.py::test_needing" in section


def test_in_ci_a_missing_requirement_fails_the_run(tmp_path: Path) -> None:
    """With CI=true the same test fails, with the same reason."""
    result = _pytest(tmp_path, NEEDING, ci="true")
    assert result.returncode == 1, result.stdout
    assert "with CI=true nothing may be skipped" in result.stdout
    assert "skipped" not in result.stdout.splitlines()[-1]


def test_in_ci_any_other_skip_fails_too(tmp_path: Path) -> None:
    """A skip by hand and one of a whole module while it is imported are failures with CI=true."""
    by_hand = "import pytest\n\ndef test_skipping():\n    '''Skips.'''\n    pytest.skip('no reason of ours')\n"
    assert _pytest(tmp_path, by_hand).returncode == 0
    assert _pytest(tmp_path, by_hand, ci="true").returncode == 1
    on_import = "import pytest\npytest.importorskip('no_such_module_anywhere')\n\ndef test_never():\n    '''Never.'''\n"
    result = _pytest(tmp_path, on_import, ci="true")
    assert result.returncode not in {0, 5}, result.stdout
    assert "no_such_module_anywhere" in result.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    """A test marked xfail that fails as expected stays so with CI=true: it ran."""
    source = "import pytest\n\n@pytest.mark.xfail\ndef test_known():\n    '''Fails.'''\n    assert False\n"
    result = _pytest(tmp_path, source, ci="true")
    assert result.returncode == 0, result.stdout
    assert "1 xfailed" in result.stdout


def test_a_requirement_is_a_marker_to_select_by(tmp_path: Path) -> None:
    """`-m docker` picks the tests that need an engine, `-m "not docker"` the others."""
    assert "1 passed, 1 deselected" in _pytest(tmp_path, NEEDING, "-m", "not docker").stdout
    assert "1 skipped, 1 deselected" in _pytest(tmp_path, NEEDING, "-m", "docker").stdout


def test_an_unknown_requirement_is_an_error(tmp_path: Path) -> None:
    """A mistyped name stops the run and names the ones there are."""
    result = _pytest(tmp_path, NEEDING.replace('needs("docker")', 'needs("dokcer")'))
    assert result.returncode == 2, result.stdout
    assert "unknown requirement 'dokcer': one of ['docker'" in result.stdout
