"""Words that press, shame or confuse somebody who leaves (fairness rule 4): never said to them."""

import re

_PHRASES = (
    # Shame.
    r"are you (?:really |quite )?sure",
    r"(?:really|truly) (?:want|wish|going) to (?:leave|cancel|go)",
    r"(?:you(?:'ll| will| may| might)? )regret",
    r"(?:sad|sorry|hate) to (?:see|lose) you",
    r"(?:we(?:'ll| will)|going to) miss you",
    r"(?:please )?(?:don't|do not) (?:go|leave|give up|abandon)",
    r"let(?:ting)? (?:us|your team) down",
    r"break(?:s|ing)? our heart",
    r"disappoint(?:ing)? (?:us|our|your)",
    r"no,? thanks?,? i (?:hate|prefer|don't|do not|like)",
    r"(?:mak(?:e|ing)|be|big|huge) (?:an? )?(?:big |huge )?mistake",
    r"lose everything",
    # Urgency that is not real.
    r"last chance",
    r"final offer",
    r"act (?:now|fast|quickly)",
    r"hurry",
    r"(?:today only|only today)",
    r"limited[- ]time",
    r"now or never",
    r"before it(?:'s| is) too late",
    r"(?:don't|do not) miss",
    r"expires? (?:soon|tonight|today)",
    r"only \d+ (?:hours?|minutes?|seconds?|spots?|places?|left)",
    # Double negatives.
    r"(?:don't|do not|never|no longer) (?:not|un-?(?:subscribe|cancel)|stop (?:not|staying))",
    r"not (?:un-?(?:subscribe|cancel)|continue not)",
)
_PRESSING = re.compile(rf"\b(?:{'|'.join(_PHRASES)})\b", re.IGNORECASE)


def pressing_words(said: str) -> str | None:
    """The first words that press; None where a text is fair."""
    found = _PRESSING.search(" ".join(said.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split()))
    return None if found is None else found[0]
