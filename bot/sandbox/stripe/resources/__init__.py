"""The endpoints, one module per family: parameters in, the engine's work, objects out."""

from bot.sandbox.stripe.resources import (
    catalogue,
    checkout,
    customers,
    invoices,
    payments,
    platform,
    portal,
    subscriptions,
)

ROUTES = [
    *platform.ROUTES,
    *customers.ROUTES,
    *catalogue.ROUTES,
    *subscriptions.ROUTES,
    *invoices.ROUTES,
    *payments.ROUTES,
    *checkout.ROUTES,
    *portal.ROUTES,
]
