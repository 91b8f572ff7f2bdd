"""A relay with worker processes, over real QUIC on the loopback interface."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from relay.config import RelayConfig
from relay.serve import Relay, serve
from tests.loopback.net import ANN, BEN, CLEO, CLIENT, LIMIT_S, Net, config, ended, packet, roster, settled, soon
from tests.loopback.processes import free_port, shop
from tests.loopback.test_relay import CALL, offer
from tests.loopback.test_relay_process import command, finished, until_said
from wzp_core.crypto.certificate import tls_identity
from wzp_core.crypto.handshake import call_answer, call_offer
from wzp_core.crypto.identity import Identity
from wzp_core.engine.media_room import Joined, join_media_room
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.quic import QuicEndpoint, open_endpoint
from wzp_core.ports import Link
from wzp_core.protocol.signal.call import CallAcceptMode, CallOffer, CallSetup, DirectCallAnswer, DirectCallOffer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers are for POSIX systems")

READY = re.compile(r"relay:worker_ready number=(\d+) port=(\d+) pid=(\d+)")


class Crowd(Net):
    """Clients, older ones and those that follow, of a relay with workers."""

    def __init__(
        self, relay: Relay, stack: AsyncExitStack, options: RelayConfig, log: pytest.LogCaptureFixture
    ) -> None:
        super().__init__(relay, stack)
        self.options = options
        self._log = log

    def pids(self) -> dict[int, int]:
        """The newest worker on each port."""
        said = "\n".join(record.getMessage() for record in (*self._log.get_records("setup"), *self._log.records))
        return {int(port): int(pid) for _, port, pid in READY.findall(said)}

    async def follow(self, who: Identity, room: str, port: int = 0) -> Joined:
        endpoint = await self._stack.enter_async_context(open_endpoint(CLIENT))
        async with asyncio.timeout(LIMIT_S):
            return await join_media_room(
                endpoint,
                self.relay.address,
                room,
                who,
                alias="",
                pin=self.relay.fingerprint,
                ephemeral_secret=bytes(range(32)),
                port=port,
                dial_limit_s=1.0,
            )


@pytest.fixture
async def crowd(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Crowd]:
    caplog.set_level("INFO")
    options = config(tmp_path, workers=2, max_share_per_address=1.0, signals_per_second=1e6)
    async with serve(options) as relay, AsyncExitStack() as stack:
        yield Crowd(relay, stack, options, caplog)


async def hears(speaker: Link, stream_id: int, listener: Link) -> None:
    """A packet of one comes to the other."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    listener.on_media(heard.put_nowait)
    speaker.send_media(packet(stream_id, b"hello"))
    async with asyncio.timeout(LIMIT_S):
        assert await heard.get() == packet(stream_id, b"hello")


async def until_back(crowd: Crowd, who: Identity, room: str) -> Joined:
    """Asks as clients do: again."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                return await crowd.follow(who, room)
            except Unavailable:
                await asyncio.sleep(0)


async def test_rooms_are_on_the_ports_of_different_workers_and_packets_pass(crowd: Crowd) -> None:
    ports = set()
    for number in range(8):
        ann, ben = await crowd.follow(ANN, f"room{number}"), await crowd.follow(BEN, f"room{number}")
        assert ann.link.remote_address == ben.link.remote_address
        ports.add(ann.link.remote_address[1])
        assert ann.redirects
        await roster(ben.link, ANN, BEN)
        await hears(ann.link, ann.stream_id, ben.link)
    assert ports == set(crowd.pids())
    assert crowd.relay.stats().rooms == 8
    assert crowd.relay.stats().sessions == 16


async def test_a_call_is_set_up_on_a_workers_port_and_only_its_parties_get_in(crowd: Crowd) -> None:
    ann, ben = await crowd.register(ANN), await crowd.register(BEN)
    ann.send_signal(offer(ANN, BEN.fingerprint))
    await soon(ben, DirectCallOffer)
    ben.send_signal(DirectCallAnswer(call_id=CALL, accept_mode=CallAcceptMode.ACCEPT_GENERIC))
    setup = await soon(ann, CallSetup)
    port = int(setup.relay_addr.rpartition(":")[2])
    assert port in crowd.pids()
    one, two = await crowd.follow(BEN, setup.room, port), await crowd.follow(ANN, setup.room)
    assert (two.stream_id, one.stream_id) == (1, 2)
    assert two.link.remote_address == one.link.remote_address
    await hears(two.link, 1, one.link)
    with pytest.raises(Unavailable):
        await crowd.follow(CLEO, setup.room, port)


async def test_a_room_comes_to_the_main_process_with_an_older_client(crowd: Crowd) -> None:
    before = await crowd.follow(ANN, "general")
    older, older_id = await crowd.join(BEN, "general")
    assert await ended(before.link) == "moved"
    after = await until_back(crowd, ANN, "general")
    assert after.link.remote_address == crowd.relay.address
    await roster(older, ANN, BEN)
    await hears(older, older_id, after.link)


async def test_one_who_finds_no_place_in_the_main_process_moves_no_room(crowd: Crowd) -> None:
    before = await crowd.follow(ANN, "general")
    crowd.relay.reconfigure(replace(crowd.options, max_sessions=1))
    older = await crowd.dial("general")
    older.send_signal(call_offer(BEN, ephemeral_secret=bytes(range(32))))
    assert await ended(older) == "limit"
    crowd.relay.reconfigure(crowd.options)
    ben = await crowd.follow(BEN, "general")
    await hears(ben.link, ben.stream_id, before.link)


async def test_a_killed_workers_rooms_are_back_on_another_and_it_is_started_again(crowd: Crowd) -> None:
    before = await crowd.follow(ANN, "general")
    port = before.link.remote_address[1]
    pid = crowd.pids()[port]
    os.kill(pid, signal.SIGKILL)
    ann, ben = await until_back(crowd, ANN, "general"), await until_back(crowd, BEN, "general")
    assert ann.link.remote_address == ben.link.remote_address != before.link.remote_address
    await hears(ann.link, ann.stream_id, ben.link)
    assert crowd.relay.stats().sessions == 2
    watcher = await crowd.register(CLEO)
    async with asyncio.timeout(4 * LIMIT_S):
        while crowd.pids()[port] == pid:
            await settled(watcher)
        while (totals := crowd.relay.stats().totals).joins < 2 or not totals.packets_forwarded:
            await settled(watcher)


def test_a_call_is_back_after_its_worker_was_killed(tmp_path: Path) -> None:
    port = free_port()
    with shop(tmp_path) as street:
        relay = street.relay(port, "--workers", 2, "--max-share-per-address", 1)
        assert relay.process.stderr is not None
        bob = street.phone("bob", "listen", "--path", "relay", "--calls", 1, port=port)
        alice = street.phone("alice", "call", bob.until("registered")["fingerprint"], port=port)
        alice.until("media")
        bob.until("media")
        said = ""
        while "relay:room_joined" not in said:
            said += relay.process.stderr.readline()
        pid = int(re.findall(r"worker (\d+) relay:room_joined", said)[0])
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        back = [phone.until("reconnected")["at"] - killed for phone in (alice, bob)]
        print(f"media back after {back[0]:.2f} s and {back[1]:.2f} s")
        alice.process.terminate()
        summary = bob.until("summary")
        assert (summary["reason"], summary["reconnects"]) == ("peer_hung_up", 1)
        relay.process.terminate()
        assert relay.process.wait(30) == 0


async def test_a_relay_that_sends_us_round_in_circles_is_given_up() -> None:
    redirected = 0

    async def send_away(relay: QuicEndpoint) -> None:
        nonlocal redirected
        while True:
            link = await relay.accept()
            await soon(link, CallOffer)
            link.send_signal(call_answer(CLEO, ephemeral_secret=bytes(range(32)), redirect_port=0))
            redirected += 1

    async with open_endpoint(CLIENT, tls_identity(bytes(32))) as relay, open_endpoint(CLIENT) as endpoint:
        circles = asyncio.create_task(send_away(relay))
        with pytest.raises(Unavailable) as raised:
            await join_media_room(
                endpoint, relay.local_address, "general", ANN, alias="", pin=None, ephemeral_secret=bytes(range(32))
            )
        circles.cancel()
    assert (raised.value.code, redirected) == (ErrorCode.UNREACHABLE, 4)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_signal_to_the_main_process_ends_all(tmp_path: Path, number: signal.Signals, code: int) -> None:
    arguments = ("--listen", "127.0.0.1:0", "--data-dir", tmp_path, "--workers", 2, "--json")
    with subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = ""
            while len(READY.findall(said)) < 2:
                said += process.stderr.readline()
            until_said(process, "relay:listening")
            process.send_signal(number)
            assert process.wait(30.0) == code
            process.stderr.read()  # has an end when the last process that could write there has ended
        finally:
            process.kill()


def test_a_check_looks_at_the_workers_ports_too(tmp_path: Path) -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port + 2))
        process = finished("--check", "--listen", f"127.0.0.1:{port}", "--data-dir", tmp_path, "--workers", 2)
    assert process.returncode == 1
    assert f"WRONG worker port: UDP 127.0.0.1:{port + 2} is taken" in process.stdout


def test_a_busy_port_of_a_worker_is_named_and_exits_with_3(tmp_path: Path) -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port + 1))
        process = finished("--listen", f"127.0.0.1:{port}", "--data-dir", tmp_path, "--workers", 1)
    assert process.returncode == 3
    assert f"127.0.0.1:{port + 1}" in process.stderr
    assert "Traceback" not in process.stderr
