import pytest

from wzp_core.crypto.backup import seed_of_backup, words_of
from wzp_core.errors import ErrorCode, RemoteViolation

COUNTED = bytes(range(32))
COUNTED_WORDS = (
    "abandon amount liar amount expire adjust cage candy arch gather drum bullet absurd math era live bid rhythm "
    "alien crouch range attend journey unaware"
)
ZERO_WORDS = "abandon " * 23 + "art"


def test_a_seed_gives_the_published_words():
    assert words_of(COUNTED) == COUNTED_WORDS
    assert words_of(bytes(32)) == ZERO_WORDS


@pytest.mark.parametrize(
    "text",
    [
        COUNTED_WORDS,
        COUNTED_WORDS.upper(),
        "\n  " + COUNTED_WORDS.replace(" ", "\t\n  ") + " \r\n",
        COUNTED.hex(),
        COUNTED.hex().upper(),
        " 00010203 04050607 08090a0b0c0d0e0f\n101112131415161718191a1b1c1d1e1f ",
    ],
)
def test_a_backup_is_read_however_it_is_spaced_and_cased(text):
    assert seed_of_backup(text) == COUNTED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abandon",
        "abandon " * 24,  # the last word is a checksum
        COUNTED_WORDS.replace("unaware", "art"),
        COUNTED_WORDS.replace("unaware", "nonsense"),
        COUNTED_WORDS + " art",
        COUNTED.hex()[:-2],
        COUNTED.hex() + "00",
        "g" * 64,
        "word " * 100_000,
    ],
)
def test_what_is_no_backup_is_refused_without_repeating_it(text):
    with pytest.raises(RemoteViolation) as caught:
        seed_of_backup(text)
    assert caught.value.code is ErrorCode.BAD_BACKUP
    assert "abandon" not in str(caught.value)
    assert caught.value.__cause__ is None
