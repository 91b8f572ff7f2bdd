"""Which relay to use: the one asked for, one of this user on this machine, or the app's own."""

from contextlib import AsyncExitStack

from wzp_core.engine.board import Board
from wzp_core.engine.world import RelayTarget, World
from wzp_core.errors import ErrorCode, LocalMisuse
from wzp_core.protocol.address import split_address
from wzp_core.settings.schema import RelayEntry


class RelayChoice:
    """Remembers the own relay once it runs; it lasts until the exit stack ends."""

    def __init__(self, world: World, board: Board, override: str, token: str = "") -> None:
        """`override` and the token for it stand above the settings."""
        self._world, self._board, self._override, self._token = world, board, override, token
        self._own: RelayTarget | None = None
        self._selected: str | None = None  # as it was when the user's choice last took effect

    def choose_again(self) -> None:
        """The user has chosen another relay than the one in use, or the one the program was started with."""
        self._override, self._token, self._selected = "", "", None

    async def target(self, lifetime: AsyncExitStack) -> RelayTarget:
        """Raises Unavailable(NO_PORT) where the own relay cannot start, LocalMisuse(BAD_SETTINGS) for a bad address."""
        settings = self._board.state.settings.relay
        if self._selected is None:
            self._selected = settings.selected
        wanted = self._override or self._selected
        if wanted:
            return self._configured(wanted, settings.entry(wanted))
        if self._own is not None:
            return self._own
        if self._world.own_relay is None:
            raise LocalMisuse(ErrorCode.BAD_SETTINGS, name="relay", value="none given")
        if (found := await self._world.own_relay.find()) is not None:
            return found
        self._own = await lifetime.enter_async_context(self._world.own_relay.start(announce=settings.announce))
        return self._own

    def _configured(self, wanted: str, entry: RelayEntry) -> RelayTarget:
        parts = split_address(wanted)
        if parts is None:
            raise LocalMisuse(ErrorCode.BAD_SETTINGS, name="relay", value=wanted)
        return RelayTarget(name=entry.name or parts[0], host=parts[0], port=parts[1], token=self._token or entry.token)
