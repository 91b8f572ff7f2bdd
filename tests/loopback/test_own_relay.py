"""The app's own relay: found by a second app of the same user, announced to the network."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from wzp_core.io.discovery import LanDiscovery, announce, local_ipv4
from wzp_core.protocol.ids import parse_tls_fingerprint
from wzp_core.session.state import NearbyRelay
from wzp_desktop.own_relay import EmbeddedRelay


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return


async def test_a_second_app_finds_the_first_ones_relay_while_it_runs() -> None:
    first, second = EmbeddedRelay(), EmbeddedRelay()
    assert await second.find() is None
    async with first.start(announce=False) as own:
        found = await second.find()
        assert found == own
        assert own.pin is not None
        async with second.start(announce=False) as another:
            assert another.port != own.port
            assert another.pin != own.pin
    assert await second.find() is None


async def test_the_note_of_a_killed_app_is_not_believed(tmp_path: Path) -> None:
    relay = EmbeddedRelay()
    async with relay.start(announce=False) as own:
        note = next(tmp_path.rglob("own-relay.json"))
        left_behind = note.read_bytes()
    note.write_bytes(left_behind)
    assert own.port
    assert await relay.find() is None
    note.write_text("{not json")
    assert await relay.find() is None


@pytest.mark.skipif(not local_ipv4(), reason="this machine has no network besides loopback")
async def test_an_announced_relay_is_found_and_goes_away() -> None:
    fingerprint = parse_tls_fingerprint("ab" * 32)
    seen: asyncio.Queue[tuple[NearbyRelay, ...]] = asyncio.Queue()
    async with LanDiscovery().browse(seen.put_nowait):

        async def until(there: bool) -> None:
            async with asyncio.timeout(15):
                while any(relay.fingerprint == fingerprint for relay in await seen.get()) is not there:
                    pass

        async with announce("Test relay", 4999, fingerprint):
            await until(True)
        await until(False)
