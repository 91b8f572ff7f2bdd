from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback.processes import Shop, shop


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Shop]:
    with shop(tmp_path) as opened:
        yield opened
