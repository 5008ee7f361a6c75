"""How a customer stands, read for the vendor's backend."""

from datetime import timedelta

from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import CustomerId, UserId
from bot.domain.standing import Standing, decisive, next_allowance
from bot.domain.subscription import has_access
from bot.services.context import Context
from storage import customers, ledger, subscriptions


class StandingService:
    """Reads what the store knows; the provider is not asked."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def find(self, account: CustomerId | UserId) -> Standing:
        """Of a customer, or of the one linked to a Discord user; raises NoSuchThing."""
        now = self._context.clock()
        grace = timedelta(days=self._context.policy.grace_days)
        async with self._context.database.read() as connection:
            if isinstance(account, int):
                customer = await customers.of_user(connection, UserId(account))
            else:
                customer = await customers.find(connection, CustomerId(account))
            if customer is None:
                raise NoSuchThing("customer")
            known = await subscriptions.that_count(connection, [customer.id])
            current = decisive(known, now=now, grace=grace)
            if current is None or not has_access(current, now=now, grace=grace):
                return Standing(customer.id, customer.provider, customer.user_id, current, False)
            cycle = (current.id, current.cycle_start)
            months = (await ledger.sums_of_cycles(connection, [cycle])).get(cycle, [])
            balance = await ledger.balance(connection, cycle, months, now=now)
        return Standing(
            customer.id,
            customer.provider,
            customer.user_id,
            current,
            has_access=True,
            balance=balance,
            refills_at=None if balance.awaits_payment else next_allowance(current, now=now),
        )
