"""What the operator of a relay with workers sees and does: metrics, health, check, event logs, signals."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from relay.serve import serve
from tests.loopback.asker import REPORTING, Asker, free_tcp_port
from tests.loopback.net import ANN, BEN, LIMIT_S, config, ended, packet
from tests.loopback.processes import free_port, shop
from tests.loopback.test_relay_process import finished, running, stopped, until_said
from tests.loopback.test_relay_workers import Crowd, hears, until_back
from wzp_core.crypto.identity import Identity
from wzp_core.engine.media_room import Joined, join_media_room
from wzp_core.io.quic import QuicEndpoint, open_endpoint
from wzp_core.protocol.ids import parse_tls_fingerprint
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.signal.quality import LossRecoveryUpdate

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers are for POSIX systems")


class Watched(Crowd, Asker):
    """A relay with workers that answers HTTP."""


@pytest.fixture
async def watched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Watched]:
    caplog.set_level("INFO")
    options = config(tmp_path, workers=2, max_share_per_address=1.0, http_port=free_tcp_port())
    options = replace(options, event_log=str(tmp_path / "events"))
    async with serve(options) as relay, AsyncExitStack() as stack:
        yield Watched(relay, stack, options, caplog)


async def test_participants_on_workers_are_told_of_like_those_of_the_main_process(watched: Watched) -> None:
    told = await watched.metrics()
    assert (told["wzp_relay_active_workers"], told["wzp_relay_worker_restarts_total"]) == ({"": 2}, {"": 0})
    ann, ben = await watched.follow(ANN, "lab"), await watched.follow(BEN, "lab")
    await watched.join(BEN, "older", 1)
    report = QualityReport.of(loss_pct=20, rtt_ms=120, jitter_ms=7).encode()
    await hears(ann.link, ann.stream_id, ben.link)
    ann.link.send_media(REPORTING + bytes([0, ann.stream_id]) + b"voice" + report)
    ann.link.send_signal(LossRecoveryUpdate(dred_reconstructions=17, classical_plc_invocations=4, underruns=21))
    while "wzp_relay_session_classical_plc_total" not in told or told["wzp_relay_joins_total"] != {"": 3}:
        told = await watched.metrics()
    ((session, loss),) = told["wzp_relay_session_loss_pct"].items()
    assert loss == 20
    assert told["wzp_relay_session_underruns_total"] == {session: 21}
    assert told["wzp_relay_session_dred_reconstructions_total"] == {session: 17}
    assert told["wzp_relay_active_sessions"] == {"": 3}
    assert all(told["wzp_relay_worker_cpu_seconds_total"][worker] > 0 for worker in "12")
    assert told["wzp_relay_active_rooms"] == {"": 2}
    assert told["wzp_relay_handshake_duration_seconds_count"] == {"": 3}
    assert told["wzp_relay_packets_forwarded_total"] == {"": 2}
    assert told["wzp_relay_auth_attempts_total"] == {"ok": 5, "fail": 0}  # the first two asked the main port before


async def test_a_killed_worker_is_told_of_until_it_is_back_and_its_totals_stay(watched: Watched) -> None:
    assert await watched.get("/healthz") == (200, {"status": "ok", "workers": 2, "workers_alive": 2})
    ann = await watched.follow(ANN, "lab")
    ann.link.send_media(
        REPORTING + bytes([0, ann.stream_id]) + QualityReport.of(loss_pct=1, rtt_ms=1, jitter_ms=1).encode()
    )
    while "wzp_relay_session_loss_pct" not in (told := await watched.metrics()):
        pass
    os.kill(watched.pids()[ann.link.remote_address[1]], signal.SIGKILL)
    seen = {"status": "ok", "workers": 2, "workers_alive": 2}
    while seen["workers_alive"] == 2:
        seen = (await watched.get("/healthz"))[1]
    assert seen == {"status": "degraded", "workers": 2, "workers_alive": 1}
    while (told := await watched.metrics())["wzp_relay_worker_restarts_total"] != {"": 1}:
        pass
    assert told["wzp_relay_joins_total"] == {"": 1}
    assert "wzp_relay_session_loss_pct" not in told
    while seen["workers_alive"] == 1:
        seen = (await watched.get("/healthz"))[1]
    assert seen["status"] == "ok"


async def test_each_process_writes_the_events_of_its_rooms(watched: Watched, tmp_path: Path) -> None:
    ann, ben = await watched.follow(ANN, "lab"), await watched.follow(BEN, "lab")
    older, older_id = await watched.join(BEN, "older")
    await hears(ann.link, ann.stream_id, ben.link)
    older.send_media(packet(older_id, b"hello"))

    def rooms_of(path: Path) -> set[tuple[str, str]]:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        return {(line["event"], line["room"]) for line in lines if line["event"] in ("join", "forward")}

    written = {("join", "lab"), ("forward", "lab")}, {("join", "older"), ("forward", "older")}
    seen: list[set[tuple[str, str]]] = []
    async with asyncio.timeout(LIMIT_S):
        while not all(part in seen for part in written):
            await asyncio.sleep(0.05)
            seen = [rooms_of(tmp_path / name) for name in ("events", "events.worker-1", "events.worker-2")]
    assert seen[0] == written[1]
    assert set() in seen[1:]


async def joined(endpoint: QuicEndpoint, said: dict[str, str], who: Identity, room: str) -> Joined:
    host, _, port = said["addr"].rpartition(":")
    return await join_media_room(
        endpoint,
        (host, int(port)),
        room,
        who,
        alias="",
        pin=parse_tls_fingerprint(said["fingerprint"]),
        ephemeral_secret=bytes(range(32)),
    )


async def test_a_hang_up_reaches_the_workers_and_a_term_lets_them_say_goodbye(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text("")
    arguments = ("-c", path, "--workers", 2, "--max-share-per-address", 1)
    with running(tmp_path, *arguments, stderr=subprocess.PIPE) as (process, said):
        async with open_endpoint(("127.0.0.1", 0)) as endpoint:
            ann = await joined(endpoint, said, ANN, "board")
            ben = await joined(endpoint, said, BEN, "lounge")
            assert said["addr"].rpartition(":")[2] not in {str(each.link.remote_address[1]) for each in (ann, ben)}
            path.write_text('[[rooms]]\nname = "board"\nallow = []\n')
            process.send_signal(signal.SIGHUP)
            assert await ended(ann.link) == "not_admitted"
            until_said(process, "relay:reconfigured")
            assert not ben.link.closed
            await asyncio.to_thread(stopped, process, signal.SIGTERM)
            assert await ended(ben.link) == "shutdown"


async def test_people_in_a_room_hear_each_other_again_after_their_worker_was_killed(watched: Watched) -> None:
    before = [await watched.follow(who, "lab") for who in (ANN, BEN)]
    os.kill(watched.pids()[before[0].link.remote_address[1]], signal.SIGKILL)
    for each in before:
        each.link.close("silent")  # as the engine finds out after 1.2 s
    ann, ben = await until_back(watched, ANN, "lab"), await until_back(watched, BEN, "lab")
    assert ann.link.remote_address == ben.link.remote_address != before[0].link.remote_address
    await hears(ann.link, ann.stream_id, ben.link)
    await hears(ben.link, ben.stream_id, ann.link)


def test_a_check_asks_the_workers_of_a_relay_that_runs(tmp_path: Path) -> None:
    port = free_port()
    with shop(tmp_path) as street:
        street.relay(port, "--workers", 1)
        where = ("--check", "--listen", f"127.0.0.1:{port}", "--data-dir", tmp_path / "relay", "--workers")
        well, wanting = finished(*where, 1), finished(*where, 2)
    assert well.returncode == 0
    assert f"ok    worker: UDP 127.0.0.1:{port + 1} answers" in well.stdout
    assert wanting.returncode == 1
    assert f"WRONG worker: UDP 127.0.0.1:{port + 2} does not answer" in wanting.stdout
