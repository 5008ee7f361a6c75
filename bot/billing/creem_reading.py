"""Reading Creem's objects together with what belongs to them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import SecretStr

from bot.billing.creem_account import CreemAccount, Json, in_path
from bot.billing.creem_listing import CreemListing
from bot.billing.creem_objects import (
    TRIALING,
    customer_record,
    failure_of,
    has_moved,
    id_of,
    id_or_none,
    invoice_of,
    moment,
    paid_periods,
    payment_of,
    subscription_of,
)
from bot.billing.creem_references import References
from bot.billing.provider import (
    CompletedCheckout,
    CustomerRecord,
    Page,
    ProviderRefusedError,
    Snapshot,
    Unreadable,
)
from bot.billing.snapshots import if_readable, merged, reading, sorted_out
from bot.domain.catalogue import Catalogue
from bot.domain.identifiers import CustomerId, DisputeId, InvoiceId, PaymentId, SubscriptionId
from bot.domain.money import Money
from bot.domain.payment_failure import PaymentFailure

# How far back a newly linked account's payments are read.
NEWEST = 25


class CreemReading:
    """Everything here only reads."""

    def __init__(
        self,
        *,
        api_key: SecretStr,
        webhook_secret: SecretStr,
        api_url: str,
        catalogue: Catalogue,
    ) -> None:
        """`api_url` is Creem's own address unless a proxy or a test stands in its place."""
        self._webhook_secret = webhook_secret
        self._catalogue = catalogue
        self._references = References(webhook_secret)
        self._api = CreemAccount(api_key=api_key, api_url=api_url)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def customers_with_address(self, address: str) -> tuple[CustomerRecord, ...]:
        """Creem keeps one customer under an address. Whether it tells upper case from lower is not
        documented: what was typed and its lower-case form count."""
        found: dict[str, CustomerRecord] = {}
        for spelling in dict.fromkeys((address, address.lower())):
            try:
                customer = customer_record(await self._api.get("/v1/customers", email=spelling))
            except ProviderRefusedError:
                # Nobody has this address, or Creem takes it for none.
                continue
            if customer.email is not None and customer.email.lower() == address.lower():
                found[customer.id] = customer
        return tuple(found.values())

    async def fetch_subscription(self, subscription_id: SubscriptionId) -> Snapshot:
        """A subscription with its last payment."""
        return self._subscription_snapshot(await self._read(subscription_id))

    async def next_charge(self, _subscription_id: SubscriptionId) -> Money | None:
        """Creem has no preview."""
        return None

    async def fetch_payment(self, payment_id: PaymentId) -> Snapshot:
        """A transaction with the customer, and the subscription that it paid for."""
        with reading(payment_id):
            return await self._fetch_payment(payment_id)

    async def fetch_invoice(self, invoice_id: InvoiceId) -> Snapshot:
        """The transaction stands for the invoice."""
        return await self.fetch_payment(PaymentId(invoice_id))

    async def fetch_dispute(self, _dispute_id: DisputeId) -> Snapshot:
        """Creem shows none: a payment says that it is disputed."""
        return Snapshot()

    async def _fetch_payment(self, payment_id: PaymentId) -> Snapshot:
        transaction = await self._api.get("/v1/transactions", transaction_id=payment_id)
        customer_id = id_or_none(transaction.get("customer"))
        if customer_id is None:
            return Snapshot()
        subscription_id = id_or_none(transaction.get("subscription"))
        if subscription_id is not None:
            found = await self._read(SubscriptionId(subscription_id), {payment_id: transaction})
            return self._subscription_snapshot(found, [transaction])
        return await self._of_customer(customer_id, [transaction])

    async def fetch_account(self, customer_id: CustomerId) -> Snapshot:
        """Three reads: the customer, its subscriptions and its transactions; a fourth where
        something was bought once."""
        customer = await self._api.get("/v1/customers", customer_id=customer_id)
        listed = await self._api.get_all(f"/v1/customers/{in_path(customer_id)}/subscriptions")
        found = await self._api.get_all("/v1/transactions/search", customer_id=customer_id)
        transactions, unreadable = self._sorted_out(found)
        # The order of Creem's lists is not documented.
        newest = sorted(transactions, key=lambda each: each["created_at"], reverse=True)[:NEWEST]
        known = {customer_id: customer, **{each["id"]: each for each in transactions}}
        products = await self._products_bought_once(customer_id, newest)
        payments = self._payments_snapshot(customer, newest, products)
        of_subscriptions = merged(
            [await if_readable(each, self._in_account(each, known, newest)) for each in listed]
        )
        return replace(
            of_subscriptions,
            customers=payments.customers,
            payments=payments.payments,
            invoices=payments.invoices,
            unreadable=(*of_subscriptions.unreadable, *unreadable),
        )

    async def _in_account(
        self, subscription: Json, known: Mapping[str, Json], transactions: Sequence[Json]
    ) -> Snapshot:
        whole = await self.whole(subscription, known)
        own = [each for each in transactions if id_or_none(each.get("subscription")) == whole["id"]]
        return self._subscription_snapshot(whole, own)

    async def last_failure(self, customer_id: CustomerId) -> PaymentFailure | None:
        """Creem tells that a card was declined, and not why."""
        transactions = await self._api.get_all("/v1/transactions/search", customer_id=customer_id)
        newest = max(transactions, key=lambda each: each["created_at"], default=None)
        return None if newest is None else failure_of(newest)

    async def fetch_checkout(self, page_id: str) -> Snapshot:
        """What was bought on a page, with all that its buyer has; nothing while it is not paid.

        Creem finds the customer by the address that a buyer types. Whether that was somebody's
        before shows only in the whole account.
        """
        with reading(page_id):
            return await self._fetch_checkout(page_id)

    async def _fetch_checkout(self, page_id: str) -> Snapshot:
        checkout = await self._api.get("/v1/checkouts", checkout_id=page_id)
        customer_id = id_or_none(checkout.get("customer"))
        if checkout["status"] != "completed" or customer_id is None:
            return Snapshot()
        account = await self.fetch_account(CustomerId(customer_id))
        reference = self._references.read(
            checkout.get("metadata"), product_id=id_of(checkout["product"])
        )
        if reference is None:
            return account
        subscription_id = id_or_none(checkout.get("subscription"))
        payment_id = id_or_none((checkout.get("order") or {}).get("transaction"))
        completed = CompletedCheckout(
            reference=reference,
            customer_id=CustomerId(customer_id),
            subscription_id=SubscriptionId(subscription_id) if subscription_id else None,
            payment_id=PaymentId(payment_id) if payment_id else None,
        )
        return replace(account, completed_checkouts=(completed,))

    async def fetch_page(self, cursor: str | None, *, since: datetime) -> Page:
        """All subscriptions with their customers and last payments, then what was paid `since`."""
        listing = CreemListing(
            self._api, self._of_listed_subscription, self._of_customer, self._sorted_out
        )
        return await listing.fetch_page(cursor, since=since)

    async def _of_listed_subscription(self, subscription: Json, since: datetime) -> Snapshot:
        """Creem keeps a checkout's metadata with the subscription that was bought there, so that a
        purchase whose own event is lost is found too."""
        whole = await self.whole(subscription)
        completed = self._completed(whole) if moment(whole["created_at"]) >= since else None
        if completed is None:
            return self._subscription_snapshot(whole)
        account = await self.fetch_account(completed.customer_id)
        return replace(account, completed_checkouts=(completed,))

    async def _of_customer(self, customer_id: str, transactions: list[Json]) -> Snapshot:
        customer = await self._api.get("/v1/customers", customer_id=customer_id)
        products = await self._products_bought_once(customer_id, transactions)
        return self._payments_snapshot(customer, transactions, products)

    async def _read(
        self, subscription_id: SubscriptionId, known: Mapping[str, Json] | None = None
    ) -> Json:
        found = await self._api.get("/v1/subscriptions", subscription_id=subscription_id)
        return await self.whole(found, known)

    async def whole(self, subscription: Json, known: Mapping[str, Json] | None = None) -> Json:
        """The subscription with product, customer and last transaction as objects.

        Each comes as it pleases Creem, as an object or an id. `known` are objects by their ids.
        """
        last = subscription.get("last_transaction") or subscription.get("last_transaction_id")
        customer = await self._object(subscription["customer"], "customer", known)
        if last is not None:
            last = {
                **await self._object(last, "transaction", known),
                "customer": customer["id"],
                "subscription": subscription["id"],
            }
        return {
            **subscription,
            "product": await self._object(subscription["product"], "product", known),
            "customer": customer,
            "last_transaction": last,
        }

    async def _object(
        self, reference: str | Json, kind: str, known: Mapping[str, Json] | None
    ) -> Json:
        if not isinstance(reference, str):
            return reference
        if known is not None and reference in known:
            return known[reference]
        return await self._api.get(f"/v1/{kind}s", **{f"{kind}_id": reference})

    async def _products_bought_once(
        self, customer_id: str, transactions: Sequence[Json]
    ) -> dict[str, str]:
        """The product of each transaction that no subscription has caused: orders name it."""
        if all(each.get("subscription") for each in transactions):
            return {}
        orders = await self._api.get_all(f"/v1/customers/{in_path(customer_id)}/orders")
        of_orders = {each["id"]: id_of(each["product"]) for each in orders}
        return {
            each["id"]: of_orders[order_id]
            for each in transactions
            if (order_id := id_or_none(each.get("order"))) in of_orders
        }

    def _sorted_out(
        self, transactions: Sequence[Json]
    ) -> tuple[list[Json], tuple[Unreadable, ...]]:
        """The transactions that can be read, and what is wrong with the others."""
        return sorted_out(transactions, self._try_to_read)

    def _try_to_read(self, transaction: Json) -> None:
        moment(transaction["created_at"])
        failure_of(transaction)
        invoice_of(transaction)
        payment_of(transaction, product_id=None, catalogue=self._catalogue)

    def _payments_snapshot(
        self, customer: Json, transactions: Sequence[Json], products: Mapping[str, str]
    ) -> Snapshot:
        payments = [
            payment_of(each, product_id=products.get(each["id"]), catalogue=self._catalogue)
            for each in transactions
        ]
        invoices = [invoice_of(each) for each in transactions]
        return Snapshot(
            customers=(customer_record(customer),),
            payments=tuple(each for each in payments if each is not None),
            invoices=tuple(each for each in invoices if each is not None),
        )

    def _subscription_snapshot(self, whole: Json, shown: Sequence[Json] | None = None) -> Snapshot:
        """`shown` are the transactions to tell of, the last one unless others are given."""
        last = [whole["last_transaction"]] if whole["last_transaction"] else []
        shown = last if shown is None else shown
        known = list({each["id"]: each for each in (*last, *shown)}.values())
        payments = self._payments_snapshot(whole["customer"], shown, {})
        return Snapshot(
            customers=payments.customers,
            subscriptions=(subscription_of(whole, known, self._catalogue),),
            payments=payments.payments,
            invoices=payments.invoices,
            paid_periods=paid_periods(whole, known),
        )

    def _completed(self, whole: Json) -> CompletedCheckout | None:
        reference = self._references.read(whole.get("metadata"), product_id=whole["product"]["id"])
        last = whole["last_transaction"]
        is_paid = last is not None and has_moved(last)
        if reference is None or not (is_paid or whole["status"] == TRIALING):
            return None
        return CompletedCheckout(
            reference=reference,
            customer_id=CustomerId(whole["customer"]["id"]),
            subscription_id=SubscriptionId(whole["id"]),
            payment_id=PaymentId(last["id"]) if is_paid else None,
        )
