"""The app's own relay: found by a second app of the same user, announced to the network."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.discovery import LanDiscovery, announce, local_ipv4
from wzp_core.io.udp import bind_udp
from wzp_core.protocol.address import DEFAULT_PORT
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
    assert await second.find() is None


async def test_two_apps_that_lose_a_relay_at_once_end_up_at_one_again() -> None:
    """Both found nothing; the one that is too late must look again and not open a second lobby."""
    first, second = EmbeddedRelay(), EmbeddedRelay()
    assert await first.find() is await second.find() is None
    async with first.start(announce=False) as own:
        with pytest.raises(Unavailable) as late:
            await second.start(announce=False).__aenter__()
        assert late.value.code is ErrorCode.BUSY
        assert await second.find() == own


async def test_a_port_that_some_other_program_has_is_passed_over() -> None:
    with ExitStack() as other:
        with suppress(Unavailable):  # then one really has it
            other.callback(bind_udp(("0.0.0.0", DEFAULT_PORT), lambda *_: None).close)
        async with EmbeddedRelay().start(announce=False) as own:
            assert own.port != DEFAULT_PORT


async def test_an_app_that_ends_takes_away_no_others_note(tmp_path: Path) -> None:
    async with EmbeddedRelay().start(announce=False):
        note = next(tmp_path.rglob("own-relay.json"))
        note.write_text("of another")
    assert note.read_text() == "of another"


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
