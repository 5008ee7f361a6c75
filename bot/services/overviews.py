"""What a member looks at beyond the balance: every invoice, the whole account, the portal."""

from dataclasses import dataclass

from bot.domain.account import Account, Card
from bot.domain.errors import NotLinked
from bot.domain.identifiers import UserId
from bot.domain.invoice import InvoicePage
from bot.domain.ticket import Ticket
from bot.services.context import Context
from storage import accounts, customers, invoices, tickets


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything about a member on one screen. `card` None means that none is known."""

    account: Account
    card: Card | None
    tickets: tuple[Ticket, ...]


class OverviewService:
    """Reading, for the member alone."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def invoices(self, user_id: UserId, number: int) -> InvoicePage:
        """A page of the member's invoices in one query (S18); past the end, the last one.

        Raises NotLinked.
        """
        async with self._context.database.read() as connection:
            page = await invoices.page_of_user(connection, user_id, number)
            if page is not None and number > page.last:
                page = await invoices.page_of_user(connection, user_id, page.last)
        if page is None:
            raise NotLinked
        return page

    async def overview(self, user_id: UserId) -> Overview:
        """The whole account from the store; raises NotLinked."""
        now = self._context.clock()
        async with self._context.database.read() as connection:
            account = await accounts.of_user(connection, user_id, now=now)
            customer = await customers.of_user(connection, user_id)
            unclosed = await tickets.unclosed_of_user(connection, user_id)
        if account is None or customer is None:
            raise NotLinked
        return Overview(account, customer.card, tuple(unclosed))

    async def portal_url(self, user_id: UserId, *, return_url: str) -> str:
        """A fresh address of the provider's own page for this member's cards and invoices.

        It opens without a password, so it is for the member's eyes alone. Raises NotLinked, or what
        the provider answers.
        """
        async with self._context.database.read() as connection:
            customer = await customers.of_user(connection, user_id)
        if customer is None:
            raise NotLinked
        provider = self._context.provider_of(customer.provider)
        return await provider.portal_url(customer.id, return_url=return_url)
