import pytest

from wzp_core.crypto.seed_file import FILE_BYTES, SeedStorage, open_seed, seal_seed
from wzp_core.errors import ErrorCode, Unavailable

SEED, ENTROPY = bytes(range(32)), b"\x07" * 28


def refusal(data, passphrase):
    with pytest.raises(Unavailable) as caught:
        open_seed(data, passphrase)
    return caught.value.code


def test_a_passphrase_opens_what_it_sealed():
    assert open_seed(seal_seed(SEED, "horse", ENTROPY), "horse") == (SEED, SeedStorage.FILE_WITH_PASSPHRASE)


def test_without_a_passphrase_none_is_asked_for_and_the_storage_says_so():
    sealed = seal_seed(SEED, "", ENTROPY)
    assert open_seed(sealed, None) == (SEED, SeedStorage.FILE_WITHOUT_PASSPHRASE)
    assert open_seed(sealed, "any") == (SEED, SeedStorage.FILE_WITHOUT_PASSPHRASE)


def test_the_passphrase_is_missed_and_a_wrong_one_refused():
    sealed = seal_seed(SEED, "horse", ENTROPY)
    assert refusal(sealed, None) is ErrorCode.SECRETS_LOCKED
    assert refusal(sealed, "Horse") is ErrorCode.WRONG_PASSPHRASE
    assert refusal(sealed, "") is ErrorCode.WRONG_PASSPHRASE


def test_a_passphrase_may_be_typed_composed_or_decomposed():
    assert open_seed(seal_seed(SEED, "é", ENTROPY), "e\u0301")[0] == SEED


def test_the_seed_stands_nowhere_in_the_file():
    assert SEED not in seal_seed(SEED, "", ENTROPY)


@pytest.mark.parametrize("passphrase", ["", "horse"])
def test_a_change_anywhere_is_noticed(passphrase):
    sealed = seal_seed(SEED, passphrase, ENTROPY)
    for place in (0, 8, 9, 10, 11, 12, 13, 30, 41, 60, FILE_BYTES - 1):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Unavailable):
            open_seed(bytes(changed), passphrase)


@pytest.mark.parametrize("data", [b"", b"wzp-seed\x01", bytes(FILE_BYTES), b"x" * 5000])
def test_what_is_no_seed_file_is_refused(data):
    assert refusal(data, "") is ErrorCode.BAD_FILE


@pytest.mark.parametrize(("place", "value"), [(10, 40), (10, 0), (11, 255), (11, 0), (12, 255), (12, 0), (9, 2)])
def test_parameters_that_would_eat_the_memory_are_refused_untried(place, value):
    crafted = bytearray(seal_seed(SEED, "", ENTROPY))
    crafted[place] = value
    assert refusal(bytes(crafted), "") is ErrorCode.BAD_FILE
