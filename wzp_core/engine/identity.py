"""Loads, makes, restores and backs up the identity."""

import asyncio

from wzp_core.crypto.backup import seed_of_backup, words_of
from wzp_core.crypto.identity import Identity
from wzp_core.engine.board import Board
from wzp_core.engine.world import World
from wzp_core.errors import ErrorCode, LocalMisuse, WzpError
from wzp_core.session.state import Me, Notice, SeedStorage

_SEED = 32


class IdentityKeeper:
    """The identity of this profile, once it is there."""

    def __init__(self, world: World, board: Board) -> None:
        self._world, self._board = world, board
        self._identity: Identity | None = None
        self._seed = b""
        self._there = asyncio.Event()

    @property
    def identity(self) -> Identity:
        if self._identity is None:
            raise LocalMisuse(ErrorCode.SECRETS_LOCKED)
        return self._identity

    @property
    def alias(self) -> str:
        """The name others see: the user's choice, else the one derived from the identity."""
        return self._board.state.settings.alias or self.identity.alias

    async def load(self) -> None:
        """Returns once there is an identity; a sealed one waits for `unlock`."""
        try:
            await self._take(await self._world.seeds.load(self._world.passphrase))
        except WzpError as error:
            locked = error.code is ErrorCode.SECRETS_LOCKED
            self._board.set(unlock_needed=locked, notice=None if locked else Notice(code=error.code))
        await self._there.wait()

    async def unlock(self, passphrase: str) -> None:
        """Raises WRONG_PASSPHRASE."""
        await self._take(await self._world.seeds.load(passphrase))
        if self._board.state.notice == Notice(code=ErrorCode.WRONG_PASSPHRASE):
            self._board.set(notice=None)  # of an attempt before

    async def restore(self, backup: str) -> None:
        """Replaces the identity. Raises BAD_BACKUP."""
        seed = seed_of_backup(backup)
        self._set(seed, await self._world.seeds.save(seed))

    async def change_passphrase(self, passphrase: str) -> None:
        storage = await self._world.seeds.change_passphrase(passphrase)
        self._set(self._seed, storage)

    def words(self) -> str:
        if not self._seed:
            raise LocalMisuse(ErrorCode.SECRETS_LOCKED)
        return words_of(self._seed)

    def show(self) -> None:
        """Puts fingerprint and alias on the screen; again after the alias was changed."""
        me = self._board.state.me
        if self._identity is not None and me is not None:
            self._board.set(me=Me(fingerprint=self.identity.fingerprint, alias=self.alias, storage=me.storage))

    async def _take(self, found: tuple[bytes, SeedStorage] | None) -> None:
        if found is None:
            seed = self._world.entropy(_SEED)
            found = seed, await self._world.seeds.save(seed)
        self._set(*found)

    def _set(self, seed: bytes, storage: SeedStorage) -> None:
        self._seed, self._identity = seed, Identity.from_seed(seed)
        me = Me(fingerprint=self._identity.fingerprint, alias=self.alias, storage=storage)
        self._board.set(me=me, unlock_needed=False)
        self._there.set()
