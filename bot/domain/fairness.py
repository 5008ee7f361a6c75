"""Words that press, shame or confuse somebody who leaves (fairness rule 4): never said to them."""

import re
import unicodedata

from bot.domain.pressing_phrases import SPACED, UNSPACED

_PRESSING = re.compile(rf"(?<!\w)(?:{'|'.join(SPACED)})(?!\w)|{'|'.join(UNSPACED)}", re.IGNORECASE)


def pressing_words(said: str) -> str | None:
    """The first words that press; None where a text is fair, or in a language without a list."""
    written = unicodedata.normalize("NFC", said).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    found = _PRESSING.search(" ".join(written.split()))
    return None if found is None else found[0]
