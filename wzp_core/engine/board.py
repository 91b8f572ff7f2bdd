"""Holds the state a UI sees and tells it about every change."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from wzp_core.session.state import AppState


class Board:
    """The only place where the engine's AppState is replaced."""

    def __init__(self, state: AppState, on_state: Callable[[AppState], None]) -> None:
        self._state = state
        self._on_state = on_state

    @property
    def state(self) -> AppState:
        return self._state

    def set(self, **changes: Any) -> None:
        """Replaces fields of AppState; equal values tell nobody."""
        changed = replace(self._state, **changes)
        if changed != self._state:
            self._state = changed
            self._on_state(changed)
