"""Only HTTPS links to allow-listed hosts leave Mooring (S22)."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import LinkRefused
from bot.domain.links import PROVIDER_HOSTS, is_allowed_link
from cogs.layout import link_button
from cogs.words import link

HOSTS = frozenset({"stripe.com", "lumen.example"})


@pytest.mark.parametrize(
    "url",
    [
        "https://stripe.com",
        "https://invoice.stripe.com/i/acct_1/test_x?s=ap#top",
        "https://CHECKOUT.Stripe.com/c/pay/cs_test_1",
        "https://account.lumen.example/subscription",
    ],
)
def test_the_vendors_and_providers_own_pages(url: str) -> None:
    assert is_allowed_link(url, hosts=HOSTS)


ATTACKS = [
    "",
    "stripe.com",
    "//stripe.com",
    "http://stripe.com",
    "javascript://stripe.com/%0aalert(1)",
    "data:text/html,stripe.com",
    "ftp://stripe.com",
    "https:///stripe.com",
    "https://evil.example",
    "https://evilstripe.com",
    "https://stripe.com.evil.example",
    "https://stripe.com@evil.example",
    "https://user:word@stripe.com",
    "https://evil.example@stripe.com",
    "https://stripe.com:8443",
    "https://stripe.com:443",
    "https://stripe.com:port",
    "https://evil.example/stripe.com",
    "https://evil.example?.stripe.com",
    "https://evil.example#.stripe.com",
    "https://evil.example\\.stripe.com",
    "https://evil.example\\@stripe.com",
    "https://evil.example%2f.stripe.com",
    "https://evil.example%00.stripe.com",
    "https://evil.example\t.stripe.com",
    "https://evil.example\n.stripe.com",
    " https://stripe.com",
    "https://stripe.com/a b",
    "https://stripe.com/\u202egro.elpmaxe",
    "https://\uff53tripe.com",
    "https://strípe.com",
    "https://.stripe.com",
    "https://evil..stripe.com",
    "https://stripe.com.",
    "https://[::1].stripe.com",
    "https://[stripe.com",
    "https://com",
]


@pytest.mark.parametrize("url", ATTACKS)
def test_attacks(url: str) -> None:
    assert not is_allowed_link(url, hosts=HOSTS)


@pytest.mark.parametrize("url", ATTACKS)
def test_no_button_leads_there(url: str) -> None:
    with pytest.raises(LinkRefused):
        link_button("Pay", url, hosts=HOSTS)


def test_a_button_leads_to_what_is_allowed() -> None:
    assert link_button("Pay", "https://stripe.com/p", hosts=HOSTS).url == "https://stripe.com/p"


@given(st.text())
def test_no_text_gets_through_that_a_browser_would_read_otherwise(text: str) -> None:
    url = f"https://{text}.stripe.com/"
    if is_allowed_link(url, hosts=HOSTS):
        assert urlsplit(url).hostname == f"{text}.stripe.com".lower()
        assert not set(text) - set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
        )


def test_links_in_markdown_cannot_break_out_of_their_brackets() -> None:
    hosts = PROVIDER_HOSTS
    assert link("Invoice", "https://stripe.com/i", hosts=hosts) == "[Invoice](https://stripe.com/i)"
    for url in (None, "https://stripe.com/a)b", "https://stripe.com/<b>", "https://evil.example/"):
        assert link("Invoice", url, hosts=hosts) is None
