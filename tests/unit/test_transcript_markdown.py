"""Discord's markdown becomes HTML that looks right and cannot act."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.transcripts.markdown import render, unturned

NAMES = {"100000000000000001": "@Mia", "100000000000000002": "#help"}
TAGS = {
    "a", "bdi", "blockquote", "code", "div", "em", "pre", "s", "span", "strong", "time", "u"
}  # fmt: skip
ATTRIBUTES = {"class", "datetime", "href", "rel", "tabindex", "target"}


class Reader(HTMLParser):
    """Which elements there are, and what a person reads."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(str(render(text, NAMES)))
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("**bold** and *it* and _it_", "<strong>bold</strong> and <em>it</em> and <em>it</em>"),
        ("***both***", "<strong><em>both</em></strong>"),
        ("__under__ ~~gone~~", "<u>under</u> <s>gone</s>"),
        ("**a *b* c**", "<strong>a <em>b</em> c</strong>"),
        ("**open *a** b*", "<strong>open *a</strong> b*"),
        ("snake_case_name 2 * 3", "snake_case_name 2 * 3"),
        (r"\*not\*", "*not*"),
        ("`**x** <b>`", "<code>**x** &lt;b&gt;</code>"),
        ("```py\n# no\n<b>\n```", "<pre><code># no\n&lt;b&gt;</code></pre>"),
        ("so:\n```\nx\n```\n\nand", "so:\n<pre><code>x</code></pre>\nand"),
        ("||boo||", '<span class="spoiler" tabindex="0">boo</span>'),
        ("# Big", '<div class="heading h1">Big</div>'),
        ("-# fine", '<div class="small">fine</div>'),
        ("- one\n  - two", '<div class="item">• one</div><div class="item deep">• two</div>'),
        ("3. three", '<div class="item">3. three</div>'),
        ("> said\nok", "<blockquote>said</blockquote>ok"),
        (">>> all\nof it", "<blockquote>all\nof it</blockquote>"),
        ("<@!100000000000000001>", '<span class="mention">@Mia</span>'),
        ("<#100000000000000002>", '<span class="mention">#help</span>'),
        ("<@&100000000000000009>", '<span class="mention">@100000000000000009</span>'),
        ("</cancel:100000000000000002>", '<span class="mention">/cancel</span>'),
        ("<:wave:100000000000000002>", ":wave:"),
        (
            "<t:1798000000:R>",
            '<time datetime="2026-12-23T04:26:40+00:00">23 December 2026, 04:26 UTC</time>',
        ),
        ("<t:9999999999999:R>", "&lt;t:9999999999999:R&gt;"),
        ("plain\ntext", "plain\ntext"),
    ],
)
def test_what_people_write(written: str, html: str) -> None:
    assert str(render(written, NAMES)) == html


def test_links_say_where_they_lead_and_take_nothing_along() -> None:
    masked = read("[my bank](https://evil.example/login)")
    assert masked.text == "my bank (evil.example)"
    assert ("rel", "noopener noreferrer nofollow") in masked.attributes
    bare = read("see https://example.com/a_b_c. Or <https://example.com/?x=1&y=2>")
    assert [value for name, value in bare.attributes if name == "href"] == [
        "https://example.com/a_b_c",
        "https://example.com/?x=1&y=2",
    ]
    assert bare.text == "see https://example.com/a_b_c. Or https://example.com/?x=1&y=2"
    assert "xn--" in read("[bank](https://b\u0430nk.example/)").text  # a Cyrillic letter


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](https://a.example\" onclick=\"alert(1))",
        "https://a.example/\"onmouseover=alert(1)//",
        "https://user:pass@a.example/",
        "https://a.example\\.b.example/",
        "https://[::1",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:x'>",
        "**<b>**</b>",
        "`<svg/onload=alert(1)>`",
        "```\n</code></pre><script>\n```",
        "||<iframe src=//evil.example>||",
        "</cancel\"onclick=x:100000000000000002>",
        "<style>*{display:none}</style><!--",
        "&lt;script&gt; &#60;b&#62; &amp;",
        "\u202egpj.exe \u2066x",
        "\x00\x01\ufeff\u2028<b>",
        "[\u202etxet](https://a.example)",
    ],
)  # fmt: skip
def test_nothing_of_what_attackers_write_becomes_markup(text: str) -> None:
    read_back = read(text)
    assert set(read_back.tags) <= TAGS
    assert {name for name, _ in read_back.attributes} <= ATTRIBUTES
    for name, value in read_back.attributes:
        assert name != "href" or str(value).startswith(("http://", "https://"))


@given(st.text(st.sampled_from("*_~|`<>[]()\\/:@#&!-. \nab1ht\"'=s\u202e"), max_size=200))
def test_any_text_is_well_formed_and_harmless(text: str) -> None:
    read_back = read(text)
    assert set(read_back.tags) <= TAGS
    assert {name for name, _ in read_back.attributes} <= ATTRIBUTES


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00")))
def test_text_without_signs_stays_as_it_is(text: str) -> None:
    kept = "".join(each for each in text if each.isalnum() or each in " \n,")
    written = "\n".join(line.lstrip("0123456789") for line in kept.split("\n"))
    assert read(written).text == written


@pytest.mark.parametrize(
    "sign", ["*", "[", "`a", "**a", "> ", "||_", "<t:", "[a](http://", "```"]
)  # fmt: skip
def test_hostile_text_costs_no_more_than_other_text(sign: str) -> None:
    """With a pattern that looks back and forth this would not end."""
    assert set(read(sign * 40_000).tags) <= TAGS


def test_names_cannot_turn_the_line() -> None:
    assert unturned("photo\u202egpj.exe") == "photogpj.exe"
