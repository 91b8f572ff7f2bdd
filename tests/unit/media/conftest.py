"""A machine without the optional library."""

import sys
from collections.abc import Iterator

import pytest

from wzp_core.codec.codec2 import codec2_available


@pytest.fixture
def without_codec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "pycodec2", None)
    codec2_available.cache_clear()
    yield
    codec2_available.cache_clear()
