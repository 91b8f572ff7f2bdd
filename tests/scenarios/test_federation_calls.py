"""People on different relays see each other and call each other."""

from collections.abc import Callable

import pytest

from tests.sim.fleet import CHAIN, RING, Links, fleet, phones
from tests.sim.world import Phone, Stage

Scene = Callable[..., None]

NAMES = ("alice", "bob", "carol")


async def present(phone: Phone, *others: Phone, limit_s: float = 10.0) -> None:
    """Exactly these are in the phone's lobby."""
    names = {other.fingerprint for other in others}
    await phone.until(lambda s: {person.fingerprint for person in s.present} == names, limit_s)


@pytest.mark.parametrize("links", [CHAIN, RING])
def test_everybody_sees_everybody_whatever_relay_dies_and_comes_back(scene: Scene, links: Links) -> None:
    async def script(stage: Stage) -> None:
        async with fleet(stage, links) as relays:
            home = {name: relays.address(number) for number, name in enumerate(NAMES)}
            async with phones(stage, home) as people:
                for phone in people:
                    await present(phone, *(other for other in people if other is not phone), limit_s=3)
                assert {person.alias for person in people[0].state.present} == {"bob", "carol"}
                for victim in range(3):
                    relays.kill(victim)
                    alone = people[victim]
                    neighbours = [phone for phone in people if phone is not alone]
                    if links is RING or victim != 1:
                        await present(neighbours[0], neighbours[1], limit_s=17)
                    await relays.start(victim)
                    for phone in people:
                        await present(phone, *(other for other in people if other is not phone), limit_s=10)

    scene(script)
