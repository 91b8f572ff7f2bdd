"""The web page in a real browser: a phone in the same room, the microphone, and a token that is asked for."""

import asyncio
import shutil
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web

from tests.audio.speech import needs_speech
from tests.lab.speech import holds, write_voices
from tests.loopback.browser import open_page
from tests.loopback.processes import Shop, free_port
from wzp_core.io.wav import write_wav

pytestmark = [
    needs_speech,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs the package chromium"),
]
TAP = """
    const tap = context.createScriptProcessor(4096, 1, 1);
    tap.onaudioprocess = (event) => played.push(...event.inputBuffer.getChannelData(0));
    globalThis.played = [];
    sound.connect(tap).connect(context.destination);
"""


@pytest.fixture
def voices(tmp_path: Path) -> tuple[Path, Path]:
    return write_voices(tmp_path)


async def bridge(street: Shop, port: int, *arguments: object) -> str:
    where = ("--relay", f"127.0.0.1:{port}", "--port", free_port(), "--json", *arguments)
    return str((await street.run("wzp_core.cli", "web", *where).happened("listening"))["url"])


async def test_one_at_a_browser_and_one_at_a_phone_understand_each_other(
    street: Shop, voices: tuple[Path, Path], tmp_path: Path
) -> None:
    port, record, played = free_port(), tmp_path / "phone.wav", tmp_path / "browser.wav"
    await asyncio.to_thread(street.relay, port)
    url = await bridge(street, port)
    async with open_page(f"{url}Kitchen", tmp_path / "profile", voices[0]) as page:
        assert await page.value("$('room').value") == "Kitchen"
        assert await page.value("getComputedStyle($('token-line')).display") == "none"
        spoken = ("--play", voices[1], "--record", record, "--seconds", 8)
        phone = street.phone("ann", "room", "kitchen", *spoken, port=port)
        await phone.happened("joined")
        await page.value("$('connect').click()")
        await page.until("$('status').textContent === 'In the room Kitchen.'")
        await page.value(TAP)
        assert await asyncio.to_thread(phone.exit_code) == 0
        write_wav(played, np.array(await page.value("played.map((x) => Math.round(32767 * x))"), np.int16))
        await page.value("$('connect').click()")
        assert await page.value("$('status').textContent") == "Not in a room."
        assert await page.value("microphone") is None
    assert holds(record, voices[0])
    assert holds(played, voices[1])
    assert not holds(played, voices[0])


async def test_a_page_asks_for_the_token_that_a_room_wants(
    street: Shop, voices: tuple[Path, Path], tmp_path: Path
) -> None:
    async def check(request: web.Request) -> web.Response:
        return web.json_response({"valid": (await request.json())["token"] == "sesame"})  # noqa: S105

    service = web.Application()
    service.router.add_post("/auth", check)
    runner = web.AppRunner(service)
    await runner.setup()
    port, service_port = free_port(), free_port()
    await web.TCPSite(runner, "127.0.0.1", service_port).start()
    auth = ("--auth-url", f"http://127.0.0.1:{service_port}/auth")
    try:
        await asyncio.to_thread(street.relay, port)
        url = await bridge(street, port, *auth)
        async with open_page(f"{url}kitchen", tmp_path / "profile", voices[0]) as page:
            await page.value("$('connect').click()")
            await page.until("$('status').textContent.includes('token')")
            assert await page.value("document.activeElement.id") == "token"
            await page.value("$('token').value = 'sesame'; $('connect').click()")
            await page.until("$('status').textContent === 'In the room kitchen.'")
            await runner.cleanup()
            await page.value("$('connect').click(); $('connect').click()")
            await page.until("$('status').textContent.includes('could not be checked')")
    finally:
        await runner.cleanup()
