"""The settings of Stripe's customer portal, which `/billing` opens."""

import stripe

from bot.checks.findings import Finding, doubtful, fine, wrong

_WHERE = "(dashboard: Settings, Billing, Customer portal)"


async def check_portal(client: stripe.StripeClient) -> Finding:
    """Without saved settings no page opens; with plan switching on it, allowances can be renewed
    at will (rule S9)."""
    try:
        listed = await client.v1.billing_portal.configurations.list_async(
            {"is_default": True, "active": True, "limit": 1}
        )
    except stripe.StripeError:
        return doubtful(
            "Stripe did not show the settings of the customer portal. The key needs to read "
            f"customer portal sessions. Look yourself whether they are saved {_WHERE}."
        )
    if not listed.data:
        return wrong(
            "The settings of Stripe's customer portal were never saved, so /billing opens no "
            f"page. Open them and save {_WHERE}."
        )
    if listed.data[0].features.subscription_update.enabled:
        return doubtful(
            "Stripe's customer portal lets people switch plans. Each switch there begins a new "
            "allowance, as often as they like. Switch that off; /change-plan is for it "
            f"{_WHERE}."
        )
    return fine("Stripe's customer portal has settings, and leaves plans to /change-plan.")
