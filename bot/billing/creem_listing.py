"""Everything that a Creem account holds, a page at a time, for reconciliation.

Creem lists no checkouts and no refunds. What a lost event about them would have told is with the
subscriptions, which carry their purchase's metadata and show their last payment with what was given
back of it. A top-up's page and an older payment are asked for one by one: `bot.services.unlisted`.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.billing.creem_account import NOT_FOUND, CreemAccount, Json, has_more
from bot.billing.creem_objects import id_or_none, moment
from bot.billing.provider import Page, ProviderRefusedError, Snapshot, Unreadable
from bot.billing.snapshots import if_readable, merged

# One that was bought through Mooring `since` costs three more requests, each of which waits for its
# turn: a page is to be read long before its job has to be given up.
SUBSCRIPTIONS_ON_A_PAGE = 10
# Each customer on a page costs one or two more.
TRANSACTIONS_ON_A_PAGE = 10
_PHASES = ("subscriptions", "transactions")

SubscriptionSnapshot = Callable[[Json, datetime], Awaitable[Snapshot]]
PaymentsSnapshot = Callable[[str, list[Json]], Awaitable[Snapshot]]
SortedOut = Callable[[list[Json]], tuple[list[Json], tuple[Unreadable, ...]]]


class CreemListing:
    """Reads subscriptions with their customers first, then transactions."""

    def __init__(
        self,
        api: CreemAccount,
        of_subscription: SubscriptionSnapshot,
        of_customer: PaymentsSnapshot,
        sorted_out: SortedOut,
    ) -> None:
        """The first two functions make a snapshot of one subscription, and of one customer's
        payments; `sorted_out` gives those of several transactions that can be read."""
        self._api = api
        self._of_subscription = of_subscription
        self._of_customer = of_customer
        self._sorted_out = sorted_out

    async def fetch_page(self, cursor: str | None, *, since: datetime) -> Page:
        """The page that `cursor` names by its list and its number."""
        phase, _, number = (cursor or f"{_PHASES[0]}:1").partition(":")
        if phase == _PHASES[0]:
            return await self._subscriptions(int(number), since)
        return await self._transactions(int(number), since)

    async def _subscriptions(self, number: int, since: datetime) -> Page:
        page = await self._api.get_page(
            "/v1/subscriptions/search", number, size=SUBSCRIPTIONS_ON_A_PAGE
        )
        found = [
            await if_readable(each, _if_there(self._of_subscription(each, since)))
            for each in page["items"]
        ]
        following = f"{_PHASES[0]}:{number + 1}" if has_more(page) else f"{_PHASES[1]}:1"
        return Page(merged(found), following)

    async def _transactions(self, number: int, since: datetime) -> Page:
        """Pages are numbered, so what comes meanwhile moves objects to later pages, never past
        one."""
        page = await self._api.get_page(
            "/v1/transactions/search", number, size=TRANSACTIONS_ON_A_PAGE
        )
        shown, unreadable = self._sorted_out(page["items"])
        of_customers: dict[str, list[Json]] = {}
        for each in shown:
            customer_id = id_or_none(each.get("customer"))
            if customer_id is not None and moment(each["created_at"]) >= since:
                of_customers.setdefault(customer_id, []).append(each)
        found = [
            await if_readable({"id": each}, _if_there(self._of_customer(each, theirs)))
            for each, theirs in of_customers.items()
        ]
        goes_on = has_more(page) and not _is_past(shown, since)
        return Page(
            merged([*found, Snapshot(unreadable=unreadable)]),
            f"{_PHASES[1]}:{number + 1}" if goes_on else None,
        )


async def _if_there(reading: Awaitable[Snapshot]) -> Snapshot:
    """One customer who was deleted must not keep everything else from being read."""
    try:
        return await reading
    except ProviderRefusedError as refusal:
        if refusal.code != NOT_FOUND:
            raise
        return Snapshot()


def _is_past(shown: list[Json], since: datetime) -> bool:
    """Whether a list that is newest first has nothing new after this page. That it is so is not
    documented: one in another order is read to its end."""
    times = [moment(each["created_at"]) for each in shown]
    return bool(times) and times == sorted(times, reverse=True) and times[-1] < since
