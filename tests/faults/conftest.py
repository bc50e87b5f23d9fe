"""Folders for whole installations."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def data(servers_folder: Path) -> Path:
    """A folder that the servers' own users may enter."""
    folder = servers_folder / f"faults-{os.urandom(4).hex()}"
    folder.mkdir(mode=0o711)
    return folder
