"""What tests of the APIs and of the console share."""

from pathlib import Path

import pytest

from tests.integration.api.conftest import load_sample
from tests.support.templates import run_to_its_end, sqlite_copy


@pytest.fixture(scope="session")
def sample_template(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """Databases and keys with the sample loaded, to copy."""
    data = tmp_path_factory.mktemp("sample")
    sqlite_copy(sqlite_template, data)
    run_to_its_end(load_sample(data))
    return data
