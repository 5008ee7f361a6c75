"""The endpoints, one module per family: parameters in, the engine's work, objects out."""

from bot.sandbox.creem.resources import (
    checkouts,
    customers,
    discounts,
    products,
    subscriptions,
    transactions,
)

ROUTES = [
    *products.ROUTES,
    *customers.ROUTES,
    *checkouts.ROUTES,
    *subscriptions.ROUTES,
    *transactions.ROUTES,
    *discounts.ROUTES,
]
