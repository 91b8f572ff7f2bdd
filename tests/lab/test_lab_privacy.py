"""Who learns an address: nobody but the relay where that was promised; and what a stranger gets who knows one."""

import os
import select
import socket
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from tests.audio.speech import needs_speech
from tests.lab.calls import Plan, begin, finish, run_call
from tests.lab.capture import Capture, captured
from tests.lab.cells import cell_named, plan_in
from tests.lab.internet import RELAY_HOST, Internet
from tests.lab.namespaces import why_no_lab
from tests.lab.routers import Kind

_REASON = why_no_lab()
pytestmark = [pytest.mark.skipif(bool(_REASON), reason=f"no network laboratory: {_REASON}"), needs_speech]
STUN_REQUEST = bytes.fromhex("000100002112a442") + bytes(12)


def _plan(lifetime: ExitStack, net: Internet, folder: Path, kind: Kind, **wishes: str) -> Plan:
    folder.mkdir(exist_ok=True)
    ends = [net.client(net.home(kind)) for _ in range(2)]
    return plan_in(net, lifetime, folder, *ends, cell=cell_named("open → open"), **wishes)


@pytest.mark.parametrize("how", ["answered privately", "the callee's setting", "the caller's setting"])
def test_a_private_call_sends_packets_to_the_relay_only(how: str, tmp_path: Path) -> None:
    with ExitStack() as lifetime:
        net = Internet(lifetime)
        answer = "private" if how == "answered privately" else "trusted"
        plan = _plan(lifetime, net, tmp_path, Kind.FULL_CONE, answer=answer)
        only = ("--path", "relay")
        plan = replace(
            plan,
            direct_limit_s=0.0,
            caller=replace(plan.caller, flags=("--no-stun", *(only if "caller" in how else ()))),
            callee=replace(plan.callee, flags=("--no-stun", *(only if "callee" in how else ()))),
        )
        with captured(plan.caller.host) as caller, captured(plan.callee.host) as callee:
            outcome = run_call(plan, tmp_path / "call", 1)
        assert outcome.heard == (True, True), outcome.problem
        assert outcome.path == "relay"
        captures: tuple[Capture, ...] = (caller, callee)
        assert [capture.strangers(RELAY_HOST) for capture in captures] == [set(), set()]


def test_a_stranger_who_knows_the_address_gets_no_more_bytes_than_he_sent(tmp_path: Path) -> None:
    with ExitStack() as lifetime:
        net = Internet(lifetime)
        plan = replace(_plan(lifetime, net, tmp_path, Kind.OPEN), direct_limit_s=0.0)
        stranger = net.host("stranger", "11.0.0.66")
        with captured(plan.callee.host) as callee:
            talk = begin(plan, tmp_path / "call", 1)
            assert not isinstance(talk, str), talk
            victim = plan.callee.host.addresses[0], callee.udp_ports.most_common(1)[0][0]
            with stranger.net.socket() as sock:
                sent, got = _pester(sock, victim)
        outcome = finish(talk)
    assert outcome.success
    assert got <= sent


def _pester(sock: socket.socket, victim: tuple[str, int]) -> tuple[int, int]:
    """Everything that has a meaning to somebody, ten times; bytes sent and bytes that came back."""
    unknown_version = b"\xc0\x1a\x2a\x3a\x4a\x08" + os.urandom(8) + b"\x08" + os.urandom(8) + bytes(1177)
    client = QuicConnection(configuration=QuicConfiguration(alpn_protocols=["wzp"], server_name="call-call-18a1b2c3"))
    client.connect(victim, time.monotonic())
    flights = [data for data, _ in client.datagrams_to_send(time.monotonic())]
    first_flight = b"\xc3\x00\x00\x00\x01\x08" + os.urandom(8) + b"\x08" + os.urandom(8) + b"\x00\x44\x88" + bytes(1160)
    kinds = [STUN_REQUEST, b"\0", os.urandom(40), b"\x01" + os.urandom(39), b"\x40" + os.urandom(60),
             unknown_version, first_flight, os.urandom(1200), *flights]  # fmt: skip
    sent = got = 0
    for data in kinds * 10:
        sent += sock.sendto(data, victim)
    while select.select([sock], [], [], 1.0)[0]:
        got += len(sock.recv(65_535))
    return sent, got
