"""One shop at each provider, told apart by nothing but its name: for what holds at all of them."""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.billing.creem import CreemProvider
from bot.billing.provider import BillingProvider
from bot.domain.identifiers import (
    CREEM,
    STRIPE,
    CustomerId,
    PaymentId,
    PriceId,
    ProviderName,
    SubscriptionId,
)
from bot.domain.refund import Payment
from bot.domain.subscription import Subscription
from bot.sandbox.clock import SandboxClock
from bot.sandbox.creem import CreemSandbox
from bot.sandbox.creem import records as creem_records
from bot.sandbox.creem.webhooks import signature as creem_signature
from bot.sandbox.faults import Faults
from bot.sandbox.request_log import RequestLog
from bot.sandbox.scene import (
    CONFIGURATION,
    CREEM_KEY,
    CREEM_WEBHOOK_SECRET,
    LEA_ADDRESS,
    MIA_ADDRESS,
    WEBHOOK_SECRET,
    Scene,
)
from bot.sandbox.stripe import StripeSandbox
from bot.sandbox.stripe.webhooks import signature as stripe_signature
from bot.settings import load_configuration
from tests.support import shop as stripe_shop

Json = dict[str, Any]


class Shop(ABC):
    """A member pays $20 a month for Pro here. Its levers mean the same at every provider."""

    name: ProviderName
    provider: BillingProvider
    address: str
    customer: CustomerId
    subscription: SubscriptionId
    monthly: PriceId
    yearly: PriceId
    top_up: PriceId
    # Where requests for subscriptions and for refunds are found.
    subscriptions_path = "/v1/subscriptions"
    refunds_path = "/v1/refunds"
    # How a subscription is ended at once.
    end_method = "POST"

    # --- the provider's server ---

    @property
    @abstractmethod
    def api_url(self) -> str: ...

    @property
    @abstractmethod
    def faults(self) -> Faults: ...

    @property
    @abstractmethod
    def requests(self) -> RequestLog: ...

    @abstractmethod
    def with_key(self, key: str) -> BillingProvider:
        """The adapter with another key; whoever asks for it closes it."""

    @property
    @abstractmethod
    def clock(self) -> SandboxClock: ...

    # --- what people and banks do ---

    @abstractmethod
    def add_customer(self, address: str) -> CustomerId: ...

    @abstractmethod
    def subscribe(
        self, customer: CustomerId, price: PriceId, *, trial_days: int = 0, quantity: int = 1
    ) -> SubscriptionId: ...

    @abstractmethod
    def add_price(self, cents: int, *, interval: str) -> PriceId:
        """One that the catalogue does not know."""

    @abstractmethod
    def decline_payments(self, customer: CustomerId) -> None: ...

    @abstractmethod
    def accept_payments(self, customer: CustomerId) -> None: ...

    @abstractmethod
    async def advance(self, days: int) -> None: ...

    @abstractmethod
    async def advance_to_period_end(self, subscription: SubscriptionId) -> None: ...

    @abstractmethod
    async def cancel_elsewhere(self, subscription: SubscriptionId) -> None:
        """Have it end with its period, and not through Mooring."""

    @abstractmethod
    def set_status(self, subscription: SubscriptionId, status: str) -> None: ...

    @abstractmethod
    def charge_twice(self, subscription: SubscriptionId) -> None:
        """The current period is paid for a second time."""

    @abstractmethod
    def leave_refunds_pending(self) -> None:
        """Until a bank decides about them, where the provider tells of that at all."""

    @abstractmethod
    def fail_refund(self, payment: PaymentId) -> None:
        """The bank sends the newest refund of this payment back, and no event tells of it."""

    @abstractmethod
    def dispute(self, payment: PaymentId) -> None: ...

    @abstractmethod
    def pay(self, page_id: str, address: str) -> None:
        """Somebody pays on a page."""

    # --- looking inside ---

    @abstractmethod
    def status(self, subscription: SubscriptionId) -> str:
        """In the provider's own words."""

    @abstractmethod
    def given_back(self) -> int:
        """The sum of all refunds, in cents."""

    @abstractmethod
    def refunds_of(self, payment: PaymentId) -> list[int]:
        """Every refund of a payment, in cents."""

    @property
    @abstractmethod
    def events(self) -> list[Json]: ...

    @abstractmethod
    def signed(self, body: bytes, *, secret: str | None = None) -> str:
        """What stands in the signature header."""

    @abstractmethod
    def event(self, kind: str, about: object, *, event_id: object = "evt_1") -> bytes:
        """An event's body, or something like it."""

    # --- through the adapter ---

    async def seen(self) -> Subscription:
        """The member's subscription, as the adapter reads it."""
        [found] = (await self.provider.fetch_subscription(self.subscription)).subscriptions
        return found

    async def payment(self) -> Payment:
        """The member's only payment, as the adapter reads it."""
        [found] = (await self.provider.fetch_account(self.customer)).payments
        return found


class StripeShop(Shop):
    """Mia pays here."""

    name, address = STRIPE, MIA_ADDRESS
    monthly, yearly = PriceId("price_pro_month"), PriceId("price_pro_year")
    top_up = PriceId("price_top_up_500")
    end_method = "DELETE"

    def __init__(self, scene: Scene) -> None:
        self.stripe: StripeSandbox = scene.stripe
        self.provider = stripe_shop.provider_of(scene.stripe.api_url)
        self.customer = CustomerId(scene.mia_customer)
        self.subscription = SubscriptionId(scene.mia_subscription)

    @property
    def api_url(self) -> str:
        return self.stripe.api_url

    @property
    def faults(self) -> Faults:
        return self.stripe.faults

    @property
    def requests(self) -> RequestLog:
        return self.stripe.requests

    @property
    def clock(self) -> SandboxClock:
        return self.stripe.clock

    def with_key(self, key: str) -> BillingProvider:
        return stripe_shop.provider_of(self.stripe.api_url, key=f"sk_test_{key}")

    def add_customer(self, address: str) -> CustomerId:
        return CustomerId(self.stripe.add_customer(address)["id"])

    def subscribe(
        self, customer: CustomerId, price: PriceId, *, trial_days: int = 0, quantity: int = 1
    ) -> SubscriptionId:
        made = self.stripe.add_subscription(
            customer, price, trial_days=trial_days, quantity=quantity
        )
        return SubscriptionId(made["id"])

    def add_price(self, cents: int, *, interval: str) -> PriceId:
        product = self.stripe.add_product("Old")
        made = self.stripe.add_price(product["id"], unit_amount=cents, interval=interval)
        return PriceId(made["id"])

    def decline_payments(self, customer: CustomerId) -> None:
        self.stripe.decline_payments(customer)

    def accept_payments(self, customer: CustomerId) -> None:
        self.stripe.accept_payments(customer)

    async def advance(self, days: int) -> None:
        await self.stripe.advance(days=days)

    async def advance_to_period_end(self, subscription: SubscriptionId) -> None:
        await self.stripe.advance_to_period_end(subscription)

    async def cancel_elsewhere(self, subscription: SubscriptionId) -> None:
        self.stripe.portal_cancel(subscription)

    def set_status(self, subscription: SubscriptionId, status: str) -> None:
        self.stripe._world.store.get("subscription", subscription)["status"] = status

    def charge_twice(self, subscription: SubscriptionId) -> None:
        self.stripe.add_duplicate_payment(self.stripe.get(subscription)["latest_invoice"])

    def leave_refunds_pending(self) -> None:
        """A refund at Stripe has succeeded until it has not."""

    def fail_refund(self, payment: PaymentId) -> None:
        made = self.stripe.objects("refund")
        [*_, newest] = [each["id"] for each in made if each["payment_intent"] == payment]
        self.stripe.fail_refund(newest)

    def dispute(self, payment: PaymentId) -> None:
        self.stripe.open_dispute(self.stripe.get(payment)["latest_charge"])

    def pay(self, page_id: str, address: str) -> None:
        self.stripe.pay_checkout(page_id, email=address)

    def status(self, subscription: SubscriptionId) -> str:
        return str(self.stripe.get(subscription)["status"])

    def given_back(self) -> int:
        return sum(each["amount"] for each in self.stripe.objects("refund"))

    def refunds_of(self, payment: PaymentId) -> list[int]:
        made = self.stripe.objects("refund")
        return [each["amount"] for each in made if each["payment_intent"] == payment]

    @property
    def events(self) -> list[Json]:
        return self.stripe.events

    def signed(self, body: bytes, *, secret: str | None = None) -> str:
        return stripe_signature(secret or WEBHOOK_SECRET, body, int(time.time()))

    def event(self, kind: str, about: object, *, event_id: object = "evt_1") -> bytes:
        return json.dumps({"id": event_id, "type": kind, "data": {"object": about}}).encode()


class CreemShop(Shop):
    """Lea pays here."""

    name, address = CREEM, LEA_ADDRESS
    monthly, yearly = PriceId("prod_pro_month"), PriceId("prod_pro_year")
    top_up = PriceId("prod_top_up_500")

    def __init__(self, scene: Scene) -> None:
        self.creem: CreemSandbox = scene.creem
        self.provider = self.with_key(CREEM_KEY)
        self.customer = CustomerId(scene.lea_customer)
        self.subscription = SubscriptionId(scene.lea_subscription)

    @property
    def api_url(self) -> str:
        return self.creem.api_url

    @property
    def faults(self) -> Faults:
        return self.creem.faults

    @property
    def requests(self) -> RequestLog:
        return self.creem.requests

    @property
    def clock(self) -> SandboxClock:
        return self.creem.clock

    def with_key(self, key: str) -> CreemProvider:
        return CreemProvider(
            api_key=SecretStr(key),
            webhook_secret=SecretStr(CREEM_WEBHOOK_SECRET),
            api_url=self.creem.api_url,
            catalogue=load_configuration(CONFIGURATION).to_catalogue(),
        )

    def add_customer(self, address: str) -> CustomerId:
        return CustomerId(self.creem.add_customer(address)["id"])

    def subscribe(
        self, customer: CustomerId, price: PriceId, *, trial_days: int = 0, quantity: int = 1
    ) -> SubscriptionId:
        """At Creem it is the product that has a trial."""
        product = self.creem._world.get(creem_records.Product, price)
        product.trial_days = trial_days
        made = self.creem.add_subscription(customer, price, units=quantity)
        product.trial_days = 0
        return SubscriptionId(made["id"])

    def add_price(self, cents: int, *, interval: str) -> PriceId:
        return PriceId(self.creem.add_product("Old", price=cents, interval=interval)["id"])

    def decline_payments(self, customer: CustomerId) -> None:
        self.creem.decline_payments(customer)

    def accept_payments(self, customer: CustomerId) -> None:
        self.creem.accept_payments(customer)

    async def advance(self, days: int) -> None:
        await self.creem.advance(days=days)

    async def advance_to_period_end(self, subscription: SubscriptionId) -> None:
        await self.creem.advance_to_period_end(subscription)

    async def cancel_elsewhere(self, subscription: SubscriptionId) -> None:
        await self.call(f"/v1/subscriptions/{subscription}/cancel", {"mode": "scheduled"})

    def set_status(self, subscription: SubscriptionId, status: str) -> None:
        self.creem._world.get(creem_records.Subscription, subscription).status = status

    def charge_twice(self, subscription: SubscriptionId) -> None:
        self.creem.add_duplicate_payment(self.creem.get(subscription)["last_transaction_id"])

    def leave_refunds_pending(self) -> None:
        self.creem._world.settings.refund_status = "pending"

    def fail_refund(self, payment: PaymentId) -> None:
        made = self.creem.objects("refund")
        [*_, newest] = [each["id"] for each in made if each["transaction"]["id"] == payment]
        self.creem.settle_refund(newest, succeeds=False)

    def dispute(self, payment: PaymentId) -> None:
        self.creem.open_dispute(payment)

    def pay(self, page_id: str, address: str) -> None:
        self.creem.pay_checkout(page_id, email=address)

    def status(self, subscription: SubscriptionId) -> str:
        return str(self.creem.get(subscription)["status"])

    def given_back(self) -> int:
        return sum(each["refund_amount"] for each in self.creem.objects("refund"))

    def refunds_of(self, payment: PaymentId) -> list[int]:
        made = self.creem.objects("refund")
        return [each["refund_amount"] for each in made if each["transaction"]["id"] == payment]

    @property
    def events(self) -> list[Json]:
        return self.creem.events

    def signed(self, body: bytes, *, secret: str | None = None) -> str:
        return creem_signature(secret or CREEM_WEBHOOK_SECRET, body)

    def event(self, kind: str, about: object, *, event_id: object = "evt_1") -> bytes:
        envelope = {"id": event_id, "eventType": kind, "created_at": 0, "object": about}
        return json.dumps(envelope).encode()

    async def call(self, path: str, body: Json) -> Json:
        """What the vendor's own backend does with the API; raises ClientResponseError."""
        async with (
            aiohttp.ClientSession(headers={"x-api-key": CREEM_KEY}) as session,
            session.post(self.creem.api_url + path, json=body) as response,
        ):
            response.raise_for_status()
            return dict(await response.json())


@asynccontextmanager
async def open_shop(name: ProviderName) -> AsyncIterator[Shop]:
    """Started, and stopped at the end."""
    scene = Scene()
    await scene.stripe.start()
    await scene.creem.start()
    shop: Shop = StripeShop(scene) if name == STRIPE else CreemShop(scene)
    try:
        yield shop
    finally:
        await shop.provider.close()
        await scene.creem.stop()
        await scene.stripe.stop()
