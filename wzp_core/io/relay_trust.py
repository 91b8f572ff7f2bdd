"""Relays' certificates as first seen, on disk."""

from wzp_core.io.database import Database
from wzp_core.protocol.ids import TlsFingerprint


class SqliteRelayTrust:
    """`ports.RelayTrust`; raises Unavailable(BAD_FILE) where the disk fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, address: str) -> TlsFingerprint | None:
        """What `host:port` showed when it was last trusted."""
        row = await self._database.use(
            lambda connection: connection.execute(
                "SELECT fingerprint FROM relays WHERE address = ?", (_same(address),)
            ).fetchone()
        )
        return None if row is None else TlsFingerprint(row[0])

    async def remember(self, address: str, fingerprint: TlsFingerprint) -> None:
        """Trusts this certificate, and no other, from now on."""
        await self._database.use(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO relays VALUES (?, ?)", (_same(address), fingerprint)
            )
        )


def _same(address: str) -> str:
    return address.strip().lower()  # host names have no case
