"""A relay with workers that is linked with another one: what is on both is in its main process, all else on workers."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from relay.config import PeerRelay, TrustedRelay
from relay.serve import serve
from tests.loopback.net import ANN, BEN, CLEO, LIMIT_S, config, ended, present, roster, soon
from tests.loopback.processes import free_port, shop
from tests.loopback.test_federation import key
from tests.loopback.test_relay import CALL, offer
from tests.loopback.test_relay_workers import Crowd, hears, until_back
from wzp_core.crypto.identity import Identity
from wzp_core.protocol.signal.call import CallAcceptMode, CallSetup, DirectCallAnswer, DirectCallOffer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers are for POSIX systems")


@pytest.fixture
async def crowds(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[tuple[Crowd, Crowd]]:
    """Of two linked relays; the first one has workers, and dials."""
    caplog.set_level("INFO")
    folders = tmp_path / "a", tmp_path / "b"
    trusted = (TrustedRelay(fingerprint=key(folders[0]).fingerprint, label="A"),)
    plain = config(folders[1], trusted=trusted, global_rooms=("general",), max_share_per_address=1.0)
    async with serve(plain) as second, AsyncExitStack() as stack:
        host, port = second.address
        peer = PeerRelay(url=f"{host}:{port}", fingerprint=second.fingerprint, label="B")
        with_workers = replace(plain, data_dir=folders[0], trusted=(), peers=(peer,), workers=2)
        async with serve(with_workers) as first:
            async with asyncio.timeout(LIMIT_S):
                while not (first.federation.stats()[0].up and second.federation.stats()[0].up):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            yield Crowd(first, stack, with_workers, caplog), Crowd(second, stack, plain, caplog)


async def called(caller: tuple[Crowd, Identity], callee: tuple[Crowd, Identity]) -> tuple[int, int]:
    """The ports that both are told."""
    ann, ben = await caller[0].register(caller[1]), await callee[0].register(callee[1])
    for link in (ann, ben):
        await present(link, caller[1], callee[1])
    ann.send_signal(offer(caller[1], callee[1].fingerprint))
    await soon(ben, DirectCallOffer)
    ben.send_signal(DirectCallAnswer(call_id=CALL, accept_mode=CallAcceptMode.ACCEPT_GENERIC))
    one, two = [(await soon(link, CallSetup)).relay_addr.rpartition(":")[2] for link in (ann, ben)]
    return int(one), int(two)


async def test_a_call_across_relays_passes_through_the_main_process(crowds: tuple[Crowd, Crowd]) -> None:
    here, there = crowds
    assert await called((here, ANN), (there, BEN)) == (here.relay.address[1], there.relay.address[1])
    for port in (0, *here.pids()):  # wherever it asks
        ann = await here.follow(ANN, f"call-{CALL}", port)
        assert ann.link.remote_address == here.relay.address
    ben = await there.follow(BEN, f"call-{CALL}")
    await roster(ann.link, ANN, BEN)
    await roster(ben.link, ANN, BEN)
    await hears(ann.link, ann.stream_id, ben.link)
    await hears(ben.link, ben.stream_id, ann.link)


async def test_a_global_room_is_in_the_main_process_and_one_of_this_relay_on_a_worker(
    crowds: tuple[Crowd, Crowd],
) -> None:
    here, there = crowds
    ben = await there.follow(BEN, "general")
    for port in (0, *here.pids()):
        ann = await here.follow(ANN, "general", port)
        assert ann.link.remote_address == here.relay.address
    await roster(ann.link, ANN, BEN)
    await roster(ben.link, ANN, BEN)
    await hears(ann.link, ann.stream_id, ben.link)
    await hears(ben.link, ben.stream_id, ann.link)
    own = await here.follow(CLEO, "only-here")
    assert own.link.remote_address[1] in here.pids()


async def test_a_call_on_a_worker_comes_to_the_main_process_when_a_party_goes_to_another_relay(
    crowds: tuple[Crowd, Crowd],
) -> None:
    here, there = crowds
    port, _ = await called((here, ANN), (here, CLEO))
    assert port in here.pids()
    ann, cleo = await here.follow(ANN, f"call-{CALL}", port), await here.follow(CLEO, f"call-{CALL}", port)
    assert ann.link.remote_address == cleo.link.remote_address != here.relay.address
    cleo.link.close("gone")
    moved, stream_id = await there.join(
        CLEO, f"call-{CALL}", 2
    )  # which has not been running for long enough to be sure
    assert await ended(ann.link) == "moved"
    back = await until_back(here, ANN, f"call-{CALL}")
    assert back.link.remote_address == here.relay.address
    await roster(back.link, ANN, CLEO)
    await roster(moved, ANN, CLEO)
    await hears(back.link, back.stream_id, moved)
    await hears(moved, stream_id, back.link)


def test_people_of_two_relays_call_and_meet_with_all_in_processes_of_their_own(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    keys = [key(tmp_path / name).fingerprint for name in "ab"]
    (tmp_path / "a.toml").write_text(
        f'[[peers]]\nurl = "127.0.0.1:{ports[1]}"\nfingerprint = "{keys[1]}"\n[[global_rooms]]\nname = "general"\n'
    )
    (tmp_path / "b.toml").write_text(f'[[trusted]]\nfingerprint = "{keys[0]}"\n[[global_rooms]]\nname = "general"\n')
    with shop(tmp_path) as street:
        for name, port, workers in (("b", ports[1], 0), ("a", ports[0], 2)):
            where = ("--listen", f"127.0.0.1:{port}", "--data-dir", tmp_path / name, "-c", tmp_path / f"{name}.toml")
            relay = street.run("relay", *where, "--workers", workers, "--max-share-per-address", 1, "--json")
            relay.until("listening")
        bob = street.phone("bob", "listen", "--path", "relay", "--calls", 1, port=ports[1])
        callee = bob.until("registered")["fingerprint"]
        carol = street.phone("carol", "presence", "--seconds", 20, port=ports[0])
        while callee not in str(carol.until("presence")):
            pass
        alice = street.phone("alice", "call", callee, "--path", "relay", "--seconds", 1, port=ports[0])
        for phone in (alice, bob):
            summary = phone.until("summary")
            assert phone.exit_code() == 0
            assert summary["opened"] > 30
            assert summary["rejected"] == 0
        alice = street.phone("alice", "room", "general", "--seconds", 8, port=ports[0])
        alice.until("joined")
        bob = street.phone("bob", "room", "general", "--seconds", 4, port=ports[1])
        while bob.until("participants")["count"] < 2:
            pass
        for phone in (bob, alice):
            assert phone.until("summary")["opened"] > 30
