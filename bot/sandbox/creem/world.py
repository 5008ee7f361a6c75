"""One Creem store: its objects, its time, its events and how its customers' cards behave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from bot.sandbox.agenda import Agenda
from bot.sandbox.clock import SandboxClock
from bot.sandbox.creem.records import Record, StoreSettings
from bot.sandbox.creem.wire import Json, new_id, not_found

R = TypeVar("R", bound=Record)


class World:
    """Shared state of the sandbox's parts. Everything runs on one event loop and handlers do not
    await, so each request is atomic."""

    def __init__(self, clock: SandboxClock, settings: StoreSettings) -> None:
        self.clock = clock
        self.settings = settings
        self.agenda = Agenda()
        self.events: list[Json] = []
        self.declines: dict[str, int | None] = {}
        self.portals: dict[str, str] = {}
        self.on_event: Callable[[Json], None] = lambda _: None
        self._records: dict[type[Record], dict[str, Any]] = {}
        self._frozen: int | None = None

    def now(self) -> int:
        return int(self.clock.now()) if self._frozen is None else self._frozen

    @contextmanager
    def frozen(self, at: int) -> Iterator[None]:
        """What happens inside happens at ``at``: a renewal belongs to its period's end, however
        late the engine gets to it."""
        self._frozen = at
        try:
            yield
        finally:
            self._frozen = None

    # --- objects ---

    def make(self, kind: type[R], /, *, id: str | None = None, **values: Any) -> R:  # noqa: A002
        """A new object of this kind, kept."""
        made = kind(id=id or new_id(kind.PREFIX), created_at=self.now(), **values)
        return self.keep(made)

    def keep(self, record: R) -> R:
        """Have the object be one of the store's."""
        self._table(type(record))[record.id] = record
        return record

    def get(self, kind: type[R], object_id: str) -> R:
        """Raises Creem's 404 when there is none."""
        found = self.find(kind, object_id)
        if found is None:
            raise not_found(kind.NOUN)
        return found

    def find(self, kind: type[R], object_id: str | None) -> R | None:
        return self._table(kind).get(object_id or "")

    def all(self, kind: type[R], **wanted: object) -> list[R]:
        """Objects whose attributes are as ``wanted``, oldest first."""
        return [
            record
            for record in self._table(kind).values()
            if all(getattr(record, name) == value for name, value in wanted.items())
        ]

    def by_id(self, object_id: str) -> Record | None:
        """An object of any kind."""
        for table in self._records.values():
            if object_id in table:
                found: Record = table[object_id]
                return found
        return None

    def kinds(self) -> list[type[Record]]:
        """The kinds of which there are objects."""
        return list(self._records)

    def _table(self, kind: type[R]) -> dict[str, R]:
        return self._records.setdefault(kind, {})

    def touch(self, record: Record) -> None:
        """Note that the object has changed now."""
        record.updated_at = self.now()

    # --- cards ---

    def declines_next(self, customer_id: str) -> bool:
        """Whether the customer's next charge is declined, counted down."""
        if customer_id not in self.declines:
            return False
        left = self.declines[customer_id]
        if left is not None and left <= 1:
            del self.declines[customer_id]
        elif left is not None:
            self.declines[customer_id] = left - 1
        return True

    # --- events ---

    def record_event(self, kind: str, content: Json) -> None:
        """Keep the event and hand it on for delivery."""
        at = self.clock.now() if self._frozen is None else float(self._frozen)
        event = {
            "id": new_id("evt"),
            "eventType": kind,
            "created_at": int(at * 1000),
            "object": content,
        }
        self.events.append(event)
        self.on_event(event)
