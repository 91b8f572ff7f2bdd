"""A real Chromium whose microphone plays a file, driven over the DevTools protocol."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--remote-debugging-port=0",
)


class Page:
    """What is open in it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._asked = socket, 0

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._asked += 1
        await self._socket.send_json({"id": self._asked, "method": method, "params": params})
        async for message in self._socket:
            told: dict[str, Any] = message.json()
            if told.get("id") == self._asked:
                return dict(told["result"])
        raise AssertionError("the browser has ended")

    async def value(self, script: str) -> Any:
        """Of an expression, or of what it promises; with a user's rights to open sound."""
        told = await self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def until(self, script: str) -> None:
        async with asyncio.timeout(30):
            while not await self.value(script):  # noqa: ASYNC110  # pages tell nobody
                await asyncio.sleep(0.05)


@asynccontextmanager
async def open_page(url: str, folder: Path, microphone: Path) -> AsyncIterator[Page]:
    process = subprocess.Popen(  # noqa: ASYNC220  # takes no time
        ["chromium", *_FLAGS, f"--user-data-dir={folder}", f"--use-file-for-fake-audio-capture={microphone}", url],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(await _target(session, folder), max_msg_size=0) as socket,
        ):
            page = Page(socket)
            await page.until("document.readyState === 'complete' && location.href !== 'about:blank'")
            yield page
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def _target(session: aiohttp.ClientSession, folder: Path) -> str:
    """Where the page that was opened is debugged."""
    told = folder / "DevToolsActivePort"
    async with asyncio.timeout(30):
        while True:
            if told.exists() and (lines := told.read_text().split()):
                async with session.get(f"http://127.0.0.1:{lines[0]}/json/list") as answer:
                    for each in await answer.json():
                        if each["type"] == "page":
                            return str(each["webSocketDebuggerUrl"])
            await asyncio.sleep(0.05)
