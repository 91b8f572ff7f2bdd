"""The HTTP port: who may ask, how much and for how long; what is answered stands in `http_routes`."""

import asyncio
import hmac
import ipaddress
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.ports import Address

OPEN_PATH = "/healthz"  # tells nothing, so that whoever watches over processes needs no token

_MOST_CONNECTIONS = 32
_CONNECTION_LIMIT_S = 10.0
_LONGEST_LINE = 2048
_MOST_HEADERS = 64
_BODY_BYTES = 1024
_GRACE_S = 0.5


def json_answer(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(text=json.dumps(value) + "\n", status=status, content_type="application/json", headers=headers)


@asynccontextmanager
async def serve_http(bind: Address, token: Callable[[], str], routes: Iterable[web.RouteDef]) -> AsyncIterator[Address]:
    """Answers on `bind` while open, and tells where that is. Raises Unavailable(NO_PORT).

    One answer a connection, few connections, none for long: nobody can make the relay keep anything here.
    """
    app = web.Application(middlewares=[_in_json, _door(token)], client_max_size=_BODY_BYTES)
    app.add_routes(routes)
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=_GRACE_S,
        lingering_time=_GRACE_S,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
        max_headers=_MOST_HEADERS,
    )
    await runner.setup()
    try:
        server = await _listen(runner, bind)
        try:
            host, port = server.sockets[0].getsockname()[:2]
            yield host, port
        finally:
            server.close()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, bind: Address) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    connections = runner.server
    if connections is None:
        raise RuntimeError("the runner was not set up")

    def accept() -> asyncio.BaseProtocol:
        if len(connections.connections) >= _MOST_CONNECTIONS:
            return _TurnedAway()
        protocol = connections()
        loop.call_later(_CONNECTION_LIMIT_S, _cut, protocol)
        return protocol

    try:
        return await loop.create_server(accept, *bind)
    except OSError as error:
        facts = {"transport": "TCP", "host": bind[0], "port": bind[1], "cause": error.strerror}
        raise Unavailable(ErrorCode.NO_PORT, **facts) from error


class _TurnedAway(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.abort()


def _cut(protocol: asyncio.BaseProtocol) -> None:
    transport = getattr(protocol, "transport", None)
    if transport is not None:
        transport.abort()


@web.middleware
async def _in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refusals in the same form as answers."""
    try:
        response = await handler(request)
    except web.HTTPException as refusal:
        headers = {name: refusal.headers[name] for name in ("Allow",) if name in refusal.headers}
        response = json_answer({"error": refusal.reason}, status=refusal.status, headers=headers)
    response.force_close()
    response.headers["Cache-Control"] = "no-store"
    return response


def _door(token: Callable[[], str]) -> Middleware:
    """`token` is what it is now."""

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != OPEN_PATH:
            if expected := token().encode():
                scheme, _, given = request.headers.get("Authorization", "").partition(" ")
                if scheme.lower() != "bearer" or not hmac.compare_digest(
                    given.strip().encode(errors="surrogateescape"), expected
                ):
                    return json_answer(
                        {"error": "Unauthorized"}, status=401, headers={"WWW-Authenticate": 'Bearer realm="wzp-relay"'}
                    )
            elif not _names_this_machine(request.headers.get("Host", "")):
                return json_answer({"error": "Misdirected Request"}, status=421)
        return await handler(request)

    return admit


def _names_this_machine(host: str) -> bool:
    """Whether the asker meant this machine: a web page can make a browser ask here, but under its own name only."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name.lower() == "localhost":
        return True
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
