"""The sandbox as tests and the demo use it: start it, fill it, move its clock, break it, look
inside."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Faults
from bot.sandbox.provider import DAY, LocalProvider
from bot.sandbox.stripe import (
    catalogue,
    checkout,
    clockwork,
    customers,
    invoices,
    payments,
    refunds,
    signup,
    subscriptions,
)
from bot.sandbox.stripe.overview import overview
from bot.sandbox.stripe.pages import Pages
from bot.sandbox.stripe.server import ApiServer
from bot.sandbox.stripe.shapes.platform import portal_configuration
from bot.sandbox.stripe.webhooks import Webhooks
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import Decline, World, copy_of

RETRY_DELAYS = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Real seconds between a webhook's attempts. Stripe's own run over three days."""


class StripeSandbox(LocalProvider):
    """One Stripe account on a local port. Everything it returns is a copy.

    ``sends_buyers_back``: whether a paid checkout leads to its success_url, as Stripe's does. Off
    where that address is on a site that this machine cannot or should not reach.
    """

    def __init__(
        self,
        *,
        clock: SandboxClock | None = None,
        api_key: str = "sk_test_sandbox",
        webhook_secret: str = "whsec_sandbox",  # noqa: S107
        retry_delays: Sequence[float] = RETRY_DELAYS,
        webhook_timeout: float = 10.0,
        sends_buyers_back: bool = True,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        clock = clock or SandboxClock()
        self.api_key = api_key
        self.webhook_secret = webhook_secret
        self.faults = Faults()
        self._world = World(clock)
        self._world.store.put(portal_configuration("bpc_default", created=self._world.now()))
        webhooks = Webhooks(
            self._world,
            secret=webhook_secret,
            retry_delays=retry_delays,
            timeout=webhook_timeout,
            wall_clock=wall_clock,
        )
        api = ApiServer(self._world, api_key=api_key, faults=self.faults)
        self.restrictions = api.restrictions
        super().__init__(
            clock,
            api=api,
            pages=Pages(self._world, sends_buyers_back=sends_buyers_back),
            webhooks=webhooks,
            agenda=self._world.agenda,
            run_next=partial(clockwork.run_next, self._world),
        )

    # --- filling it ---

    def add_product(
        self,
        name: str,
        *,
        id: str | None = None,  # noqa: A002
        metadata: dict[str, str] | None = None,
    ) -> Json:
        given = {"id": id, "metadata": metadata}
        return copy_of(catalogue.create_product(self._world, name, given))

    def add_price(
        self,
        product_id: str,
        *,
        unit_amount: int,
        currency: str = "usd",
        interval: str | None,
        id: str | None = None,  # noqa: A002
        lookup_key: str | None = None,
    ) -> Json:
        """``interval`` is month or year, None for a one-off price."""
        price = catalogue.create_price(
            self._world,
            self._world.store.get("product", product_id),
            currency=currency,
            unit_amount=unit_amount,
            recurring={"interval": interval} if interval else None,
            given={"lookup_key": lookup_key},
            price_id=id,
        )
        return copy_of(price)

    def add_coupon(
        self,
        *,
        id: str,  # noqa: A002
        percent: int,
        months: int,
        products: Sequence[str] = (),
    ) -> Json:
        """So much less, for so many months from the day on which it is given; for these products
        alone, if there are any."""
        given = {
            "id": id,
            "percent_off": float(percent),
            "duration": "repeating",
            "duration_in_months": months,
            "applies_to": {"products": list(products)},
        }
        return copy_of(catalogue.create_coupon(self._world, given))

    def add_customer(
        self,
        email: str | None,
        *,
        name: str | None = None,
        metadata: dict[str, str] | None = None,
        id: str | None = None,  # noqa: A002
    ) -> Json:
        """A customer whose default card works."""
        given = {"email": email, "name": name, "metadata": metadata}
        customer = customers.create_customer(self._world, given, customer_id=id)
        method = customers.attach(self._world, "pm_card_visa", customer)
        with self._world.changing(customer, "customer.updated"):
            customers.set_default(customer, method)
        return copy_of(customer)

    def add_subscription(
        self, customer_id: str, price_id: str, *, trial_days: int = 0, quantity: int = 1
    ) -> Json:
        """Subscribed and, unless the customer's payments are declined, paid for."""
        trial_end = self._world.now() + trial_days * DAY if trial_days else None
        subscription = signup.subscribe(
            self._world,
            self._world.store.get("customer", customer_id),
            [(self._world.store.get("price", price_id), quantity)],
            {},
            trial_end=trial_end,
        )
        return copy_of(subscription)

    def add_charge(
        self,
        customer_id: str,
        amount: int,
        currency: str = "usd",
        *,
        description: str | None = None,
        metadata: dict[str, str] | None = None,
    ) -> Json:
        """A one-off payment. Returns the charge."""
        customer = self._world.store.get("customer", customer_id)
        given = {"description": description, "metadata": metadata}
        intent, _ = payments.pay_now(
            self._world, customer, amount=amount, currency=currency, given=given
        )
        return self.get(intent["latest_charge"])

    def add_duplicate_payment(self, invoice_id: str) -> Json:
        """The customer is charged a second time for a paid invoice. Returns the charge."""
        intent = invoices.pay_again(self._world, self._world.store.get("invoice", invoice_id))
        return self.get(intent["latest_charge"])

    def charge_again(self, payment_id: str) -> Json:
        """Like ``add_duplicate_payment``, for the invoice of this charge. Raises StripeError when
        it has none."""
        intent_id = self._world.store.get("charge", payment_id)["payment_intent"]
        for paid in self._world.store.oldest_first("invoice_payment"):
            if paid["payment"]["payment_intent"] == intent_id:
                return self.add_duplicate_payment(paid["invoice"])
        raise StripeError(f"The charge {payment_id} belongs to no invoice.")

    def forget_portal_settings(self) -> None:
        """As in a new account, where nobody has saved the customer portal's settings."""
        self._world.store.remove("billing_portal.configuration", "bpc_default")

    # --- time ---

    async def advance_to_period_end(self, subscription_id: str) -> None:
        """To the end of the current period, and through the hour after which a renewal is
        charged."""
        subscription = self._world.store.get("subscription", subscription_id)
        await self._reach(subscriptions.period_end(subscription))
        latest = self._world.store.find("invoice", subscription["latest_invoice"] or "")
        if latest and latest["automatically_finalizes_at"]:
            await self._reach(latest["automatically_finalizes_at"])

    async def _reach(self, moment: float) -> None:
        """Nothing happens for one that is over."""
        await self.advance(seconds=max(0.0, moment - self.clock.now()))

    # --- what people and banks do ---

    def decline_payments(
        self,
        customer_id: str,
        *,
        code: str = "card_declined",
        decline_code: str | None = "insufficient_funds",
        times: int | None = None,
    ) -> None:
        """The customer's next ``times`` charges fail; all of them when None."""
        self._world.declines[customer_id] = Decline(code, decline_code, times)

    def accept_payments(self, customer_id: str) -> None:
        self._world.declines.pop(customer_id, None)

    def portal_cancel(
        self, subscription_id: str, *, feedback: str | None = None, comment: str | None = None
    ) -> Json:
        """Cancel at the period's end the way the customer portal does: ``cancel_at`` alone."""
        subscription = self._world.store.get("subscription", subscription_id)
        with self._world.changing(subscription, subscriptions.UPDATED):
            subscriptions.schedule_cancel(
                self._world,
                subscription,
                subscriptions.period_end(subscription),
                at_period_end=False,
                details={"feedback": feedback, "comment": comment},
            )
        return copy_of(subscription)

    def expire_card(self, customer_id: str) -> Json:
        """The customer's card is good for this month only. Raises StripeError without a card."""
        customer = self._world.store.get("customer", customer_id)
        method = customers.method_for(self._world, customer)
        if method is None:
            raise payments.no_payment_method()
        today = datetime.fromtimestamp(self._world.now(), UTC)
        with self._world.changing(method, "payment_method.updated"):
            method["card"] |= {"exp_month": today.month, "exp_year": today.year}
        return copy_of(method)

    def refund(self, payment_id: str, *, amount: int | None = None) -> Json:
        """A refund of a charge from the dashboard."""
        wanted = {} if amount is None else {"amount": amount}
        return copy_of(refunds.create_refund(self._world, {"charge": payment_id, **wanted}))

    def pay_checkout(self, session_id: str, *, email: str | None = None) -> Json:
        """Press Pay. Raises StripeError when the card refuses or the session is closed."""
        session = self._world.store.get("checkout.session", session_id)
        checkout.pay(self._world, session, email=email)
        return copy_of(session)

    def open_dispute(
        self, payment_id: str, *, reason: str = "fraudulent", is_inquiry: bool = False
    ) -> Json:
        charge = self._world.store.get("charge", payment_id)
        made = refunds.open_dispute(self._world, charge, reason=reason, is_inquiry=is_inquiry)
        return copy_of(made)

    def escalate_inquiry(self, dispute_id: str) -> None:
        """The bank no longer only asks."""
        refunds.escalate_inquiry(self._world, self._world.store.get("dispute", dispute_id))

    def close_dispute(self, dispute_id: str, *, status: str = "lost") -> Json:
        """``status``: won, lost or warning_closed."""
        dispute = self._world.store.get("dispute", dispute_id)
        refunds.close_dispute(self._world, dispute, status=status)
        return copy_of(dispute)

    def fail_refund(self, refund_id: str) -> Json:
        """The refund bounces, as it can days after it was made."""
        refund = self._world.store.get("refund", refund_id)
        refunds.fail_refund(self._world, refund)
        return copy_of(refund)

    # --- webhooks ---

    def deliver_again(self, event_id: str) -> None:
        self._webhooks.accept(self._world.store.get("event", event_id))

    # --- looking inside ---

    def objects(self, kind: str) -> list[Json]:
        """All objects of a kind (Stripe's ``object`` name), oldest first."""
        return [copy_of(obj) for obj in self._world.store.oldest_first(kind)]

    def get(self, object_id: str) -> Json:
        """Raises KeyError for an unknown id."""
        obj = self._world.store.by_id(object_id)
        if obj is None:
            raise KeyError(object_id)
        return copy_of(obj)

    @property
    def events(self) -> list[Json]:
        """Oldest first."""
        return self.objects("event")

    def overview(self) -> list[Json]:
        """Customers with their subscriptions, invoices, payments and refunds, newest first within
        each."""
        clockwork.catch_up(self._world)
        return overview(self._world)
