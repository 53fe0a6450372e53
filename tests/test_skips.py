"""Under CI a skipped test fails the build; at home it does not."""

import os
import subprocess
import sys

import pytest

from tests.databases import PROJECT

SOURCES = {
    "test_skipping.py": "import pytest\ndef test_skips(): pytest.skip('needs a thing')\n",
    "test_skipped.py": "import pytest\npytest.skip('needs another thing', allow_module_level=True)\n",
    "test_fine.py": "def test_fine(): pass\n",
}


def run_pytest(folder, *arguments: str, ci: str) -> subprocess.CompletedProcess[str]:
    """Run a folder's tests in a pytest of its own, with the project's conftest."""
    command = [sys.executable, "-m", "pytest", "-c", "pyproject.toml", "-p", "tests.conftest"]
    # The other plugins take longer to start than all that is asked here.
    command += ["-p", "xdist.plugin", "-p", "pytest_django.plugin"]
    return subprocess.run(
        [*command, "--rootdir", str(folder), "-p", "no:cacheprovider", *arguments, str(folder)],
        cwd=PROJECT,
        env={**os.environ, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("arguments", [["-n", "0"], ["-n", "2"]], ids=["alone", "xdist"])
def test_a_skip_fails_the_build_under_ci_only(tmp_path, arguments):
    for name, source in SOURCES.items():
        (tmp_path / name).write_text(source)
    in_ci = run_pytest(tmp_path, *arguments, ci="true")
    assert in_ci.returncode == 1, in_ci.stdout
    listed = in_ci.stdout.partition("a failure under CI")[2]
    assert "needs a thing" in listed and "needs another thing" in listed
    assert run_pytest(tmp_path, *arguments, ci="").returncode == 0


def test_no_skip_passes_under_ci(tmp_path):
    (tmp_path / "test_fine.py").write_text(SOURCES["test_fine.py"])
    done = run_pytest(tmp_path, "-n", "0", ci="true")
    assert done.returncode == 0, done.stdout
