from wzp_core.codec.capability import Capability, own_capability
from wzp_core.protocol.profile import CodecId


def test_words_say_all_and_come_back() -> None:
    own = own_capability()
    assert Capability.of_words(own.words()) == own
    assert own.codecs == frozenset(CodecId)
    assert own.lifeboat
    assert own.short_repair


def test_a_peer_that_says_nothing_takes_every_codec_and_no_extension() -> None:
    silent = Capability()
    assert silent.codecs == frozenset(CodecId)
    assert (silent.dred, silent.lifeboat, silent.short_repair) == (False, False, False)


def test_unknown_words_are_ignored_and_their_number_is_bounded() -> None:
    said = Capability.of_words(["Opus24k", "teleportation", "lifeboat"])
    assert said == Capability(codecs=frozenset({CodecId.OPUS_24K}), lifeboat=True)
    assert not Capability.of_words([*(f"word{number}" for number in range(64)), "lifeboat"]).lifeboat


def test_without_the_library_neither_low_rates_nor_the_lifeboat_are_promised(without_codec2: None) -> None:
    own = own_capability()
    assert CodecId.CODEC2_1200 not in own.codecs
    assert not own.lifeboat
