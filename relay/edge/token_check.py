"""Asks the operator's service whose token it is (relay.md §4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from relay.decide.tokens import LONGEST_ANSWER, LONGEST_TOKEN, check_owner, owner
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.protocol.ids import Fingerprint

if TYPE_CHECKING:
    import aiohttp

_LIMIT_S = 5.0
_AT_ONCE = 16  # requests; more wait, and waiting counts as time
_TRIES = 2


class TokenCheck:
    """Asks nobody, and lets everybody in, where there is no service; open with `open_token_check`."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._url = ""

    @property
    def checks(self) -> bool:
        return bool(self._url)

    def ask(self, url: str) -> None:
        """That service from now on; without an address, nobody. Whoever is in stays in."""
        self._url = url
        if url and self._session is None:
            import aiohttp  # takes 0.2 s, which only relays with such a service have to wait for

            limit = aiohttp.ClientTimeout(total=_LIMIT_S)
            self._session = aiohttp.ClientSession(timeout=limit, connector=aiohttp.TCPConnector(limit=_AT_ONCE))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def admit(self, token: str | None, claimed: Fingerprint) -> None:
        """Returns where the token is that identity's.

        Raises RemoteViolation(TOKEN_REFUSED), and Unavailable(TOKEN_UNCHECKED) where the service did not answer well.
        """
        if self._session is None or not self._url:
            return
        if not token or len(token) > LONGEST_TOKEN:
            raise RemoteViolation(ErrorCode.TOKEN_REFUSED, reason="too long" if token else "none given")
        check_owner(await self._owner(self._session, token), claimed)

    async def _owner(self, session: aiohttp.ClientSession, token: str) -> Fingerprint:
        import aiohttp

        cause: Exception | None = None
        for _ in range(_TRIES):
            try:
                async with session.post(self._url, json={"token": token}, allow_redirects=False) as response:
                    return owner(response.status, await _body(response))
            except aiohttp.ClientConnectionError as error:  # again: a kept connection may have been closed meanwhile
                cause = error
            except (aiohttp.ClientError, TimeoutError) as error:
                raise Unavailable(ErrorCode.TOKEN_UNCHECKED, reason=type(error).__name__) from error
        raise Unavailable(ErrorCode.TOKEN_UNCHECKED, reason=type(cause).__name__) from cause


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    async for part in response.content.iter_any():
        body += part
        if len(body) > LONGEST_ANSWER:
            raise Unavailable(ErrorCode.TOKEN_UNCHECKED, reason="too long")
    return body


@asynccontextmanager
async def open_token_check(url: str) -> AsyncIterator[TokenCheck]:
    """Without an address there is no check."""
    check = TokenCheck()
    check.ask(url)
    try:
        yield check
    finally:
        await check.close()
