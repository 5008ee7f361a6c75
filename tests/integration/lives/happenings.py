"""What can happen to a customer at each provider. What does not fit the present state, or what a
provider cannot do, does nothing."""

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import aiohttp

from bot.billing.creem_objects import id_of
from bot.domain.identifiers import CustomerId, PriceId, SubscriptionId
from bot.sandbox.creem import changes
from bot.sandbox.creem.wire import CreemError
from bot.sandbox.scene import CREEM_KEY, STRIPE_KEY
from bot.sandbox.stripe.wire import StripeError
from tests.support.shops import CreemShop, Shop, StripeShop

HAPPENINGS = (
    "renew",
    "wait",
    "switch",
    "decline",
    "accept",
    "cancel",
    "cancel_in_portal",
    "resume",
    "end",
    "refund",
    "dispute",
    "decide",
    "subscribe",
)
_PLANS = ("lite_month", "pro_month", "max_month", "max_year")
ADDRESS = "life@example.com"


class Happenings(ABC):
    """One customer of a shop; the scene has other customers too."""

    price_prefix: str
    card_refusal: type[Exception]

    def __init__(self, shop: Shop, chance: random.Random) -> None:
        self.shop = shop
        self.chance = chance
        self.customer: CustomerId = shop.add_customer(ADDRESS)

    def price(self, name: str) -> PriceId:
        """What the provider calls it."""
        return PriceId(f"{self.price_prefix}_{name}")

    async def start_trial(self) -> None:
        self.shop.subscribe(self.customer, self.price("pro_month"), trial_days=7)

    async def subscribe(self) -> None:
        self.shop.subscribe(self.customer, self.price("pro_month"))

    async def renew(self) -> None:
        for each in self.live():
            await self.shop.advance_to_period_end(SubscriptionId(each["id"]))

    async def wait(self) -> None:
        await self.shop.advance(4)

    async def day(self) -> None:
        await self.shop.advance(1)

    async def switch(self) -> None:
        for each in self.live()[:1]:
            price = self.price(self.chance.choice(_PLANS))
            await self._switch(each, price, quantity=self.chance.choice((1, 1, 2)))

    async def decline(self) -> None:
        self.shop.decline_payments(self.customer)

    async def accept(self) -> None:
        self.shop.accept_payments(self.customer)

    async def cancel(self) -> None:
        for each in self.live():
            await self._cancel(each)

    async def cancel_in_portal(self) -> None:
        for each in self.live()[:1]:
            self._cancel_in_portal(each["id"])

    async def resume(self) -> None:
        for each in self.live():
            await self._resume(each)

    async def end(self) -> None:
        for each in self.live()[:1]:
            await self._end(each)

    @abstractmethod
    async def refund(self) -> None:
        """Some of what was paid is given back."""

    @abstractmethod
    async def dispute(self) -> None:
        """The bank takes a payment back."""

    @abstractmethod
    async def decide(self) -> None:
        """The bank closes a dispute."""

    def pay(self, page_id: str) -> None:
        """On the provider's page; a card that refuses leaves it open."""
        try:
            self.shop.pay(page_id, ADDRESS)
        except self.card_refusal:
            return

    @abstractmethod
    def disputes(self) -> list[dict[str, Any]]:
        """Those of the customer's payments."""

    def live(self) -> list[dict[str, Any]]:
        """The customer's subscriptions that have not ended, oldest first."""
        return [each for each in self.own("subscription") if each["status"] != "canceled"]

    @abstractmethod
    def own(self, kind: str) -> list[dict[str, Any]]:
        """The customer's objects of a kind."""

    @abstractmethod
    async def _switch(
        self, subscription: Mapping[str, Any], price: PriceId, *, quantity: int
    ) -> None: ...

    @abstractmethod
    async def _cancel(self, subscription: Mapping[str, Any]) -> None: ...

    @abstractmethod
    def _cancel_in_portal(self, subscription_id: str) -> None: ...

    @abstractmethod
    async def _resume(self, subscription: Mapping[str, Any]) -> None: ...

    @abstractmethod
    async def _end(self, subscription: Mapping[str, Any]) -> None: ...


class StripeHappenings(Happenings):
    """A switch charges the difference at once, or waits until that is paid."""

    price_prefix, card_refusal = "price", StripeError

    def __init__(self, shop: StripeShop, chance: random.Random) -> None:
        super().__init__(shop, chance)
        self._stripe = shop.stripe

    def own(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self._stripe.objects(kind) if each["customer"] == self.customer]

    async def refund(self) -> None:
        paid = [each for each in self.own("charge") if each["paid"]]
        if paid:
            intent = self.chance.choice(paid)["payment_intent"]
            await self._call("/v1/refunds", {"payment_intent": intent, "amount": "100"})

    async def dispute(self) -> None:
        paid = [each for each in self.own("charge") if each["paid"] and not each["disputed"]]
        if paid:
            self._stripe.open_dispute(self.chance.choice(paid)["id"])

    async def decide(self) -> None:
        undecided = [each for each in self.disputes() if each["status"] == "needs_response"]
        if undecided:
            status = self.chance.choice(("won", "lost"))
            self._stripe.close_dispute(self.chance.choice(undecided)["id"], status=status)

    def disputes(self) -> list[dict[str, Any]]:
        own = {each["id"] for each in self.own("charge")}
        return [each for each in self._stripe.objects("dispute") if each["charge"] in own]

    async def _switch(
        self, subscription: Mapping[str, Any], price: PriceId, *, quantity: int
    ) -> None:
        await self._call(
            f"/v1/subscriptions/{subscription['id']}",
            {
                "items[0][id]": subscription["items"]["data"][0]["id"],
                "items[0][price]": price,
                "items[0][quantity]": str(quantity),
                "payment_behavior": "pending_if_incomplete",
                "proration_behavior": "always_invoice",
            },
        )

    async def _cancel(self, subscription: Mapping[str, Any]) -> None:
        await self._call(
            f"/v1/subscriptions/{subscription['id']}", {"cancel_at_period_end": "true"}
        )

    def _cancel_in_portal(self, subscription_id: str) -> None:
        self._stripe.portal_cancel(subscription_id)

    async def _resume(self, subscription: Mapping[str, Any]) -> None:
        if subscription["cancel_at_period_end"]:
            await self._call(
                f"/v1/subscriptions/{subscription['id']}", {"cancel_at_period_end": "false"}
            )

    async def _end(self, subscription: Mapping[str, Any]) -> None:
        await self._call(f"/v1/subscriptions/{subscription['id']}", {}, method="DELETE")

    async def _call(self, path: str, form: Mapping[str, str], *, method: str = "POST") -> None:
        """What Stripe refuses, such as a second refund of the same money, has not happened."""
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {STRIPE_KEY}"}) as session,
            session.request(method, self._stripe.api_url + path, data=form) as response,
        ):
            assert response.status < 500, await response.text()


class CreemHappenings(Happenings):
    """A switch begins a new period, counts from now on, or waits for the next one."""

    price_prefix, card_refusal = "prod", CreemError

    def __init__(self, shop: CreemShop, chance: random.Random) -> None:
        super().__init__(shop, chance)
        self._creem = shop.creem
        self._creem.settings.references = chance.choice(("documented", "ids", "alternating"))

    def own(self, kind: str) -> list[dict[str, Any]]:
        return [
            each for each in self._creem.objects(kind) if id_of(each["customer"]) == self.customer
        ]

    async def refund(self) -> None:
        """Through the API all that is left, in the dashboard also a part."""
        paid = [each for each in self.own("transaction") if each["status"] != "declined"]
        if not paid:
            return
        payment = self.chance.choice(paid)["id"]
        if self.chance.random() < 0.5:
            await self._call("/v1/refunds", {"transaction_id": payment})
            return
        try:
            self._creem.refund(payment, amount=100)
        except CreemError:
            return

    async def dispute(self) -> None:
        paid = [
            each
            for each in self.own("transaction")
            if each["status"] not in ("declined", "chargedBack")
        ]
        if paid:
            self._creem.open_dispute(self.chance.choice(paid)["id"])

    async def decide(self) -> None:
        """Creem tells of that nowhere."""

    def disputes(self) -> list[dict[str, Any]]:
        """Creem's API shows none."""
        return []

    async def _switch(
        self, subscription: Mapping[str, Any], price: PriceId, *, quantity: int
    ) -> None:
        [item] = subscription["items"]
        await self._call(
            f"/v1/subscriptions/{subscription['id']}",
            {
                "items": [{"id": item["id"], "product_id": price, "units": quantity}],
                "update_behavior": self.chance.choice(changes.BEHAVIORS),
            },
        )

    async def _cancel(self, subscription: Mapping[str, Any]) -> None:
        await self._call(f"/v1/subscriptions/{subscription['id']}/cancel", {"mode": "scheduled"})

    def _cancel_in_portal(self, subscription_id: str) -> None:
        self._creem.portal_cancel(subscription_id)

    async def _resume(self, subscription: Mapping[str, Any]) -> None:
        await self._call(f"/v1/subscriptions/{subscription['id']}/resume", {})

    async def _end(self, subscription: Mapping[str, Any]) -> None:
        await self._call(f"/v1/subscriptions/{subscription['id']}/cancel", {"mode": "immediate"})

    async def _call(self, path: str, body: Mapping[str, Any]) -> None:
        """What Creem refuses, such as to resume what is not to end, has not happened."""
        async with (
            aiohttp.ClientSession(headers={"x-api-key": CREEM_KEY}) as session,
            session.post(self._creem.api_url + path, json=body) as response,
        ):
            assert response.status < 500, await response.text()


def happenings_at(shop: Shop, chance: random.Random) -> Happenings:
    """At this shop."""
    if isinstance(shop, StripeShop):
        return StripeHappenings(shop, chance)
    assert isinstance(shop, CreemShop)
    return CreemHappenings(shop, chance)
