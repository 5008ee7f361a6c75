"""Discord's markdown as HTML. What people wrote passes `escape`, and no HTML of theirs does.

One pass from left to right, so that a hostile message costs no more than any other of its length.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from markupsafe import Markup, escape

_FENCE = re.compile(r"```(?:[A-Za-z0-9+#-]{0,20}\n)?(?P<code>.*?)```", re.DOTALL)
_BLOCK = re.compile(
    r"(?P<heading>#{1,3}) +(?P<title>\S.*)|-# +(?P<small>\S.*)"
    r"|(?P<indent> {0,8})(?:[-*]|(?P<number>\d{1,9})\.) +(?P<item>\S.*)|> (?P<quote>.*)"
)
_INLINE = re.compile(
    r"\\(?P<literal>[!-/:-@\[-`{-~])"
    r"|(?P<ticks>`{1,2})(?P<code>[^`]+)(?P=ticks)(?!`)"
    r"|<a?:(?P<emoji>\w{1,32}):\d{15,20}>"
    r"|<(?P<sign>@[!&]?|\#)(?P<mentioned>\d{15,20})>"
    r"|</(?P<command>[^:<>\n]{1,100}):\d{15,20}>"
    r"|<t:(?P<time>-?\d{1,13})(?::[tTdDfFsSR])?>"
    r"|\[(?P<label>[^\[\]\n]{1,300})\]\(<?(?P<target>https?://[^\s<>()]{1,2000})>?\)"
    r"|<?(?P<url>https?://[^\s<>\"'`|*]{1,2000})>?"
    r"|(?P<mark>\*{1,3}|__|~~|\|\||(?<![^\W_])_|_(?![^\W_]))"
)
_TAGS = {
    "***": ("<strong><em>", "</em></strong>"),
    "**": ("<strong>", "</strong>"),
    "*": ("<em>", "</em>"),
    "_": ("<em>", "</em>"),
    "__": ("<u>", "</u>"),
    "~~": ("<s>", "</s>"),
    "||": ('<span class="spoiler" tabindex="0">', "</span>"),
}
_SENTENCE_END = ".,:;!?)]}"
# They turn the direction of what follows: a name or an address would read as another one.
_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LATEST = 32_503_680_000  # the year 3000

Names = Mapping[str, str]


def unturned(text: str) -> str:
    """A name without signs that turn the direction of writing."""
    return _DIRECTION.sub("", text)


def link_to(url: str, label: Markup | None = None) -> Markup:
    """A link that opens only when it is clicked, with the host it really leads to."""
    host = _host(url)
    if host is None:
        return escape(url) if label is None else label
    shown = escape(unturned(url)) if label is None else label
    beside = "" if label is None else Markup(' <span class="host">({})</span>').format(host)
    return Markup(
        '<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>{}'
    ).format(url, shown, beside)


def _host(url: str) -> str | None:
    """The host as machines read it; None for what no browser should be sent to."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        return None
    safe = parts.scheme in ("http", "https") and "@" not in parts.netloc and "\\" not in url
    return host if safe and host and not _DIRECTION.search(url) else None


def render(text: str, names: Names) -> Markup:
    """The whole text of a message. `names` are of whom and what it mentions, by id."""
    made: list[Markup] = []
    position = 0
    for fence in _FENCE.finditer(text):
        made.append(_blocks(text[position : fence.start()], names))
        made.append(Markup("<pre><code>{}</code></pre>").format(fence["code"].strip("\n")))
        # A block ends its own line.
        position = fence.end() + text.startswith("\n", fence.end())
    made.append(_blocks(text[position:], names))
    return Markup("").join(made)


def _blocks(text: str, names: Names) -> Markup:
    before, is_quoted, rest = _split_quote(text)
    made = [_lines(before, names)]
    if is_quoted:
        made.append(Markup("<blockquote>{}</blockquote>").format(_lines(rest, names)))
    return Markup("").join(made)


def _split_quote(text: str) -> tuple[str, bool, str]:
    """`>>> ` quotes everything to the end."""
    if text.startswith(">>> "):
        return "", True, text[4:]
    before, found, rest = text.partition("\n>>> ")
    return before, bool(found), rest


def _lines(text: str, names: Names) -> Markup:
    """Plain lines stay together, so that bold text may go over their ends."""
    made: list[Markup] = []
    plain: list[str] = []

    def end_paragraph() -> None:
        if plain:
            made.append(_inline("\n".join(plain), names))
            plain.clear()

    for line in text.split("\n"):
        block = _BLOCK.fullmatch(line)
        if block is None:
            plain.append(line)
            continue
        end_paragraph()
        made.append(_block(block, names))
    end_paragraph()
    return Markup("").join(made)


def _block(block: re.Match[str], names: Names) -> Markup:
    if block["title"]:
        size = len(block["heading"])
        title = _inline(block["title"], names)
        return Markup('<div class="heading h{}">{}</div>').format(size, title)
    if block["small"]:
        return Markup('<div class="small">{}</div>').format(_inline(block["small"], names))
    if block["item"]:
        deep = " deep" if block["indent"] else ""
        sign = f"{block['number']}." if block["number"] else "•"
        return Markup('<div class="item{}">{} {}</div>').format(
            deep, sign, _inline(block["item"], names)
        )
    return Markup("<blockquote>{}</blockquote>").format(_inline(block["quote"], names))


def _inline(text: str, names: Names) -> Markup:
    """Marks that find no partner are themselves; those between partners cannot cross them."""
    made: list[Markup] = []
    opened: list[tuple[str, int]] = []
    for piece in _pieces(text, names):
        if isinstance(piece, Markup):
            made.append(piece)
            continue
        place = next((n for n, (mark, _) in enumerate(opened) if mark == piece), None)
        if place is None:
            opened.append((piece, len(made)))
            made.append(escape(piece))
            continue
        start, end = _TAGS[piece]
        made[opened[place][1]] = Markup(start)  # noqa: S704 - one of the constants above
        made.append(Markup(end))  # noqa: S704
        del opened[place:]
    return Markup("").join(made)


def _pieces(text: str, names: Names) -> Iterator[str | Markup]:
    """Finished HTML, and marks as plain strings."""
    position = 0
    for found in _INLINE.finditer(text):
        if found.start() > position:
            yield escape(text[position : found.start()])
        position = found.end()
        if found["mark"]:
            yield found["mark"]
        else:
            yield _piece(found, names)
    if position < len(text):
        yield escape(text[position:])


def _piece(found: re.Match[str], names: Names) -> Markup:
    if found["url"]:
        return _bare_link(found)
    if found["label"]:
        return link_to(found["target"], escape(unturned(found["label"])))
    if found["time"]:
        return _time(int(found["time"]), found.group())
    if found["code"]:
        return Markup("<code>{}</code>").format(found["code"])
    if found["mentioned"] or found["command"]:
        return Markup('<span class="mention">{}</span>').format(_mention(found, names))
    return escape(found["literal"] or f":{found['emoji']}:")


def _mention(found: re.Match[str], names: Names) -> str:
    if found["command"]:
        return f"/{found['command']}"
    unknown = f"{found['sign'][0]}{found['mentioned']}"
    return unturned(names.get(found["mentioned"], unknown))


def _bare_link(found: re.Match[str]) -> Markup:
    url = found["url"]
    if found.group().startswith("<") and found.group().endswith(">"):
        return link_to(url)
    kept = url.rstrip(_SENTENCE_END)
    before = "<" if found.group().startswith("<") else ""
    after = found.group()[len(before) + len(kept) :]
    return escape(before) + link_to(kept) + escape(after)


def _time(seconds: int, written: str) -> Markup:
    if not 0 <= seconds < _LATEST:
        return escape(written)
    moment = datetime.fromtimestamp(seconds, UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        moment.isoformat(), f"{moment.day} {moment:%B %Y, %H:%M} UTC"
    )
