"""What the relay answers over HTTP, asked over real sockets while real links are open."""

import asyncio
import logging
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from relay.config import RelayConfig
from relay.serve import serve
from tests.loopback.asker import Asker, config
from tests.loopback.net import ANN, BEN, ended, settled, somebody
from wzp_core.crypto.handshake import call_offer
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.protocol.signal.call import Hangup, HangupReason

TOKEN = "t0ken-of-the-operator"  # noqa: S105
LIMIT_S = 5.0
# names that the protocol's documents fix, although Prometheus would rather have seconds and ratios
FIXED_NAMES = ("wzp_relay_session_rtt_ms", "wzp_relay_session_jitter_ms", "wzp_relay_session_loss_pct")


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[Asker]:
    async with serve(config(tmp_path)) as relay, AsyncExitStack() as stack:
        yield Asker(relay, stack)


async def test_traffic_and_the_quality_of_each_session_are_measured_until_it_ends(net: Asker) -> None:
    ann, _ben = await net.talking("lab")
    told = await net.metrics()
    assert told["wzp_relay_active_sessions"] == {"": 2}
    assert told["wzp_relay_active_rooms"] == {"": 1}
    assert told["wzp_relay_packets_forwarded_total"] == {"": 2}
    assert told["wzp_relay_bytes_forwarded_total"] == {"": 2 * 17 + 4}
    assert told["wzp_relay_auth_attempts_total"] == {"ok": 2, "fail": 0}
    assert told["wzp_relay_handshake_duration_seconds_count"] == {"": 2}
    assert 0 < told["wzp_relay_handshake_duration_seconds_sum"][""] < 2 * LIMIT_S
    ((session, loss),) = told["wzp_relay_session_loss_pct"].items()
    assert loss == 20
    assert told["wzp_relay_session_rtt_ms"] == {session: 120}
    assert told["wzp_relay_session_dred_reconstructions_total"] == {session: 17}
    assert told["wzp_relay_session_classical_plc_total"] == {session: 4}
    assert told["wzp_relay_session_jitter_buffer_depth"] == {session: 3}
    assert told["wzp_relay_session_underruns_total"] == {session: 21}
    assert told["wzp_relay_session_overruns_total"] == {session: 2}
    ann.send_signal(Hangup(reason=HangupReason.NORMAL))
    await ended(ann)
    told = await net.metrics()
    assert not [name for name in told if name.startswith("wzp_relay_session")]
    assert told["wzp_relay_active_sessions"] == {"": 1}


async def test_a_forged_identity_is_an_attempt_that_failed(net: Asker) -> None:
    link = await net.dial("lab")
    link.send_signal(replace(call_offer(BEN, ephemeral_secret=bytes(range(32))), identity_pub=ANN.public_key))
    await ended(link)
    told = await net.metrics()
    assert told["wzp_relay_auth_attempts_total"] == {"ok": 0, "fail": 1}
    assert told["wzp_relay_joins_refused_total"] == {"": 1}


async def test_who_is_here_is_told_while_they_are(net: Asker) -> None:
    assert await net.get("/presence") == (200, [])
    link = await net.register(ANN)
    await settled(link)
    here = {"fingerprint": ANN.fingerprint, "location": "Local"}
    assert await net.get("/presence") == (200, [here])
    assert await net.get(f"/presence/{ANN.fingerprint}") == (200, here)
    assert await net.get(f"/presence/{ANN.fingerprint.replace(':', '').upper()}") == (200, here)
    nowhere = {"fingerprint": BEN.fingerprint, "location": None}
    assert await net.get(f"/presence/{BEN.fingerprint}") == (200, nowhere)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/presence/nobody", 400),
        ("/presence/" + "%00" * 40, 400),
        ("/presence/518e", 400),
        ("/", 404),
        ("/presence/a/b", 404),
        ("/metrics/" + "x" * 1500, 404),
        ("/" + "x" * 4000, 400),
    ],
)
async def test_what_cannot_be_answered_is_refused_in_json(net: Asker, path: str, status: int) -> None:
    answer = await net.get(path)
    assert answer[0] == status
    if len(path) < 2048:  # a longer line is refused before it has become a request
        assert set(answer[1]) == {"error"}


async def test_nothing_can_be_sent_there(net: Asker) -> None:
    async with aiohttp.ClientSession() as session, session.post(net.url("/presence"), data=bytes(100_000)) as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET,HEAD"


async def test_it_is_well(net: Asker) -> None:
    assert await net.get("/healthz") == (200, {"status": "ok"})


async def test_a_web_page_cannot_have_a_browser_ask_under_its_own_name(net: Asker) -> None:
    assert (await net.get("/presence", Host="evil.example"))[0] == 421
    assert (await net.get("/presence", Host="evil.example:80"))[0] == 421
    for host in ("localhost", "localhost:9090", "127.0.0.1", "[::1]:9090"):
        assert (await net.get("/presence", Host=host))[0] == 200


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (None, 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        ("Bearer", 401),
        (f"Basic {TOKEN}", 401),
        ("Bearer \u00fcber", 401),
    ],
)
async def test_with_a_token_only_its_bearer_is_answered(tmp_path: Path, given: str | None, status: int) -> None:
    async with serve(config(tmp_path, http_token=TOKEN)) as relay, AsyncExitStack() as stack:
        net = Asker(relay, stack)
        headers = {} if given is None else {"Authorization": given}
        for path in ("/metrics", "/presence", "/nowhere"):
            assert (await net.get(path, **headers))[0] == (404 if status == 200 and path == "/nowhere" else status)
        assert (await net.get("/healthz"))[0] == 200


async def test_a_reload_changes_the_token(tmp_path: Path) -> None:
    options = config(tmp_path, http_token=TOKEN)
    async with serve(options) as relay, AsyncExitStack() as stack:
        net = Asker(relay, stack)
        assert relay.reconfigure(replace(options, http_token=TOKEN[::-1])) == []
        for given, status in ((TOKEN, 401), (TOKEN[::-1], 200)):
            assert (await net.get("/presence", Authorization=f"Bearer {given}"))[0] == status
        relay.reconfigure(replace(options, http_token=""))
        assert (await net.get("/presence"))[0] == 200


async def test_garbage_and_silence_cost_one_connection_each_and_no_log(
    net: Asker, caplog: pytest.LogCaptureFixture
) -> None:
    assert net.relay.http_address is not None
    idle = [await asyncio.open_connection(*net.relay.http_address) for _ in range(31)]
    reader, writer = await asyncio.open_connection(*net.relay.http_address)
    writer.write(b"\x16\x03\x01" + bytes(300) + b"\r\n\r\n")
    async with asyncio.timeout(LIMIT_S):
        await reader.read()
    writer.close()
    assert await net.get("/healthz") == (200, {"status": "ok"})
    idle.append(await asyncio.open_connection(*net.relay.http_address))
    reader, writer = await asyncio.open_connection(*net.relay.http_address)
    async with asyncio.timeout(LIMIT_S):
        with suppress(ConnectionResetError):
            assert await reader.read() == b""  # one too many, and cut at once
    for _, other in [*idle, (reader, writer)]:
        other.close()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_taken_port_is_told_and_nothing_is_left_behind(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable) as refused:
            async with serve(RelayConfig(listen=("127.0.0.1", 0), data_dir=tmp_path, http_port=port)):
                pass
    assert refused.value.code is ErrorCode.NO_PORT
    assert (refused.value.facts["transport"], refused.value.facts["port"]) == ("TCP", port)


async def test_without_a_port_nothing_listens(tmp_path: Path) -> None:
    async with serve(RelayConfig(listen=("127.0.0.1", 0), data_dir=tmp_path)) as relay:
        assert relay.http_address is None


async def test_prometheus_own_linter_finds_nothing_wrong(net: Asker) -> None:
    await net.talking("lab")
    await net.register(somebody(3))
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus): metrics were only parsed")
    _, text = await net.get("/metrics")
    linter = await asyncio.to_thread(
        subprocess.run, ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    complaints = [line for line in linter.stderr.splitlines() if not line.startswith(FIXED_NAMES)]
    assert complaints == []
    assert "error" not in linter.stdout
