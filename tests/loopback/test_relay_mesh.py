"""Relays that watch each other over real sockets, as their operator sees it over HTTP."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from relay.edge.addresses import address_text
from relay.serve import Relay, serve
from tests.loopback.asker import Asker, config, free_tcp_port
from tests.loopback.test_relay import ANN, BEN
from tests.loopback.test_relay_process import finished, running
from wzp_core.ports import Address

TOKEN = "t0ken-of-the-operator"  # noqa: S105


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def started(stack: AsyncExitStack, folder: Path, *probe: Address) -> Relay:
    return await stack.enter_async_context(serve(config(folder, probe=probe)))


async def until(asker: Asker, path: str, wanted: object) -> None:
    """Asks until the answer is as it has to be; the test's limit ends it where that never happens."""
    while (await asker.get(path))[1] != wanted:
        pass


async def test_an_operator_sees_targets_who_is_on_them_and_the_way_to_those_behind_them(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    c = await started(stack, tmp_path / "c")
    far = Asker(c, stack)
    await far.register(ANN)
    b = await started(stack, tmp_path / "b", c.address)
    await Asker(b, stack).register(BEN)
    a = Asker(await started(stack, tmp_path / "a", b.address), stack)
    own, near, behind = (address_text(relay.address) for relay in (a.relay, b, c))
    ann, ben = ANN.fingerprint, BEN.fingerprint

    await until(a, f"/route/{ann}", {"fingerprint": ann, "route": "chain", "relay_chain": [own, near, behind]})
    await until(a, f"/route/{ben}", {"fingerprint": ben, "route": "direct_peer", "relay_chain": [own, near]})
    await until(far, f"/route/{ann}", {"fingerprint": ann, "route": "local", "relay_chain": [behind]})
    await until(far, f"/route/{ben}", {"fingerprint": ben, "route": "not_found", "relay_chain": []})
    await until(a, "/presence", [{"fingerprint": ben, "location": {"Remote": near}}])
    await until(a, f"/presence/{ben}", {"fingerprint": ben, "location": {"Remote": near}})
    await until(a, f"/presence/{ann}", {"fingerprint": ann, "location": None})
    status, (peer,) = await a.get("/peers")
    assert (status, peer["addr"], peer["fingerprints"]) == (200, near, [ben])
    assert 0 <= peer["rtt_ms"] < 1000
    status, table = await a.get("/mesh")
    assert status == 200
    assert table.splitlines()[3].startswith(near)
    assert table.splitlines()[3].endswith("UP")
    metrics = await a.metrics()
    assert metrics["wzp_probe_up"] == {near: 1.0}
    assert 0 < metrics["wzp_probe_rtt_ms"][near] < 1000
    assert (await a.get("/route/nobody"))[0] == 400


def test_the_command_line_shows_what_the_running_relay_knows(tmp_path: Path) -> None:
    asked = ("--http-port", free_tcp_port(), "--http-token", TOKEN)
    with running(tmp_path / "b") as (_, b), running(tmp_path / "a", "--probe", b["addr"], *asked):
        for _ in range(50):
            shown = finished("--mesh-status", *asked)
            if shown.stdout.rstrip().endswith("UP"):
                break
        assert shown.returncode == 0
        assert shown.stdout.splitlines()[3].startswith(b["addr"])
        assert shown.stdout.splitlines()[3].endswith("UP")
        stranger = finished("--mesh-status", *asked[:2])
        assert (stranger.returncode, stranger.stdout) == (1, "")
        assert "Unauthorized" in stranger.stderr


def test_the_command_line_says_so_where_no_relay_answers_or_none_is_to_be_asked() -> None:
    nobody = finished("--mesh-status", "--http-port", free_tcp_port())
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "no relay answers" in nobody.stderr
    unasked = finished("--mesh-status")
    assert unasked.returncode == 0
    assert "no probe targets configured" in unasked.stdout
