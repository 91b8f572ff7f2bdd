"""What to send."""

import pytest

from wzp_core.codec.capability import Capability
from wzp_core.protocol.profile import CATASTROPHIC, CODEC2_3200, DEGRADED, GOOD, STUDIO_64K, CodecId
from wzp_core.quality.choice import Sending, sending
from wzp_core.quality.tier import Tier
from wzp_core.settings.schema import QUALITIES

ALL = Capability(dred=True, lifeboat=True, short_repair=True)
OLD = Capability()
BUNDLED = Sending(CATASTROPHIC, lifeboat=True, dtx=True, short_repairs=True)
NO_CODEC2 = Capability(codecs=frozenset(codec for codec in CodecId if codec.is_opus))


@pytest.mark.parametrize("wish", QUALITIES)
def test_every_choice_of_the_setting_can_be_sent(wish: str) -> None:
    assert sending(wish, Tier.GOOD, ALL, ALL).profile.codec in ALL.codecs


def test_the_best_and_the_default() -> None:
    assert sending("studio-64k", Tier.LIFEBOAT, OLD, ALL) == Sending(STUDIO_64K)
    assert sending("auto", Tier.GOOD, OLD, ALL) == Sending(GOOD)


def test_the_lifeboat_needs_a_peer_that_announced_it() -> None:
    assert sending("lifeboat", Tier.GOOD, ALL, ALL) == Sending(
        CATASTROPHIC, lifeboat=True, dtx=True, short_repairs=True
    )
    assert sending("lifeboat", Tier.GOOD, OLD, ALL) == Sending(CATASTROPHIC, dtx=True)


def test_codec2_is_bundled_where_the_path_has_no_room_for_the_headers_of_single_frames() -> None:
    assert sending("codec2-1200", Tier.LIFEBOAT, ALL, ALL) == BUNDLED
    assert sending("codec2-3200", Tier.LIFEBOAT, ALL, ALL).lifeboat
    assert not sending("codec2-1200", Tier.LIFEBOAT, OLD, ALL).lifeboat
    assert not sending("codec2-1200", Tier.DEGRADED, ALL, ALL).lifeboat


@pytest.mark.parametrize("who", [(NO_CODEC2, ALL), (ALL, NO_CODEC2)])
def test_nobody_is_sent_what_it_cannot_play(who: tuple[Capability, Capability]) -> None:
    for wish in ("codec2-3200", "codec2-1200", "lifeboat"):
        assert sending(wish, Tier.GOOD, *who) == Sending(DEGRADED)
    assert sending("codec2-3200", Tier.GOOD, ALL, ALL).profile == CODEC2_3200


def test_auto_follows_the_path_and_uses_the_lifeboat_only_with_a_peer_that_has_one() -> None:
    assert sending("auto", Tier.STUDIO_64K, ALL, ALL) == Sending(STUDIO_64K)
    assert sending("auto", Tier.LIFEBOAT, ALL, ALL) == Sending(
        CATASTROPHIC, lifeboat=True, dtx=True, short_repairs=True
    )
    assert sending("auto", Tier.LIFEBOAT, OLD, ALL) == Sending(DEGRADED)
    assert sending("auto", Tier.LIFEBOAT, ALL, NO_CODEC2) == Sending(DEGRADED)
