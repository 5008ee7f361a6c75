"""/invoices: every invoice with the provider's own pages (rules S18, S22)."""

from discord import app_commands
from discord.ext import commands

from bot.domain.invoice import BilledInvoice, InvoicePage
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, custom_id, replace, reply, user_of
from cogs.layout import View, button, card, row, text

_STATUS = {
    "paid": "Paid",
    "open": "Not paid yet",
    "void": "Called off: nothing to pay",
    "uncollectible": "Not paid, given up",
}
# More pages than anybody has, and few enough digits to be a number of a page.
_LONGEST_NUMBER = 5


class InvoicesCog(commands.Cog):
    """Pages without memory: the number is in the button."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the paging buttons."""
        self._is = dependencies
        dependencies.router.add("invoices.page", self.turn)
        dependencies.router.add("invoices.show", self.show)

    @app_commands.command(name="invoices", description="Your invoices, newest first")
    async def invoices(self, interaction: Interaction) -> None:
        """The command."""
        await self.show(interaction, "")

    async def show(self, interaction: Interaction, _argument: str) -> None:
        """The newest ones, as a message of their own."""
        page = await self._is.overviews.invoices(user_of(interaction), 0)
        await reply(interaction, invoices_card(page, self._is))

    async def turn(self, interaction: Interaction, number: str) -> None:
        """Another page in the same message."""
        wanted = int(number) if number.isdecimal() and len(number) <= _LONGEST_NUMBER else 0
        page = await self._is.overviews.invoices(user_of(interaction), wanted)
        await replace(interaction, invoices_card(page, self._is))


def invoices_card(page: InvoicePage, deps: Dependencies) -> View:
    """Five of them with their links, and the way to the others."""
    if page.total == 0:
        return card(
            text("## Invoices\nThere are none yet. Each payment has one, as soon as it is made."),
            row(button("Billing portal", custom_id("billing.portal"))),
            accent=words.NEUTRAL_COLOUR,
        )
    listed = "\n".join(invoice_line(each, deps.vendor.link_hosts) for each in page.items)
    place = f"Page {page.number + 1} of {page.last + 1} · {words.count(page.total)} in all"
    older = "" if page.number < page.last else " · Older ones may be in the billing portal"
    return card(
        text(f"## Invoices\n{listed}\n-# {place}{older}"),
        row(
            button(
                "Newer",
                custom_id("invoices.page", str(page.number - 1)),
                disabled=page.number == 0,
            ),
            button(
                "Older",
                custom_id("invoices.page", str(page.number + 1)),
                disabled=page.number >= page.last,
            ),
            button("Billing portal", custom_id("billing.portal")),
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def invoice_line(billed: BilledInvoice, hosts: frozenset[str]) -> str:
    """Number, date, amount, status and links of one invoice."""
    invoice = billed.invoice
    view = "Pay" if invoice.status == "open" else "View"
    page = words.link(view, invoice.page_url, hosts=hosts)
    links = (
        None if invoice.brings_nothing else page,
        words.link("PDF", invoice.pdf_url, hosts=hosts),
    )
    shown = " · ".join(each for each in links if each) or "in the billing portal"
    number = f"`{words.plain(invoice.number)}` · " if invoice.number else ""
    return (
        f"- {number}{words.day(invoice.issued_at)} · **{words.money(invoice.total)}** · "
        f"{_status(billed)} · {shown}"
    )


def _status(billed: BilledInvoice) -> str:
    if billed.invoice.brings_nothing:
        return "Not paid, and its plan has ended"
    status = _STATUS.get(billed.invoice.status)
    if status is None:
        status = words.plain(billed.invoice.status).replace("_", " ").capitalize()
    if billed.refunded.amount == 0:
        return status
    if billed.refunded == billed.invoice.total:
        return "Refunded"
    return f"{status}, {words.money(billed.refunded)} refunded"
