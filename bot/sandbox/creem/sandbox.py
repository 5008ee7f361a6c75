"""The sandbox as tests and the demo use it: start it, fill it, move its clock, break it, look
inside. What means the same as in the local Stripe has the same name."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bot.sandbox.clock import SandboxClock
from bot.sandbox.creem import billing, checkout, clockwork, refunds, shapes
from bot.sandbox.creem.overview import overview
from bot.sandbox.creem.pages import Pages
from bot.sandbox.creem.records import (
    MONTHS,
    Checkout,
    Customer,
    Product,
    Refund,
    StoreSettings,
    Subscription,
    Transaction,
)
from bot.sandbox.creem.server import ApiServer
from bot.sandbox.creem.webhooks import Webhooks
from bot.sandbox.creem.wire import Json, new_id
from bot.sandbox.creem.world import World
from bot.sandbox.faults import Faults
from bot.sandbox.provider import LocalProvider

RETRY_DELAYS = (0.2, 0.5, 1.0, 2.0)
"""Real seconds between a webhook's attempts. Creem's own are 30 s, 1 min, 5 min and 1 h."""

_PERIODS = {"month": "every-month", "year": "every-year", None: "once"}


class CreemSandbox(LocalProvider):
    """One Creem store in test mode on a local port. Everything it returns is a copy.

    ``sends_buyers_back``: whether a paid checkout leads to its success_url, as Creem's does. Off
    where that address is on a site that this machine cannot or should not reach.
    """

    def __init__(
        self,
        *,
        clock: SandboxClock | None = None,
        api_key: str = "creem_test_sandbox",
        webhook_secret: str = "whsec_creem_sandbox",  # noqa: S107
        settings: StoreSettings | None = None,
        retry_delays: Sequence[float] = RETRY_DELAYS,
        webhook_timeout: float = 10.0,
        sends_buyers_back: bool = True,
    ) -> None:
        clock = clock or SandboxClock()
        self.api_key = api_key
        self.webhook_secret = webhook_secret
        self.settings = settings or StoreSettings()
        self.faults = Faults()
        self._world = World(clock, self.settings)
        webhooks = Webhooks(
            self._world, secret=webhook_secret, retry_delays=retry_delays, timeout=webhook_timeout
        )
        super().__init__(
            clock,
            api=ApiServer(self._world, api_key=api_key, faults=self.faults),
            pages=Pages(self._world, api_key=api_key, sends_buyers_back=sends_buyers_back),
            webhooks=webhooks,
            agenda=self._world.agenda,
            run_next=partial(clockwork.run_next, self._world),
        )

    # --- filling it ---

    def add_product(
        self,
        name: str,
        *,
        price: int,
        currency: str = "usd",
        interval: str | None = "month",
        id: str | None = None,  # noqa: A002
        tax_mode: str = "inclusive",
        trial_days: int = 0,
    ) -> Json:
        """``interval`` is month or year, None for what is bought once."""
        made = self._world.make(
            Product,
            id=id,
            name=name,
            description=name,
            price=price,
            currency=currency.upper(),
            billing_period=_PERIODS[interval],
            tax_mode=tax_mode,
            trial_days=trial_days if _PERIODS[interval] in MONTHS else 0,
        )
        return shapes.product(made)

    def add_customer(
        self,
        email: str,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> Json:
        """A customer whose card works."""
        return shapes.customer(self._world.make(Customer, id=id, email=email, name=name))

    def add_subscription(
        self, customer_id: str, product_id: str, *, metadata: Json | None = None, units: int = 1
    ) -> Json:
        """Bought through a checkout; incomplete if the customer's payments are declined."""
        session = self._begin_checkout(customer_id, product_id, metadata, units=units)
        if customer_id in self._world.declines:
            checkout.begin(self._world, session, self._world.get(Customer, customer_id))
        else:
            checkout.pay(self._world, session)
        return self.get(session.subscription_id or "")

    def add_charge(self, customer_id: str, product_id: str) -> Json:
        """A one-time product is bought. Returns the transaction."""
        session = self._begin_checkout(customer_id, product_id)
        checkout.pay(self._world, session)
        return self.get(self.get(session.order_id or "")["transaction"])

    def add_duplicate_payment(self, transaction_id: str) -> Json:
        """The customer is charged a second time for the same. Returns the second transaction."""
        first = self._world.get(Transaction, transaction_id)
        second = replace(
            first,
            id=new_id(Transaction.PREFIX),
            created_at=self._world.now(),
            updated_at=None,
            status="paid",
            refunded_amount=0,
        )
        return shapes.transaction(self._world.keep(second))

    def charge_again(self, payment_id: str) -> Json:
        return self.add_duplicate_payment(payment_id)

    def open_checkout(self, customer_id: str, product_id: str) -> Json:
        """A checkout that waits for its buyer, as the API makes it."""
        return self.get(self._begin_checkout(customer_id, product_id).id)

    def _begin_checkout(
        self, customer_id: str, product_id: str, metadata: Json | None = None, *, units: int = 1
    ) -> Checkout:
        given = {
            "product_id": product_id,
            "customer": {"id": customer_id},
            "metadata": metadata,
            "units": units,
        }
        return checkout.create(self._world, given)

    # --- time ---

    async def advance_to_period_end(self, subscription_id: str) -> None:
        """To the end of the current period, where a renewal is charged at once."""
        subscription = self._world.get(Subscription, subscription_id)
        await self.advance(seconds=max(0.0, subscription.period_end - self.clock.now()))

    # --- what people and banks do ---

    def decline_payments(
        self, customer_id: str, on: bool = True, *, times: int | None = None
    ) -> None:
        """The customer's next ``times`` charges fail; all of them when None. Off accepts again."""
        if on:
            self._world.declines[customer_id] = times
        else:
            self._world.declines.pop(customer_id, None)

    def accept_payments(self, customer_id: str) -> None:
        self.decline_payments(customer_id, on=False)

    def portal_cancel(self, subscription_id: str) -> Json:
        """Cancel the way the customer portal does: at once."""
        subscription = self._world.get(Subscription, subscription_id)
        billing.end(self._world, subscription)
        return self.get(subscription_id)

    def pay_checkout(self, checkout_id: str, *, email: str | None = None) -> Json:
        """Press Pay. Raises CreemError when the card refuses or the session is closed."""
        checkout.pay(self._world, self._world.get(Checkout, checkout_id), email=email)
        return self.get(checkout_id)

    def refund(self, payment_id: str, *, amount: int | None = None) -> Json:
        """A refund from the dashboard, where part of a payment can be given back too."""
        payment = self._world.get(Transaction, payment_id)
        made = refunds.refund(self._world, payment, amount=amount)
        return shapes.refund(self._world, made, expand=True)

    def settle_refund(self, refund_id: str, *, succeeds: bool = True) -> Json:
        """The bank decides about a pending refund; no event tells of it."""
        made = self._world.get(Refund, refund_id)
        refunds.settle(self._world, made, succeeds=succeeds)
        return self.get(refund_id)

    def open_dispute(self, payment_id: str) -> Json:
        payment = self._world.get(Transaction, payment_id)
        made = refunds.open_dispute(self._world, payment)
        return shapes.dispute(self._world, made, expand=True)

    # --- webhooks ---

    def resend(self, event: Json) -> None:
        """The dashboard's button: the event goes out once more, as it was."""
        self._webhooks.accept(event)

    def deliver_again(self, event_id: str) -> None:
        self.resend(next(event for event in self.events if event["id"] == event_id))

    # --- looking inside ---

    def objects(self, kind: str) -> list[Json]:
        """All objects of a kind (Creem's ``object`` name), oldest first."""
        return [
            shapes.whole(self._world, record)
            for found in self._world.kinds()
            if found.NOUN.lower() == kind
            for record in self._world.all(found)
        ]

    def get(self, object_id: str) -> Json:
        """Raises KeyError for an unknown id."""
        record = self._world.by_id(object_id)
        if record is None:
            raise KeyError(object_id)
        return shapes.whole(self._world, record)

    @property
    def events(self) -> list[Json]:
        """Oldest first."""
        copies: list[Json] = json.loads(json.dumps(self._world.events))
        return copies

    def overview(self) -> list[Json]:
        """Customers with their subscriptions, payments and refunds, newest first within each."""
        clockwork.catch_up(self._world)
        return overview(self._world)
