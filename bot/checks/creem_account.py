"""The Creem account: key and products."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from bot.billing.creem_account import CreemAccount, KeyRefusedError
from bot.billing.provider import ProviderRefusedError, ProviderUnavailableError
from bot.checks.findings import Finding, fine, wrong
from bot.domain.catalogue import Catalogue, Interval
from bot.domain.identifiers import CREEM
from bot.domain.money import Money
from bot.settings import ProviderKeys

WEBHOOK_PATH = "/webhooks/creem"
# What the mirror cannot do without. Creem's API does not tell which ones a webhook is sent.
NEEDED_EVENTS = frozenset(
    {
        "checkout.completed",
        "subscription.active",
        "subscription.paid",
        "subscription.trialing",
        "subscription.update",
        "subscription.scheduled_cancel",
        "subscription.canceled",
        "subscription.past_due",
        "subscription.unpaid",
        "subscription.expired",
        "subscription.paused",
        "refund.created",
        "dispute.created",
    }
)
_TEST_KEY = "creem_test_"
_PERIODS = {
    Interval.MONTH: "every-month",
    Interval.QUARTER: "every-three-months",
    Interval.HALF_YEAR: "every-six-months",
    Interval.YEAR: "every-year",
    None: "once",
}


@dataclass(frozen=True, slots=True)
class _Sold:
    """`interval` is None for what is paid once."""

    product_id: str
    what: str
    money: Money
    interval: Interval | None


async def check_creem(keys: ProviderKeys, catalogue: Catalogue) -> AsyncIterator[Finding]:
    """Ask Creem for each product of the catalogue."""
    api = CreemAccount(api_key=keys.api_key, api_url=keys.api_url)
    try:
        refusal = await _key_problem(api)
        if refusal is not None:
            yield refusal
            return
        is_test = keys.api_key.get_secret_value().startswith(_TEST_KEY)
        yield fine(f"Creem accepts the key ({'test' if is_test else 'live'} mode).")
        problems = [each for sold in _sold(catalogue) if (each := await _check_product(api, sold))]
        for problem in problems:
            yield problem
        if not problems:
            yield fine(
                "Every price of the catalogue is a product in Creem as mooring.toml has it. Creem "
                f"does not show its webhooks: one must lead to {WEBHOOK_PATH}, with all events."
            )
    finally:
        await api.close()


async def _key_problem(api: CreemAccount) -> Finding | None:
    try:
        await api.get_page("/v1/products/search", 1, size=1)
    except KeyRefusedError:
        return wrong(
            "Creem does not know the key in CREEM_API_KEY. Copy it again from the dashboard: "
            "Developers. A key of the test mode needs CREEM_API_URL=https://test-api.creem.io."
        )
    except (ProviderUnavailableError, ProviderRefusedError) as error:
        return wrong(
            f"Creem does not answer ({error}). Check the network and CREEM_API_URL, then try again."
        )
    return None


def _sold(catalogue: Catalogue) -> Iterator[_Sold]:
    for offering in catalogue.offerings(CREEM):
        price = offering.price
        yield _Sold(price.id, f"plan {offering.plan.name}", price.money, price.interval)
    for top_up in catalogue.top_ups:
        once = top_up.price_of(CREEM)
        if once is not None:
            yield _Sold(once.id, f"top-up {top_up.id}", once.money, None)


async def _check_product(api: CreemAccount, sold: _Sold) -> Finding | None:
    named = f"The product {sold.product_id} of the {sold.what}"
    try:
        found = await api.get("/v1/products", product_id=sold.product_id)
    except ProviderRefusedError:
        return wrong(
            f"{named} is not in Creem. Put the id of an existing product into mooring.toml."
        )
    except ProviderUnavailableError as error:
        return wrong(f"Creem did not show the product {sold.product_id} ({error}).")
    differences = _differences(found, sold)
    return wrong(f"{named}: {differences}.") if differences else None


def _differences(found: dict[str, Any], sold: _Sold) -> str:
    compared = (
        ("price", found["price"], sold.money.amount),
        ("currency", found["currency"].lower(), sold.money.currency),
        ("billing period", found["billing_period"], _PERIODS[sold.interval]),
    )
    told = [
        f"Creem's {name} is {theirs}, mooring.toml has {ours}"
        for name, theirs, ours in compared
        if theirs != ours
    ]
    if found["status"] != "active":
        told.append("it is archived in Creem, so nobody can buy it")
    return "; ".join(told)
