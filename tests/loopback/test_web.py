"""A browser's way into a room: the page, its sound both ways, and who is kept out."""

import asyncio

import aiohttp
import numpy as np
import pytest

from tests.loopback.processes import Shop, free_port
from wzp_core.cli.tone import purity, tone
from wzp_core.io.wav import read_wav

FRAME_BYTES = 1920


async def talk(socket: aiohttp.ClientWebSocketResponse, seconds: float) -> bytes:
    """What comes back meanwhile."""
    heard = bytearray()

    async def listen() -> None:
        async for message in socket:
            heard.extend(message.data)

    listening = asyncio.create_task(listen())
    for frame in tone(seconds).reshape(-1, 960):
        await socket.send_bytes(frame.astype("<i2").tobytes())
        await socket.send_bytes(b"too short")
        await asyncio.sleep(0.02)
    listening.cancel()
    return bytes(heard)


async def metrics(session: aiohttp.ClientSession, url: str) -> dict[str, str]:
    async with session.get(url + "metrics") as answer:
        return dict(line.rsplit(" ", 1) for line in (await answer.text()).splitlines() if line[0] != "#")


async def test_a_browser_and_a_phone_hear_each_other_in_a_room(street: Shop) -> None:
    port, page = free_port(), free_port()
    await asyncio.to_thread(street.relay, port)
    record = street.folder / "heard.wav"
    phone = street.phone("ann", "room", "Kitchen", "--echo", port=port)
    await phone.happened("joined")
    other = street.phone("ben", "room", "kitchen", "--record", record, "--seconds", 5, port=port)
    await other.happened("joined")
    bridge = street.run("wzp_core.cli", "web", "--relay", f"127.0.0.1:{port}", "--port", page, "--json")
    url = (await bridge.happened("listening"))["url"]
    async with aiohttp.ClientSession() as session:
        async with session.get(url + "kitchen") as answer:
            assert "<title>WZP" in await answer.text()
            assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        for name in ("phone.js", "phone.css", "microphone.js"):
            async with session.get(url + name) as answer:
                assert answer.content_type in ("text/javascript", "application/javascript", "text/css")
        async with session.ws_connect(url + "ws/Kitchen") as socket:
            assert await socket.receive_json() == {"type": "joined"}
            heard = await talk(socket, 2.0)
        figures = await metrics(session, url)
        while float(figures["wzp_web_active_connections"]):  # until the bridge has seen the goodbye
            figures = await metrics(session, url)
    assert len(heard) % FRAME_BYTES == 0
    assert purity(np.frombuffer(heard[-FRAME_BYTES * 40 :], "<i2").astype(np.int16)).correlation > 0.8
    assert float(figures['wzp_web_frames_bridged_total{direction="up"}']) == 100
    assert float(figures['wzp_web_frames_bridged_total{direction="down"}']) > 60
    assert await asyncio.to_thread(other.exit_code) == 0
    assert np.abs(read_wav(record).astype(np.int32)).max() > 8000


async def test_other_pages_relays_that_are_away_and_taken_ports_are_told(street: Shop) -> None:
    page = free_port()
    where = ("--relay", f"127.0.0.1:{free_port()}", "--port", page, "--json")
    bridge = street.run("wzp_core.cli", "web", *where, "--tls")
    url = (await bridge.happened("listening"))["url"]
    assert url.startswith("https://")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url + "ws/kitchen", headers={"Origin": "https://evil.example"})
        async with session.ws_connect(url + "ws/kitchen", headers={"Origin": url.rstrip("/")}) as socket:
            assert (await socket.receive_json())["type"] == "refused"
    assert await asyncio.to_thread(street.run("wzp_core.cli", "web", *where).exit_code) == 3
    assert await asyncio.to_thread(street.run("wzp_core.cli", "web", *where, "--tls", "--cert", "none").exit_code) == 2


async def test_a_relay_with_another_key_than_expected_is_told_nothing(street: Shop) -> None:
    port = free_port()
    await asyncio.to_thread(street.relay, port)
    where = ("--relay", f"127.0.0.1:{port}", "--expect", "ab" * 32)
    bridge = street.run("wzp_core.cli", "web", *where, "--port", free_port(), "--json")
    url = (await bridge.happened("listening"))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(url + "ws/kitchen") as socket:
        assert await socket.receive_json() == {"type": "refused", "error": "relay_key_changed"}
    assert await asyncio.to_thread(street.run("wzp_core.cli", "analyze", *where).exit_code) == 6
    assert await asyncio.to_thread(street.run("wzp_core.cli", "ping", *where[1:]).exit_code) == 6
