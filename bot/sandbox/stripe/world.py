"""One Stripe account: its objects, its time, its events and how its customers' cards behave."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from bot.sandbox.agenda import Agenda
from bot.sandbox.clock import SandboxClock
from bot.sandbox.stripe.shapes.platform import event
from bot.sandbox.stripe.store import Store, new_id, token
from bot.sandbox.stripe.wire import Json

if TYPE_CHECKING:
    from bot.sandbox.stripe.changes import Change
    from bot.sandbox.stripe.checkout import Sale


@dataclass(frozen=True, slots=True)
class Decline:
    """How a card refuses: ``code`` and ``decline_code`` as in a card error; ``times`` None for
    always."""

    code: str
    decline_code: str | None
    times: int | None


@dataclass(frozen=True, slots=True)
class Origin:
    """The API request that causes an event; both None for what the billing engine does by
    itself."""

    request_id: str | None = None
    idempotency_key: str | None = None


def copy_of(obj: Json) -> Json:
    return cast(Json, json.loads(json.dumps(obj)))


def previous_attributes(before: Json, after: Json) -> Json:
    """What changed, with the old values, as an event's ``previous_attributes`` has it: groups hold
    only their changed keys, lists are whole."""
    changed: Json = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            changed[key] = previous_attributes(old, new)
        else:
            changed[key] = old
    return changed


class World:
    """Shared state of the sandbox's parts. Everything runs on one event loop and handlers do not
    await, so each request is atomic."""

    def __init__(self, clock: SandboxClock) -> None:
        self.clock = clock
        self.store = Store()
        self.agenda = Agenda()
        self.account_id = new_id("acct", 16)
        self.origin = Origin()
        self.started_at = int(clock.now())
        self.endpoint_secrets: dict[str, str] = {}
        self.declines: dict[str, Decline] = {}
        self.hosted: dict[str, str] = {}
        self.waiting_lines: dict[str, list[Json]] = {}
        self.checkouts: dict[str, Sale] = {}
        # Of a coupon that is restricted; the API shows them only to those who ask.
        self.coupon_products: dict[str, list[str]] = {}
        self.pending_changes: dict[str, tuple[str, Change]] = {}
        self.webhook_count: Callable[[str], int] = lambda _: 0
        self.on_event: Callable[[Json], None] = lambda _: None
        self._frozen: int | None = None
        self._changing: set[str] = set()

    def now(self) -> int:
        return int(self.clock.now()) if self._frozen is None else self._frozen

    @contextmanager
    def frozen(self, at: int) -> Iterator[None]:
        """Objects made inside carry the time ``at``: a renewal happens at its period's end, however
        late the engine gets to it."""
        self._frozen = at
        try:
            yield
        finally:
            self._frozen = None

    @contextmanager
    def caused_by(self, origin: Origin) -> Iterator[None]:
        self.origin = origin
        try:
            yield
        finally:
            self.origin = Origin()

    def emit(self, kind: str, obj: Json, previous: Json | None = None) -> Json:
        """Record the event and hand it on for delivery. Returns the event."""
        data: Json = {"object": copy_of(obj)}
        if previous is not None:
            data["previous_attributes"] = previous
        made = event(
            new_id("evt", 25),
            kind=kind,
            data=data,
            created=self.now(),
            request={
                "id": self.origin.request_id,
                "idempotency_key": self.origin.idempotency_key,
            },
            pending_webhooks=self.webhook_count(kind),
        )
        self.store.put(made)
        self.on_event(made)
        return made

    @contextmanager
    def changing(self, obj: Json, kind: str) -> Iterator[None]:
        """Emit one ``kind`` event with ``previous_attributes`` for all changes made inside. Nested
        use for the same object joins the outer one. Nothing is emitted when nothing changed; an
        error puts the object back as it was, because a refused request leaves no trace."""
        if obj["id"] in self._changing:
            yield
            return
        before = copy_of(obj)
        self._changing.add(obj["id"])
        try:
            yield
        except Exception:
            obj.clear()
            obj.update(before)
            raise
        finally:
            self._changing.discard(obj["id"])
        previous = previous_attributes(before, copy_of(obj))
        if previous:
            self.emit(kind, obj, previous)

    def decline_for(self, *owners: str | None) -> Decline | None:
        """How the next charge to the first of these customers or cards that has orders to decline
        is declined, counted down; None when it goes through."""
        for owner in owners:
            decline = self.declines.get(owner) if owner else None
            if decline is None or owner is None:
                continue
            if decline.times is not None:
                left = decline.times - 1
                if left:
                    self.declines[owner] = Decline(decline.code, decline.decline_code, left)
                else:
                    del self.declines[owner]
            return decline
        return None

    def hosted_token(self, object_id: str) -> str:
        """An unguessable path segment under which a page about the object is served."""
        made = f"test_{token(40)}"
        self.hosted[made] = object_id
        return made
