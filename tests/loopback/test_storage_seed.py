"""The seed's places: fallbacks here, a real Secret Service in test_storage_secret_service.py."""

import stat
import threading
from types import SimpleNamespace
from typing import cast

import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringLocked

from wzp_core.crypto.seed_file import SeedStorage
from wzp_core.engine.board import Board
from wzp_core.engine.identity import IdentityKeeper
from wzp_core.engine.world import World
from wzp_core.errors import ErrorCode, LocalMisuse, Unavailable, WzpError
from wzp_core.io import keyring as store_module
from wzp_core.io.keyring import SeedStore, system_keyring
from wzp_core.session.state import AppState, Notice

SEED, OTHER = bytes(range(32)), b"\x42" * 32
KEYRING, SEALED, BARE = (
    SeedStorage.KEYRING,
    SeedStorage.FILE_WITH_PASSPHRASE,
    SeedStorage.FILE_WITHOUT_PASSPHRASE,
)


class Drawer(KeyringBackend):
    """A keyring in memory that can be locked or stuck."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.entries = {}
        self.failure = None
        self.released = threading.Event()
        self.released.set()

    def _reach(self):
        self.released.wait()
        if self.failure is not None:
            raise self.failure

    def get_password(self, service, username):
        self._reach()
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        self._reach()
        self.entries[service, username] = password

    def delete_password(self, service, username):
        self._reach()
        del self.entries[service, username]


@pytest.fixture
def drawer():
    drawer = Drawer()
    yield drawer
    drawer.released.set()


def store(folder, drawer=None, profile="default", limit_s=5.0):
    return SeedStore(profile, folder, find_keyring=lambda: drawer, keyring_limit_s=limit_s)


async def refusal(awaitable):
    with pytest.raises(WzpError) as caught:
        await awaitable
    return caught.value.code


async def test_a_first_run_finds_nothing(tmp_path, drawer):
    assert await store(tmp_path, drawer).load() is None
    assert await store(tmp_path, None).load() is None


async def test_the_keyring_is_used_where_there_is_one(tmp_path, drawer):
    assert await store(tmp_path, drawer).save(SEED) is KEYRING
    assert await store(tmp_path, drawer).load() == (SEED, KEYRING)
    assert drawer.entries == {("wzp-desktop", "default"): SEED.hex()}
    assert all(
        SEED not in file.read_bytes() and SEED.hex().encode() not in file.read_bytes() for file in tmp_path.iterdir()
    )


async def test_profiles_have_entries_of_their_own(tmp_path, drawer):
    await store(tmp_path / "a", drawer, "alice").save(SEED)
    await store(tmp_path / "b", drawer, "bob").save(OTHER)
    assert await store(tmp_path / "a", drawer, "alice").load() == (SEED, KEYRING)
    assert await store(tmp_path / "b", drawer, "bob").load() == (OTHER, KEYRING)


async def test_without_a_keyring_a_private_file_keeps_the_seed(tmp_path):
    assert await store(tmp_path).save(SEED) is BARE
    assert await store(tmp_path).load() == (SEED, BARE)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SEED not in file.read_bytes()


async def test_a_passphrase_is_asked_for_and_checked(tmp_path):
    assert await store(tmp_path).save(SEED, "horse") is SEALED
    assert await refusal(store(tmp_path).load()) is ErrorCode.SECRETS_LOCKED
    assert await refusal(store(tmp_path).load("mule")) is ErrorCode.WRONG_PASSPHRASE
    assert await store(tmp_path).load("horse") == (SEED, SEALED)


async def test_the_passphrase_can_be_changed_and_taken_away(tmp_path):
    opened = store(tmp_path)
    await opened.save(SEED, "horse")
    assert await opened.change_passphrase("battery") is SEALED
    assert await refusal(store(tmp_path).load("horse")) is ErrorCode.WRONG_PASSPHRASE
    assert await store(tmp_path).load("battery") == (SEED, SEALED)
    assert await opened.change_passphrase("") is BARE
    assert await store(tmp_path).load() == (SEED, BARE)


async def test_a_passphrase_cannot_be_changed_before_the_file_was_opened(tmp_path, drawer):
    await store(tmp_path).save(SEED, "horse")
    assert await refusal(store(tmp_path).change_passphrase("mule")) is ErrorCode.SECRETS_LOCKED
    await store(tmp_path / "ring", drawer).save(SEED)
    with pytest.raises(LocalMisuse):
        await store(tmp_path / "ring", drawer).change_passphrase("mule")


async def test_a_restored_identity_keeps_the_passphrase_of_the_file(tmp_path):
    await store(tmp_path).save(SEED, "horse")
    opened = store(tmp_path)
    await opened.load("horse")
    assert await opened.save(OTHER) is SEALED
    assert await store(tmp_path).load("horse") == (OTHER, SEALED)


async def test_a_passphrase_that_was_not_needed_is_not_set(tmp_path):
    await store(tmp_path).save(SEED)
    opened = store(tmp_path)
    assert await opened.load("needless") == (SEED, BARE)
    assert await opened.save(OTHER) is BARE
    assert await store(tmp_path).load() == (OTHER, BARE)


async def test_a_file_wins_over_the_keyring(tmp_path, drawer):
    await store(tmp_path, None).save(SEED)
    drawer.set_password("wzp-desktop", "default", OTHER.hex())
    assert await store(tmp_path, drawer).load() == (SEED, BARE)
    assert await store(tmp_path, drawer).save(SEED) is BARE


async def test_a_seed_that_moves_into_a_file_leaves_the_keyring(tmp_path, drawer):
    await store(tmp_path, drawer).save(SEED)
    assert await store(tmp_path, drawer).save(SEED, "horse") is SEALED
    assert drawer.entries == {}
    assert await store(tmp_path, drawer).load("horse") == (SEED, SEALED)


@pytest.mark.parametrize("failure", [KeyringLocked(), RuntimeError("no bus")])
async def test_a_keyring_that_fails_is_no_first_run_where_it_has_the_seed(tmp_path, drawer, failure):
    await store(tmp_path, drawer).save(SEED)
    drawer.failure = failure
    assert await refusal(store(tmp_path, drawer).load()) is ErrorCode.NO_SECRET_STORE
    assert await refusal(store(tmp_path, None).load()) is ErrorCode.NO_SECRET_STORE


async def test_a_keyring_that_fails_on_a_first_run_makes_way_for_the_file(tmp_path, drawer):
    drawer.failure = KeyringLocked()
    assert await store(tmp_path, drawer).load() is None
    assert await store(tmp_path, drawer).save(SEED) is BARE


async def test_a_keyring_that_never_answers_is_given_up(tmp_path, drawer):
    await store(tmp_path, drawer).save(SEED)
    drawer.released.clear()
    with pytest.raises(Unavailable) as caught:
        await store(tmp_path, drawer, limit_s=0.05).load()
    assert caught.value.code is ErrorCode.NO_SECRET_STORE
    assert caught.value.facts["why"] == "slow"
    assert await store(tmp_path / "new", drawer, limit_s=0.05).load() is None
    assert await store(tmp_path / "new", drawer, limit_s=0.05).save(SEED) is BARE


async def test_a_seed_is_found_in_the_keyring_though_the_folder_is_gone(tmp_path, drawer):
    await store(tmp_path / "old", drawer).save(SEED)
    assert await store(tmp_path / "new", drawer).load() == (SEED, KEYRING)
    assert await refusal(store(tmp_path / "new", None).load()) is ErrorCode.NO_SECRET_STORE


async def test_a_keyring_entry_that_is_no_seed_is_refused(tmp_path, drawer):
    drawer.set_password("wzp-desktop", "default", "hunter2")
    assert await refusal(store(tmp_path, drawer).load()) is ErrorCode.BAD_FILE


async def test_a_damaged_file_is_no_first_run(tmp_path):
    await store(tmp_path).save(SEED)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"x" * 20)
    assert await refusal(store(tmp_path).load()) is ErrorCode.BAD_FILE


def test_only_keyrings_that_keep_secrets_are_taken_from_the_system(monkeypatch, drawer):
    class Chain(ChainerBackend):
        backends = (drawer,)

    for unsafe in (drawer, Chain()):
        monkeypatch.setattr(store_module.keyring, "get_keyring", lambda chosen=unsafe: chosen)
        assert system_keyring() is None


async def test_the_right_passphrase_takes_back_what_was_told_of_a_wrong_one(tmp_path):
    await store(tmp_path).save(SEED, "horse")
    board = Board(AppState(), lambda _: None)
    world = SimpleNamespace(seeds=store(tmp_path), passphrase=None)
    keeper = IdentityKeeper(cast(World, world), board)
    board.set(notice=Notice(code=ErrorCode.WRONG_PASSPHRASE))
    await keeper.unlock("horse")
    assert board.state.notice is None
    board.set(notice=Notice(code=ErrorCode.NO_DEVICE))
    await keeper.unlock("horse")
    assert board.state.notice == Notice(code=ErrorCode.NO_DEVICE)
