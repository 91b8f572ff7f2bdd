"""Serves a page, and carries the sound of browsers to rooms of a relay and back."""

import asyncio
import json
import ssl
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import WSMsgType, web
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

import wzp_core
from wzp_core.cli.web_seat import seated
from wzp_core.compose import entropy
from wzp_core.crypto.certificate import browser_certificate
from wzp_core.crypto.identity import Identity
from wzp_core.crypto.rooms import server_name
from wzp_core.engine.media_room import Joined, join_media_room
from wzp_core.engine.scope import task_scope
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.ports import Address, Endpoint
from wzp_core.protocol.ids import TlsFingerprint

_PAGE: Final = Path(wzp_core.__file__).resolve().parent.parent / "resources" / "web"
_FILES: Final = ("phone.js", "phone.css", "microphone.js")
_DEFAULT_ROOM: Final = "default"
_MOST_BROWSERS: Final = 64
_MOST_WAITING: Final = 64  # frames that a browser has not read yet
_AUTH_LIMIT_S: Final = 5.0
_LONGEST_MESSAGE: Final = 8192
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def encryption(cert: Path | None, key: Path | None) -> ssl.SSLContext:
    """Of the page; without a certificate one is made. Raises OSError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if cert is not None:
        context.load_cert_chain(cert, key)
        return context
    with tempfile.TemporaryDirectory() as folder:  # the context reads files only
        pair = Path(folder, "pair.pem")
        pair.write_bytes(browser_certificate(ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)))
        context.load_cert_chain(pair)
    return context


class WebBridge:
    """One place in a relay's room per browser."""

    def __init__(self, endpoint: Endpoint, relay: Address, pin: TlsFingerprint | None, auth_url: str) -> None:
        self._endpoint, self._relay, self._pin, self._auth_url = endpoint, relay, pin, auth_url
        self._registry = CollectorRegistry()
        self._active = Gauge("wzp_web_active_connections", "Browsers in rooms", registry=self._registry)
        self._frames = Counter(
            "wzp_web_frames_bridged", "Frames of 20 ms carried", ("direction",), registry=self._registry
        )
        self._refusals = Counter("wzp_web_auth_failures", "Browsers whose token was refused", registry=self._registry)
        self._joining = Histogram(
            "wzp_web_handshake_latency_seconds",
            "Time to get into a room",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
            registry=self._registry,
        )
        self._browsers = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/ws/{room}", self._socket),
                web.get("/ws/", self._socket),
                web.get("/metrics", self._metrics),
                web.get("/{path:.*}", self._file),
            ]
        )
        return app

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _file(self, request: web.Request) -> web.FileResponse:
        """A path that is none of our files is a room's name."""
        name = request.match_info["path"]
        return web.FileResponse(_PAGE / (name if name in _FILES else "index.html"), headers=_HEADERS)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != request.host:
            raise web.HTTPForbidden(reason="another page may not use the microphone's way")
        if self._browsers >= _MOST_BROWSERS:
            raise web.HTTPServiceUnavailable(reason="full")
        socket = web.WebSocketResponse(heartbeat=10.0, max_msg_size=_LONGEST_MESSAGE)
        await socket.prepare(request)
        self._browsers += 1
        try:
            await self._serve(socket, request.match_info.get("room") or _DEFAULT_ROOM)
        finally:
            self._browsers -= 1
            await socket.close()
        return socket

    async def _serve(self, socket: web.WebSocketResponse, room: str) -> None:
        try:
            token = await self._token(socket) if self._auth_url else ""
            with self._joining.time():
                joined = await join_media_room(
                    self._endpoint,
                    self._relay,
                    server_name(room),
                    Identity.from_seed(entropy(32)),
                    alias="",
                    pin=self._pin,
                    token=token,
                    ephemeral_secret=entropy(32),
                )
        except (Unavailable, RemoteViolation) as error:
            self._refusals.inc(error.code is ErrorCode.TOKEN_REFUSED)
            with suppress(ConnectionError):
                await socket.send_json({"type": "refused", "error": error.code.value})
            return
        try:
            await self._carry(socket, joined)
        finally:
            joined.link.close("hangup")

    async def _carry(self, socket: web.WebSocketResponse, joined: Joined) -> None:
        """Until either side ends it."""
        waiting: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)

        def play(frame: bytes) -> None:
            if not waiting.full():  # a browser that reads too slowly hears gaps
                waiting.put_nowait(frame)

        with self._active.track_inprogress():
            await socket.send_json({"type": "joined"})
            async with seated(joined, play) as said, task_scope() as tasks:
                tasks.create_task(self._play(socket, waiting), name="to the browser")
                heard = tasks.create_task(self._hear(socket, said), name="from the browser")
                ended = tasks.create_task(joined.link.wait_closed(), name="relay")
                await asyncio.wait({heard, ended}, return_when=asyncio.FIRST_COMPLETED)

    async def _hear(self, socket: web.WebSocketResponse, said: Callable[[bytes], bool]) -> None:
        async for message in socket:
            if message.type is WSMsgType.BINARY and said(message.data):
                self._frames.labels("up").inc()

    async def _play(self, socket: web.WebSocketResponse, waiting: asyncio.Queue[bytes]) -> None:
        with suppress(ConnectionError):
            while True:
                await socket.send_bytes(await waiting.get())
                self._frames.labels("down").inc()

    async def _token(self, socket: web.WebSocketResponse) -> str:
        """The browser's first word. Raises RemoteViolation unless the service knows it."""
        try:
            async with asyncio.timeout(_AUTH_LIMIT_S):
                token = str(json.loads(await socket.receive_str())["token"])
        except (TimeoutError, TypeError, ValueError, KeyError) as error:
            raise RemoteViolation(ErrorCode.TOKEN_REFUSED, reason=type(error).__name__) from error
        try:
            async with (
                asyncio.timeout(_AUTH_LIMIT_S),
                aiohttp.ClientSession() as session,
                session.post(self._auth_url, json={"token": token}, allow_redirects=False) as answer,
            ):
                known = answer.ok and (await answer.json(content_type=None)).get("valid") is True
        except (TimeoutError, ValueError, AttributeError, aiohttp.ClientError) as error:
            raise RemoteViolation(ErrorCode.TOKEN_UNCHECKED, reason=type(error).__name__) from error
        if not known:
            raise RemoteViolation(ErrorCode.TOKEN_REFUSED, reason="unknown")
        return token
