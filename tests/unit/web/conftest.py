"""Fixtures: the small service, running on a port."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.web import WebSettings
from tests.unit.web.things import Service


@pytest.fixture
def settings() -> WebSettings:
    """Bounds that make waiting short."""
    return WebSettings(
        timeout_seconds=1.0,
        heartbeat_seconds=0.1,
        stream_write_timeout_seconds=0.3,
        stream_buffer_events=8,
        streams_per_subject=2,
        stream_check_seconds=0.1,
        client_requests_per_second=1000,
        organisation_requests_per_second=1000,
    )


@pytest.fixture
async def service(tmp_path: Path, settings: WebSettings) -> AsyncIterator[Service]:
    """The service, running."""
    service = Service(tmp_path, settings)
    await service.start()
    yield service
    await service.stop()
