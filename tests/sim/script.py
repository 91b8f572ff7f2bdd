"""What scenarios have in common: two phones that see each other, and a call between them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import numpy.typing as npt

from relay.serve import Relay
from tests.sim.sound import SimSound, tone
from tests.sim.world import Phone, Stage
from wzp_core.engine.commands import Answer, AnswerCall, PlaceCall
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.session.state import CallStage
from wzp_core.settings.schema import NetworkSettings

Forge = Callable[[SignalMessage], SignalMessage]

ALICE_HZ, BOB_HZ = 440.0, 1000.0
ALICE_IP, BOB_IP = "198.51.100.1", "198.51.100.2"


@asynccontextmanager
async def two_phones(
    stage: Stage, *, path: str = "relay", speaker_ppm: float = 0.0
) -> AsyncIterator[tuple[Phone, Phone]]:
    """Their calls stay on the relay, whose part in them most scenarios are about; `speaker_ppm` is Bob's."""
    network = NetworkSettings(path=path)
    async with (
        stage.phone("alice", ALICE_IP, sound=SimSound(tone(ALICE_HZ, 1.0)), network=network) as alice,
        stage.phone("bob", BOB_IP, sound=SimSound(tone(BOB_HZ, 1.0), speaker_ppm=speaker_ppm), network=network) as bob,
    ):
        await alice.sees(bob)
        await bob.sees(alice)
        yield alice, bob


async def talking(alice: Phone, bob: Phone, answer: Answer = Answer.TRUSTED) -> None:
    alice.does(PlaceCall(bob.fingerprint))
    call = (await bob.in_stage(CallStage.INCOMING)).call
    assert call is not None
    await alice.in_stage(CallStage.RINGING)
    bob.does(AnswerCall(call.call_id, answer))
    await alice.in_stage(CallStage.ACTIVE)
    await bob.in_stage(CallStage.ACTIVE)


def pitch(samples: npt.NDArray[np.int16]) -> float:
    """The loudest frequency, Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * 48_000 / len(samples))


def now() -> float:
    return asyncio.get_running_loop().time()


def corrupt(relay: Relay, forge: Forge) -> None:
    """From now on the relay delivers what `forge` makes of each signal."""
    outbox = relay._signals.outbox
    honest = outbox._deliver
    outbox._deliver = lambda connection, message: honest(connection, forge(message))  # type: ignore[method-assign]
