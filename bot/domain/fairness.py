"""What is never said to somebody who leaves: words that press, shame or confuse (fairness rule 4),
and what pushes the way to cancel off the screen (rule 2).
"""

import re
import unicodedata

from bot.domain.pressing_phrases import SPACED, UNSPACED

_PRESSING = re.compile(rf"(?<!\w)(?:{'|'.join(SPACED)})(?!\w)|{'|'.join(UNSPACED)}", re.IGNORECASE)

_MOST_SPACES = 3
_SPACES = re.compile(rf"[^\S\n]{{{_MOST_SPACES + 1},}}")
# Also in a quote or a list: its letters are twice as high.
_HEADING = re.compile(
    r"^[^\S\n]*(?:>[^\S\n]*|(?:[-*+]|\d+[.)])[^\S\n]+)*#{1,3}[^\S\n]", re.MULTILINE
)
# Within words of Persian and of Indian scripts, and within emoji.
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
# Whether the character before it is drawn in colours.
_SELECTORS = "\N{VARIATION SELECTOR-15}\N{VARIATION SELECTOR-16}"
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"})
# Unicode calls these letters, marks or symbols, or has not assigned them, and nobody sees them.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\ufff0-\ufff8\U000e0000-\U000e0fff]"
)


def pressing_words(said: str) -> str | None:
    """The first words that press; None where a text is fair, or in a language without a list."""
    written = unicodedata.normalize("NFC", said).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    joined = written.translate(dict.fromkeys(map(ord, _JOINERS)))
    found = _PRESSING.search(" ".join(joined.split()))
    return None if found is None else found[0]


def too_much_room(said: str, *, breaks: int = 0) -> str | None:
    """What a text must not have, as it takes room and says nothing; None where it has none.

    `breaks` is how many line breaks it may have; one with none is shown inside of a line.
    """
    if said.count("\n") > breaks:
        return f"at most {breaks} line breaks" if breaks else "no line breaks"
    if _SPACES.search(said):
        return f"at most {_MOST_SPACES} spaces in a row"
    if breaks and _HEADING.search(said):
        return "no headings"
    unseen = next((place for place in range(len(said)) if _is_unseen(said, place)), None)
    return None if unseen is None else f"no invisible characters such as U+{ord(said[unseen]):04X}"


def _is_unseen(said: str, place: int) -> bool:
    character, before = said[place], said[:place]
    if character in _SELECTORS:
        return not _is_seen(before[-1:])
    if character in _JOINERS:
        joined = (before.rstrip(_SELECTORS)[-1:], said[place + 1 : place + 2])
        return not all(map(_is_seen, joined))
    is_space = character == "\n" or unicodedata.category(character) == "Zs"
    return not is_space and not _is_seen(character)


def _is_seen(character: str) -> bool:
    """Whether there is a character that shows something; a space does not."""
    return (
        character != ""
        and unicodedata.category(character) not in _UNSEEN_CATEGORIES
        and _BLANK.match(character) is None
    )
