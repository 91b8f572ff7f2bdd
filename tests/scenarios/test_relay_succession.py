"""A relay that changes its key: silent where the old key named the new one, and asked about wherever it did not."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from relay.config import IDENTITY_FILE
from relay.edge.endpoint import ServerLink
from relay.edge.listener import Sessions
from relay.edge.signal_session import serve_signals
from relay.identity import load_succession, rotate
from tests.sim.script import now, talking, two_phones
from tests.sim.sound import loudness
from tests.sim.world import RELAY_IP, Stage
from wzp_core.engine.commands import AnswerTrust
from wzp_core.session.state import CallStage, RelayPhase

Scene = Callable[..., None]
ALICE = "198.51.100.1"
AT = f"{RELAY_IP}:4433"


def identity(stage: Stage, ip: str = RELAY_IP) -> Path:
    return stage._relay_folder(ip) / IDENTITY_FILE


def test_a_client_follows_a_key_that_the_old_one_named(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    async def script(stage: Stage) -> None:
        async with stage.phone("alice", ALICE) as alice:
            async with stage.relay() as relay:
                await alice.online()
                before = relay.fingerprint
            rotate(identity(stage))
            rotate(identity(stage))  # twice while nobody was looking
            async with stage.relay() as relay:
                await alice.until(lambda s: s.relay.phase is not RelayPhase.ONLINE)
                await alice.online()
                assert relay.fingerprint != before
                assert alice.trust.pins == {AT: relay.fingerprint}
                assert alice.state.relay.fingerprint == relay.fingerprint
            assert not any(state.trust for state in alice.states)
        assert any("relay:key_succeeded" in record.getMessage() for record in caplog.records)

    scene(script)


def test_a_call_goes_on_over_a_relay_that_comes_back_with_its_next_key(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with AsyncExitStack() as older, AsyncExitStack() as phones:
            await older.enter_async_context(stage.relay())
            alice, bob = await phones.enter_async_context(two_phones(stage))
            await talking(alice, bob)
            await older.aclose()
            rotate(identity(stage))
            async with stage.relay():
                await alice.until(lambda s: s.relay.phase is not RelayPhase.ONLINE)
                await alice.online()
                await bob.online()
                await asyncio.sleep(3)
                for phone in (alice, bob):
                    assert phone.state.call.stage is CallStage.ACTIVE
                    assert not phone.state.trust
                    assert loudness(phone.sound.heard_since(now() - 1.0)) > 3000

    scene(script)


def test_a_relay_that_only_knows_the_old_ones_statements_is_asked_about(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.phone("alice", ALICE) as alice:
            async with stage.relay():
                await alice.online()
            before = dict(alice.trust.pins)
            rotate(identity(stage))
            statements = identity(stage).with_name(f"{IDENTITY_FILE}.succession")
            copied = statements.read_bytes()
            shutil.rmtree(identity(stage).parent)  # another machine has its address now
            identity(stage).parent.mkdir()
            statements.write_bytes(copied)
            async with stage.relay() as enemy:
                await alice.until(lambda s: s.trust is not None)
                await asyncio.sleep(30)
                assert alice.trust.pins == before
                assert enemy.stats().totals.registrations == 0
                alice.does(AnswerTrust(accept=True))
                await alice.online()

    scene(script)


def test_a_relay_that_names_itself_is_asked_about(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.phone("alice", ALICE) as alice:
            async with stage.relay():
                await alice.online()
            shutil.rmtree(identity(stage).parent)
            async with stage.relay():
                pass
            rotate(identity(stage))
            assert load_succession(identity(stage)).steps
            async with stage.relay() as enemy:
                await alice.until(lambda s: s.trust is not None)
                assert enemy.stats().clients == 0

    scene(script)


def test_a_relay_that_knows_no_such_question_is_asked_about_soon(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older build takes the question for the name of a room, and waits for the handshake of one."""

    async def as_a_room(_self: Sessions, link: ServerLink) -> None:
        await (serve_signals(link, _self.signals) if link.server_name == "_signal" else asyncio.sleep(60))

    async def script(stage: Stage) -> None:
        async with stage.phone("alice", ALICE) as alice:
            async with stage.relay():
                await alice.online()
            rotate(identity(stage))
            monkeypatch.setattr(Sessions, "serve", as_a_room)
            async with stage.relay() as relay:
                await alice.until(lambda s: s.trust is not None, 20)
                assert relay.stats().clients == 0

    scene(script)
