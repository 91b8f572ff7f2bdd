"""Contacts, history and presence, kept on disk and on the screen."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from wzp_core.engine.board import Board
from wzp_core.engine.scope import TaskScope
from wzp_core.engine.volumes import Volumes
from wzp_core.engine.world import World
from wzp_core.errors import Unavailable
from wzp_core.logs import event, logger
from wzp_core.ports import Contact, HistoryEntry
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.presence import PresenceUser
from wzp_core.session.call_events import PeerJudged
from wzp_core.session.lobby import person, present
from wzp_core.session.state import CallView, EndReason, Notice, Person

_KEEP_VOLUMES_S = 1.0

log = logger("people")


class People:
    """What is remembered about others."""

    def __init__(self, world: World, board: Board, volumes: Volumes) -> None:
        self._world, self._board, self._volumes = world, board, volumes
        self._volumes_wait = False  # to be kept
        self._contacts: dict[Fingerprint, Contact] = {}
        self._users: tuple[PresenceUser, ...] = ()

    @property
    def contacts(self) -> dict[Fingerprint, Contact]:
        return self._contacts

    async def load(self) -> None:
        async with self._disk_may_fail():
            self._contacts = {contact.fingerprint: contact for contact in await self._world.phonebook.contacts()}
            for contact in self._contacts.values():
                self._volumes.remember(contact.fingerprint, contact.volume_percent)
            self._board.set(contacts=tuple(self._contacts.values()), history=await self._world.phonebook.history())

    def person(self, fingerprint: Fingerprint, alias: str | None = None) -> Person:
        online = next((p.alias for p in self._board.state.present if p.fingerprint == fingerprint), "")
        return person(fingerprint, alias or online, self._contacts)

    def was_end_to_end(self, fingerprint: Fingerprint) -> bool:
        contact = self._contacts.get(fingerprint)
        return contact is not None and contact.end_to_end

    @property
    def users(self) -> tuple[PresenceUser, ...]:
        """As the relay told last."""
        return self._users

    def present(self, users: Iterable[PresenceUser]) -> None:
        self._users = tuple(users)
        self._show_present()

    async def judged(self, who: Person, verdict: PeerJudged) -> None:
        """Remembers what a call taught about its peer."""
        contact = self._contacts.get(who.fingerprint) or Contact(fingerprint=who.fingerprint)
        if verdict.verified is not None:
            contact = replace(contact, verified=verdict.verified, mismatched=not verdict.verified)
        if verdict.end_to_end is not None:
            contact = replace(contact, end_to_end=verdict.end_to_end)
        contact = replace(
            contact,
            alias=who.alias or contact.alias,
            last_seen_unix=int(self._world.unix_time()),
            volume_percent=self._volumes.of(who.fingerprint).percent,
        )
        self._contacts[who.fingerprint] = contact
        self._board.set(contacts=tuple(self._contacts.values()))
        self._show_present()
        async with self._disk_may_fail():
            await self._world.phonebook.save_contact(contact)

    def keep_volumes(self, tasks: TaskScope) -> None:
        """On disk, for contacts; a slider that is being moved writes once a second, not at every step."""
        if not self._volumes_wait:
            self._volumes_wait = True
            tasks.create_task(self._keep_volumes(), name="keep volumes")

    async def _keep_volumes(self) -> None:
        await asyncio.sleep(_KEEP_VOLUMES_S)
        self._volumes_wait = False
        heard = {fingerprint: self._volumes.of(fingerprint).percent for fingerprint in self._contacts}
        changed = [
            replace(contact, volume_percent=heard[contact.fingerprint])
            for contact in self._contacts.values()
            if contact.volume_percent != heard[contact.fingerprint]
        ]
        self._contacts |= {contact.fingerprint: contact for contact in changed}
        self._board.set(contacts=tuple(self._contacts.values()))
        async with self._disk_may_fail():
            for contact in changed:
                await self._world.phonebook.save_contact(contact)

    async def log_call(self, view: CallView, now_unix: float) -> None:
        """One line of history; a call that we neither answered nor declined is a missed one."""
        talked = view.started_at_unix is not None
        direction = "received" if talked else "declined" if view.ended is EndReason.HUNG_UP else "missed"
        entry = HistoryEntry(
            call_id=view.call_id,
            fingerprint=view.peer.fingerprint,
            alias=view.peer.alias,
            direction="placed" if view.outgoing else direction,
            started_unix=int(view.started_at_unix or now_unix),
            duration_s=int(now_unix - view.started_at_unix) if view.started_at_unix is not None else 0,
        )
        async with self._disk_may_fail():
            await self._world.phonebook.save_history(entry)
            self._board.set(history=await self._world.phonebook.history())

    async def clear_history(self) -> None:
        await self._world.phonebook.clear_history()
        self._board.set(history=())

    @asynccontextmanager
    async def _disk_may_fail(self) -> AsyncIterator[None]:
        """What cannot be kept costs a notice and the memory of it, never a call."""
        try:
            yield
        except Unavailable as error:
            event(log, "people:not_kept", level=logging.WARNING, error=error)
            self._board.set(notice=Notice(code=error.code))

    def _show_present(self) -> None:
        me = self._board.state.me
        if me is not None:
            self._board.set(present=present(self._users, me.fingerprint, self._contacts))
