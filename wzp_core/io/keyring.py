"""Where the seed lives: the system's keyring, or a sealed file where there is none."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import keyring
from keyring.backend import KeyringBackend

from wzp_core.crypto.identity import SEED_BYTES
from wzp_core.crypto.seed_file import ENTROPY_BYTES, FILE_BYTES, SeedStorage, file_storage, open_seed, seal_seed
from wzp_core.errors import ErrorCode, LocalMisuse, Unavailable
from wzp_core.io.files import read_file, remove_file, write_private
from wzp_core.logs import event, logger

SERVICE = "wzp-desktop"
KEYRING_LIMIT_S = 5.0  # one that asks the user to unlock it can take for ever

# Others join keyring's choice by themselves when installed, one of them in plain text.
_SAFE_BACKENDS = {f"keyring.backends.{name}" for name in ("SecretService", "kwallet", "libsecret", "macOS", "Windows")}

_Result = TypeVar("_Result")

log = logger("keyring")


def system_keyring() -> KeyringBackend | None:
    """The keyring of this desktop; None where there is none that keeps secrets. May block."""
    chosen = keyring.get_keyring()
    for backend in getattr(chosen, "backends", [chosen]):
        if type(backend).__module__ in _SAFE_BACKENDS:
            return backend  # type: ignore[no-any-return]
    return None


class SeedStore:
    """The seed of one profile. A file wins over the keyring; `folder` also notes that the keyring has the seed.

    The note keeps an unreachable keyring from looking like a first run, which would make a new identity.
    """

    def __init__(
        self,
        profile: str,
        folder: Path,
        *,
        find_keyring: Callable[[], KeyringBackend | None] = system_keyring,
        keyring_limit_s: float = KEYRING_LIMIT_S,
    ) -> None:
        self._profile = profile
        self._file, self._note = folder / "identity.sealed", folder / "identity.in-keyring"
        self._find_keyring, self._keyring_limit_s = find_keyring, keyring_limit_s
        self._passphrase = ""  # as last proven right

    async def load(self, passphrase: str | None = None) -> tuple[bytes, SeedStorage] | None:
        """None on a first run.

        Raises Unavailable: SECRETS_LOCKED (the file wants its passphrase), WRONG_PASSPHRASE, BAD_FILE, or
        NO_SECRET_STORE where the keyring that has the seed is locked, slow or gone.
        """
        data = await asyncio.to_thread(read_file, self._file, limit=FILE_BYTES)
        if data is not None:
            seed, storage = await asyncio.to_thread(open_seed, data, passphrase)
            self._passphrase = (passphrase or "") if storage is SeedStorage.FILE_WITH_PASSPHRASE else ""
            return seed, storage
        is_noted = await asyncio.to_thread(self._note.exists)
        try:
            text = await self._with_keyring(lambda ring: ring.get_password(SERVICE, self._profile))
        except Unavailable:
            if is_noted:
                raise
            return None
        if text is None:
            return None
        seed = _seed_of(text)
        if not is_noted:
            await asyncio.to_thread(write_private, self._note, b"")
        return seed, SeedStorage.KEYRING

    async def save(self, seed: bytes, passphrase: str = "") -> SeedStorage:
        """To the keyring where one works, no passphrase is given and no file is there yet; else to the file.

        A file keeps the passphrase it was opened with unless another is given.
        """
        is_in_file = await asyncio.to_thread(self._file.exists)
        if not is_in_file and not passphrase and await self._save_in_keyring(seed):
            return SeedStorage.KEYRING
        return await self._save_in_file(seed, passphrase or self._passphrase)

    async def change_passphrase(self, passphrase: str) -> SeedStorage:
        """Seals the file anew. Raises LocalMisuse where no file holds the seed, Unavailable(SECRETS_LOCKED) before it
        was opened."""
        data = await asyncio.to_thread(read_file, self._file, limit=FILE_BYTES)
        if data is None:
            raise LocalMisuse(ErrorCode.UNEXPECTED_INPUT, what="passphrase without a seed file")
        seed, _ = await asyncio.to_thread(open_seed, data, self._passphrase or None)
        return await self._save_in_file(seed, passphrase)

    async def _save_in_file(self, seed: bytes, passphrase: str) -> SeedStorage:
        sealed = await asyncio.to_thread(seal_seed, seed, passphrase, os.urandom(ENTROPY_BYTES))
        await asyncio.to_thread(write_private, self._file, sealed)
        self._passphrase = passphrase
        if await asyncio.to_thread(self._note.exists):
            await self._forget_in_keyring()
        return file_storage(passphrase)

    async def _save_in_keyring(self, seed: bytes) -> bool:
        """Whether the keyring has it now, as read back."""
        try:
            await self._with_keyring(lambda ring: ring.set_password(SERVICE, self._profile, seed.hex()))
            kept = await self._with_keyring(lambda ring: ring.get_password(SERVICE, self._profile))
        except Unavailable as error:
            event(log, "keyring:not_used", level=logging.WARNING, error=error)
            return False
        if kept != seed.hex():
            return False
        await asyncio.to_thread(write_private, self._note, b"")
        return True

    async def _forget_in_keyring(self) -> None:
        """A seed that moved into a file must not stay elsewhere; best effort, the file wins anyway."""
        try:
            await self._with_keyring(lambda ring: ring.delete_password(SERVICE, self._profile))
        except Unavailable as error:
            event(log, "keyring:not_emptied", level=logging.WARNING, error=error)
        await asyncio.to_thread(remove_file, self._note)

    async def _with_keyring(self, use: Callable[[KeyringBackend], _Result]) -> _Result:
        """Raises Unavailable(NO_SECRET_STORE, why=…) for whatever a keyring can do wrong."""

        def ask() -> _Result:
            try:
                ring = self._find_keyring()
                if ring is None:
                    raise Unavailable(ErrorCode.NO_SECRET_STORE, why="none")
                return use(ring)
            except Unavailable:
                raise
            except Exception as error:  # KeyringError, and what the libraries below it let through
                raise Unavailable(ErrorCode.NO_SECRET_STORE, why=type(error).__name__) from None

        try:
            return await asyncio.wait_for(_in_thread_of_its_own(ask), self._keyring_limit_s)
        except TimeoutError:
            raise Unavailable(ErrorCode.NO_SECRET_STORE, why="slow") from None


def _in_thread_of_its_own(work: Callable[[], _Result]) -> asyncio.Future[_Result]:
    """Like `asyncio.to_thread`, but a call that never returns keeps neither the loop nor the program from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_Result] = loop.create_future()

    def settle(result: _Result | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # None only where that is the result

    def run() -> None:
        try:
            outcome: tuple[_Result | None, BaseException | None] = (work(), None)
        except Exception as error:
            outcome = (None, error)
        try:
            loop.call_soon_threadsafe(settle, *outcome)
        except RuntimeError:  # the loop ended meanwhile
            return

    threading.Thread(target=run, name="keyring", daemon=True).start()
    return done


def _seed_of(text: str) -> bytes:
    try:
        seed = bytes.fromhex(text)
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise Unavailable(ErrorCode.BAD_FILE, what="keyring entry")
    return seed
