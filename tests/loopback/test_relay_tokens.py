"""A relay that lets in only holders of a token, and the web service that it asks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from relay.config import RelayConfig, read_document
from relay.edge import token_check
from relay.serve import serve
from tests.loopback.net import ANN, BEN, CLEO, Net, config, ended, present, soon
from tests.loopback.processes import free_port, shop
from wzp_core.crypto.handshake import call_offer, register_presence
from wzp_core.crypto.identity import Identity
from wzp_core.errors import Unavailable
from wzp_core.protocol.signal.auth import AuthToken
from wzp_core.protocol.signal.call import CallAnswer
from wzp_core.protocol.signal.path import Reflect, ReflectResponse
from wzp_core.protocol.signal.presence import RegisterPresence, RegisterPresenceAck

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Service:
    """Knows the tokens; `answer` may be exchanged for something worse."""

    def __init__(self) -> None:
        self.tokens = {"anns": ANN.fingerprint, "bens": BEN.fingerprint}
        self.asked: list[object] = []
        self.answer: Answer = self.well
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        return await self.answer(request)

    async def well(self, request: web.Request) -> web.StreamResponse:
        fingerprint = self.tokens.get((await request.json())["token"])
        return web.json_response({"valid": fingerprint is not None, "fingerprint": fingerprint, "alias": None})


@asynccontextmanager
async def opened(service: Service, port: int = 0) -> AsyncIterator[Service]:
    app = web.Application()
    app.router.add_post("/auth", service.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        service.url = f"http://127.0.0.1:{runner.addresses[0][1]}/auth"
        yield service
    finally:
        await runner.cleanup()


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with opened(Service()) as service:
        yield service


@pytest.fixture
async def net(tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Net]:
    monkeypatch.setattr(token_check, "_LIMIT_S", 1.0)
    async with serve(config(tmp_path, auth_url=service.url)) as relay, AsyncExitStack() as stack:
        yield Net(relay, stack)


async def refusal(net: Net, token: str | None, who: Identity = ANN) -> tuple[str | None, str]:
    """What the relay says to a registration, and how it ends a join of a room."""
    signals, media = await net.dial("_signal"), await net.dial("general")
    for link in (signals, media):
        if token is not None:
            link.send_signal(AuthToken(token=token))
    signals.send_signal(register_presence(who))
    media.send_signal(call_offer(who, ephemeral_secret=bytes(range(32))))
    ack = await soon(signals, RegisterPresenceAck)
    assert not ack.success
    signals.close()
    return ack.error, await ended(media)


async def test_a_token_lets_its_owner_in_to_calls_and_rooms(net: Net, service: Service) -> None:
    ann = await net.register(ANN, token="anns")
    await present(ann, ANN)
    await net.join(BEN, "general", token="bens")
    assert service.asked == [{"token": "anns"}, {"token": "bens"}]
    totals = net.relay.stats().totals
    assert (totals.auth_accepted, totals.auth_refused) == (2, 0)


@pytest.mark.parametrize("token", [None, "", "guessed", "bens", "x" * 9000])
async def test_no_token_a_wrong_one_and_anothers_are_refused_with_the_reason(net: Net, token: str | None) -> None:
    assert await refusal(net, token) == ("token_refused", "token_refused")
    stats = net.relay.stats()
    assert (stats.clients, stats.sessions) == (0, 0)
    assert (stats.totals.auth_accepted, stats.totals.auth_refused) == (0, 2)


async def hanging(request: web.Request) -> web.StreamResponse:
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 20)
    return web.Response()


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    with suppress(ConnectionError):
        while True:
            await response.write(bytes(10_000))
    return response


async def failing(request: web.Request) -> web.StreamResponse:
    raise web.HTTPInternalServerError


async def elsewhere(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/auth")


async def no_json(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>valid</html>", content_type="text/html")


@pytest.mark.parametrize("answer", [hanging, endless, failing, elsewhere, no_json])
async def test_a_service_that_is_unwell_lets_nobody_in_and_says_so(net: Net, service: Service, answer: Answer) -> None:
    service.answer = answer
    assert await refusal(net, "anns") == ("token_unchecked", "token_unchecked")
    service.answer = service.well
    await net.register(ANN, token="anns")


async def test_a_hanging_service_holds_up_neither_probes_nor_those_who_are_in(net: Net, service: Service) -> None:
    ann = await net.register(ANN, token="anns")
    service.answer = hanging
    waiting = await net.dial("_signal")
    waiting.send_signal(AuthToken(token="bens"))
    waiting.send_signal(register_presence(BEN))
    probe = await net.dial("_signal")
    probe.send_signal(RegisterPresence(identity_pub=bytes(32), signature=b""))
    await soon(probe, RegisterPresenceAck)
    for link in (probe, ann):
        link.send_signal(Reflect())
        await soon(link, ReflectResponse)


async def test_a_connection_that_breaks_is_tried_once_more(net: Net, service: Service) -> None:
    async def broken_once(request: web.Request) -> web.StreamResponse:
        service.answer = service.well
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    service.answer = broken_once
    await net.register(ANN, token="anns")
    assert len(service.asked) == 2


async def test_a_service_that_is_down_refuses_at_once_and_is_found_again(tmp_path: Path) -> None:
    async with opened(Service()) as gone:
        pass
    async with serve(config(tmp_path, auth_url=gone.url)) as relay, AsyncExitStack() as stack:
        net = Net(relay, stack)
        assert await refusal(net, "anns") == ("token_unchecked", "token_unchecked")
        async with opened(Service(), port=int(gone.url.split(":")[2].partition("/")[0])):
            link = await net.dial("general")
            link.send_signal(AuthToken(token="anns"))
            link.send_signal(call_offer(ANN, ephemeral_secret=bytes(range(32))))
            await soon(link, CallAnswer)


async def test_a_command_sends_its_token_and_says_when_it_is_refused(service: Service, tmp_path: Path) -> None:
    def commands() -> None:
        with shop(tmp_path) as here:
            port = free_port()
            relay = here.run(
                "relay", "--listen", f"127.0.0.1:{port}", "--data-dir", tmp_path, "--auth-url", service.url, "--json"
            )
            relay.until("listening")
            (tmp_path / "ann.seed").write_text((bytes([1]) * 32).hex())
            member = here.phone("ann", "room", "general", "--token", "anns", "--seconds", "0.5", port=port)
            member.until("joined")
            assert member.exit_code() == 0
            assert here.phone("ann", "presence", "--token", "bens", "--seconds", "1", port=port).exit_code() == 4

    await asyncio.to_thread(commands)


def test_an_address_that_is_no_web_address_is_refused() -> None:
    for text in ("ftp://x/", "auth.example", "http://"):
        with pytest.raises(Unavailable):
            read_document(f'auth_url = "{text}"')
    assert RelayConfig().auth_url == ""


async def test_a_reload_changes_who_is_asked_and_puts_nobody_out(tmp_path: Path, service: Service) -> None:
    options = config(tmp_path)
    async with serve(options) as relay, AsyncExitStack() as stack:
        net = Net(relay, stack)
        ann = await net.register(ANN)
        assert relay.reconfigure(replace(options, auth_url=service.url)) == []
        assert await refusal(net, "guessed", BEN) == ("token_refused", "token_refused")
        await net.register(BEN, token="bens")
        assert not ann.closed
        relay.reconfigure(options)
        await net.register(BEN)
        await net.join(CLEO, "general")
