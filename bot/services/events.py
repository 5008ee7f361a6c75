"""Events from payment providers: stored with their job before the sender gets its 200.

An event is a hint. Its job fetches the object and applies what the provider shows then, so order,
repetition and age of events do not matter.
"""

import asyncio
from collections.abc import Mapping

import structlog
from prometheus_client import Counter

from bot.billing.provider import EventHint, ProviderRefusedError, Snapshot
from bot.domain.identifiers import ProviderName
from bot.domain.job import Job, NewJob
from bot.services.context import Context
from bot.services.mirror import apply
from storage import events, jobs
from storage.events import Event

# Stripe allows 25 reads a second of one endpoint, and takes 150 to 300 ms for one.
APPLIED_AT_ONCE = 4

_OF_PAYMENTS = ("charge.", "refund.")
_OF_DISPUTES = "charge.dispute."

_log = structlog.get_logger(__name__)
_received = Counter("mooring_events_total", "Verified events from payment providers", ["type"])


class EventService:
    """Takes events in, many per transaction, and applies them."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context
        self._waiting: list[tuple[ProviderName, EventHint, asyncio.Future[None]]] = []
        self._storing: asyncio.Task[None] | None = None

    async def receive(
        self, provider: ProviderName, body: bytes, headers: Mapping[str, str]
    ) -> None:
        """Verify and store an event; returns once it is committed.

        Raises BadEventError, or KeyError for a provider that is not configured. Events that
        arrive while a transaction is being committed share the next one.
        """
        adapter = self._context.providers[provider]
        hint = adapter.read_event(body, headers.get(adapter.signature_header))
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((provider, hint, stored))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store_waiting(), name="store events")
        await stored
        _received.labels(hint.type).inc()

    async def _store_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._store([(provider, hint) for provider, hint, _ in batch])
            except Exception as error:  # noqa: BLE001 - each sender gets it, and sends again
                for _, _, stored in batch:
                    if not stored.done():
                        stored.set_exception(error)
            else:
                for _, _, stored in batch:
                    if not stored.done():
                        stored.set_result(None)

    async def _store(self, hints: list[tuple[ProviderName, EventHint]]) -> None:
        now = self._context.clock()
        new_events = [
            Event(hint.id, provider, hint.type, hint.object_id, now) for provider, hint in hints
        ]
        new_jobs = [
            NewJob(
                "event.apply",
                f"{_key_prefix(provider, _about(hint))}{hint.id}",
                {
                    "provider": provider,
                    "id": hint.id,
                    "type": hint.type,
                    "object_id": hint.object_id,
                    "references": dict(hint.references),
                },
                line=_line(hint),
            )
            for provider, hint in hints
        ]
        async with self._context.database.write() as connection:
            await events.add(connection, new_events)
            await jobs.add(connection, new_jobs, now=now)

    async def apply(self, job: Job) -> None:
        """Fetch what the event is about and take it over."""
        payload = job.payload
        hint = EventHint(
            payload["id"], payload["type"], payload["object_id"], payload["references"]
        )
        provider = self._context.providers.get(payload["provider"])
        if provider is None:
            return  # its account was taken out of the configuration since
        async with self._context.database.read() as connection:
            last_known = await jobs.last_id(connection)
        asked_at = self._context.clock()
        try:
            snapshot = await provider.fetch_event_objects(hint)
        except ProviderRefusedError as refusal:
            # Deleted meanwhile, or not visible to this key: there is nothing to take over.
            _log.warning(
                "event_object_refused", event_id=hint.id, type=hint.type, code=refusal.code
            )
            return
        if snapshot is None:
            return
        async with self._context.database.write() as connection:
            await apply(connection, self._context, snapshot, asked_at=asked_at)
            await jobs.supersede(
                connection,
                kind="event.apply",
                key_prefixes=[_key_prefix(provider.name, each) for each in _shown(snapshot)],
                up_to=last_known,
                now=asked_at,
            )


def _about(hint: EventHint) -> str:
    """The object that is fetched for an event: the payment, for what happens to a charge, and with
    it what it paid for, where an event names its transaction."""
    if "transaction" in hint.references:
        return hint.references["transaction"]
    if hint.type.startswith(_OF_PAYMENTS) and not hint.type.startswith(_OF_DISPUTES):
        return hint.references.get("payment_intent") or hint.object_id or ""
    return hint.object_id or ""


def _key_prefix(provider: ProviderName, about: str) -> str:
    """Jobs about one object have neighbouring keys."""
    return f"event:{provider}:{about}:"


def _shown(snapshot: Snapshot) -> list[str]:
    """What was asked for just now. Other events about it, that were here before, tell no more."""
    return [
        *(subscription.id for subscription in snapshot.subscriptions),
        *(invoice.id for invoice in snapshot.invoices),
        *(payment.id for payment in snapshot.payments),
    ]


def _line(hint: EventHint) -> str | None:
    """Events about one subscription are applied one after another.

    In a line of their own: what a member has asked for does not wait until a read gets through.
    """
    about = hint.references.get("subscription") or hint.references.get("customer")
    if hint.type.startswith("customer.subscription."):
        about = hint.object_id
    return None if about is None else f"events:{about}"
