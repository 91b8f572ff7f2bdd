"""A machine without the optional libraries."""

import sys
from collections.abc import Iterator

import pytest

from wzp_core.codec.codec2 import codec2_available
from wzp_core.codec.fec import fec_available


@pytest.fixture
def without_codec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "pycodec2", None)
    codec2_available.cache_clear()
    yield
    codec2_available.cache_clear()


@pytest.fixture
def without_raptorq(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "raptorq", None)
    fec_available.cache_clear()
    yield
    fec_available.cache_clear()
