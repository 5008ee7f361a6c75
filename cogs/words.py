"""Words: times, money, names. Short sentences, for people who are tired or new to English."""

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

import discord
from babel.numbers import format_currency

from bot.domain.catalogue import Catalogue, Interval
from bot.domain.links import is_allowed_link
from bot.domain.money import Money, minor_digits
from bot.domain.subscription import Subscription

NEUTRAL_COLOUR = 0x5B6EE1
SUCCESS_COLOUR = 0x2E9E6B
WARNING_COLOUR = 0xD9822B

# Before each sign that Discord's markdown gives a meaning to. Each is escaped once: a second
# backslash would take the meaning from the first one.
_MARKUP = re.compile(r"^[ \t]*(?=[#-])|(?=[\\`*_~|<>\[\]])", re.MULTILINE)

# Of the 4,000 characters in one message: what is said beside a quotation needs the rest.
LONGEST_QUOTATION = 3_000
_MORE = " …"
# What must not end a quotation that is cut: a mark without its line, half of an escaped sign.
_LOOSE_END = re.compile(r"\n>? ?\Z|(?<!\\)((?:\\\\)*)\\\Z")

# Without separators of thousands: 1,000 means one to some people and a thousand to others.
_AMOUNT = re.compile(r"(?P<whole>[0-9]{1,12})(?:[.,](?P<fraction>[0-9]+))?")

OUTDATED_BUTTON = (
    "This button is from an older version of the bot and does not work any more.\n"
    "Please run the command again, for example `/balance`."
)
PROVIDER_SILENT = (
    "The payment provider does not answer right now. What you see is the last known state. "
    "Please try again in a minute."
)


def day(moment: datetime) -> str:
    """A date in the reader's own language and time zone."""
    return f"<t:{int(moment.timestamp())}:D>"


def day_and_time(moment: datetime) -> str:
    """A date with the time."""
    return f"<t:{int(moment.timestamp())}:f>"


def relative(moment: datetime) -> str:
    """How far away it is, such as "in 12 days"."""
    return f"<t:{int(moment.timestamp())}:R>"


def plain_day(moment: datetime) -> str:
    """A date for mail, where nobody knows the reader's time zone."""
    return f"{moment:%d %B %Y}"


def plain_time(moment: datetime) -> str:
    """A date with the time for mail."""
    return f"{moment:%d %B %Y, %H:%M} UTC"


@lru_cache(maxsize=1024)  # a vendor has few prices, and Babel parses its pattern for each amount
def money(amount: Money) -> str:
    """An amount in its currency, with as many decimals as the currency has."""
    digits = minor_digits(amount.currency)
    pattern = f"¤#,##0.{'0' * digits}" if digits else "¤#,##0"
    return format_currency(
        Decimal(amount.amount).scaleb(-digits),
        amount.currency.upper(),
        format=pattern,
        locale="en_US",
        currency_digits=False,
    )


def parse_amount(typed: str, currency: str) -> Money | None:
    """What a person typed as an amount of this currency; None when it is none."""
    written = _AMOUNT.fullmatch(typed.strip().lstrip("$€£¥").strip())
    if written is None:
        return None
    whole, fraction = written["whole"], written["fraction"] or ""
    digits = minor_digits(currency)
    if len(fraction) > digits:
        return None
    return Money(int(whole + fraction.ljust(digits, "0")), currency)


def count(number: int) -> str:
    """A number with thousands separated."""
    return f"{number:,}"


def open_tickets(number: int) -> str:
    """How many of them."""
    return "1 open ticket" if number == 1 else f"{count(number)} open tickets"


def every(interval: Interval) -> str:
    """How often a price is charged."""
    return {
        Interval.DAY: "daily",
        Interval.WEEK: "weekly",
        Interval.MONTH: "monthly",
        Interval.QUARTER: "every three months",
        Interval.HALF_YEAR: "every six months",
        Interval.YEAR: "yearly",
    }[interval]


def plan_name(subscription: Subscription, catalogue: Catalogue) -> str:
    """The plan's name; one that the vendor has stopped selling still has a word for it."""
    plan = catalogue.plan(subscription.plan_id) if subscription.plan_id else None
    return plan.name if plan else "Your plan"


def allowed_link(url: str | None, *, hosts: frozenset[str]) -> str | None:
    """The address, or None for one that nobody may be sent to: every link passes here (S22)."""
    return url if url is not None and is_allowed_link(url, hosts=hosts) else None


def link(label: str, url: str | None, *, hosts: frozenset[str]) -> str | None:
    """A markdown link, or None for what may not be linked to (rule S22)."""
    allowed = allowed_link(url, hosts=hosts)
    if allowed is None or any(sign in allowed for sign in "()<> "):
        return None
    return f"[{label}]({allowed})"


def masked_address(address: str) -> str:
    """Enough of a mail address to know one's own by, and too little to write to it."""
    local, _, host = address.rpartition("@")
    return f"`{plain(local[:1])}•••@{plain(host)}`"


def plain(written: str) -> str:
    """Somebody's own text, fit for a code block: it cannot end the block."""
    return written.replace("`", "'")


def quoted(written: str, *, at_most: int = LONGEST_QUOTATION) -> str:
    """Somebody's own text as a quotation that cannot format, link or mention.

    It is cut after that, because escaping can make a text three times as long.
    """
    whole = _quotation(written)
    if len(whole) <= at_most:
        return whole
    cut = _LOOSE_END.sub(r"\1", whole[: at_most - len(_MORE)])
    return f"{cut}{_MORE}"


def quotations(written: str, *, at_most: int = LONGEST_QUOTATION) -> list[str]:
    """The whole of somebody's own text, in as many quotations as it takes."""
    whole = _quotation(written)
    if len(whole) <= at_most or len(written) < 2:
        return [whole]
    middle = len(written) // 2
    # Between two words, where there are any.
    place = max(written.rfind(sign, 0, middle) for sign in " \n") + 1 or middle
    return [
        part
        for half in (written[:place], written[place:])
        for part in quotations(half, at_most=at_most)
    ]


def _quotation(written: str) -> str:
    # Discord ends a line wherever Unicode does, so lines are told apart before they are escaped.
    lines = discord.utils.escape_mentions(written).splitlines() or [""]
    escaped = (_MARKUP.sub(r"\g<0>\\", line).replace("://", ":\u200b//") for line in lines)
    return "\n".join(f"> {line}" for line in escaped)


def defect(reference: str) -> str:
    """For what should not have happened."""
    return (
        "**Something went wrong on our side.**\n"
        "Nothing was lost. Please try again in a minute. If it happens again, open a ticket with "
        f"`/ticket open` and give this reference: `{reference}`."
    )
