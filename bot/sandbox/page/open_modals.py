"""Modals that were shown on a page and wait for their submission."""

from __future__ import annotations

import secrets
from collections import OrderedDict

from bot.sandbox.discord import Modal
from bot.sandbox.page.cast import PagePersona
from bot.sandbox.page.requests import Refused

MAX_OPEN = 200
"""Beyond this the oldest is forgotten: a page that was closed never submits its own."""


class OpenModals:
    """Finds a modal by the id the page got for it; only its own persona can submit it."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, tuple[str, Modal]] = OrderedDict()

    def open(self, modal: Modal, persona: PagePersona) -> str:
        """Keep a modal; returns its id."""
        modal_id = secrets.token_urlsafe(12)
        self._open[modal_id] = (persona.key, modal)
        if len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        return modal_id

    def find(self, modal_id: str, persona: PagePersona) -> Modal:
        """The modal with this id.

        Raises:
            Refused: it was submitted already, or is somebody else's.
        """
        owner, modal = self._open.get(modal_id, ("", None))
        if modal is None or owner != persona.key:
            raise Refused(404, "no_such_modal", "This form is no longer open.")
        return modal

    def close(self, modal_id: str) -> None:
        """Forget a modal."""
        self._open.pop(modal_id, None)
