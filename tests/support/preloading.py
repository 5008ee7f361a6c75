"""What the fork server imports once: all that the bot needs on the way to its first answer."""

import gc

import aiosqlite  # noqa: F401
import alembic.command  # noqa: F401
import sqlalchemy.dialects.sqlite.aiosqlite  # noqa: F401
import stripe

import bot.cli  # noqa: F401

# The SDK imports each of its services when it is first named.
_v1 = stripe.StripeClient("sk_test_preloading").v1
for _service in ("customers", "subscriptions", "invoices", "invoice_payments", "payment_intents"):
    getattr(_v1, _service)
for _service in ("refunds", "disputes", "checkout", "billing_portal", "prices"):
    getattr(_v1, _service)

# And each kind of object when it is first read.
for _kind in (
    *("Customer", "Subscription", "SubscriptionItem", "Invoice", "InvoiceLineItem", "ListObject"),
    *("InvoicePayment", "PaymentIntent", "PaymentMethod", "Charge", "Refund", "Price", "Plan"),
):
    getattr(stripe, _kind)

# What is imported stays: no fork's collector need walk through it.
gc.collect()
gc.freeze()
