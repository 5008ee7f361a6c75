"""What members of the demo's server have written to the support team lately."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Said:
    """`ago` is counted from the demo's start."""

    ago: timedelta
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """One ticket that is open. `answers` are to its topic's questions, by their ids.

    `taken_by` has claimed it. `notes` is what the team said among itself.
    """

    opener: str
    topic: str
    opened: timedelta
    answers: Mapping[str, str]
    said: tuple[Said, ...] = ()
    taken_by: str | None = None
    priority: str = "normal"
    tags: tuple[str, ...] = ()
    notes: tuple[Said, ...] = ()
    in_thread: bool = False
    snoozed_for: timedelta | None = None


def _ago(*, days: int = 0, hours: int = 0, minutes: int = 0) -> timedelta:
    return timedelta(days=days, hours=hours, minutes=minutes)


# Of the support team, beside Sam. Nobody can be Kim on the page.
COLLEAGUE = "Kim"
# Those who write to it now, and which plan's role they have.
MEMBERS: Mapping[str, str | None] = {
    "Ivy": "Pro",
    "Omar": "Max",
    "Jonas": "Pro",
    "Ben": "Max",
    "Aiko": None,
    "Zoe": "Pro",
    "Tom": "Lite",
    "Priya": "Max",
}
# Those who have written at some time.
OTHERS = (
    *("Ana", "Bruno", "Carla", "Dario", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jamal"),
    *("Katya", "Liam", "Marta", "Nils", "Olga", "Pavel", "Rosa", "Stefan", "Tessa", "Uma"),
    *("Viktor", "Wanda", "Yusuf", "Zara"),
)

STORIES = (
    Story(
        "Ivy",
        "billing",
        _ago(days=5, hours=2),
        {
            "account_email": "ivy@example.com",
            "description": "I was charged twice: $20.00, and again $20.00 a minute later. Please "
            "give one of them back.",
            "payment_reference": "pi_3QKx8Ivy",
        },
        said=(
            Said(_ago(days=2, hours=1), "Ivy", "Hello? The second one is still on my statement."),
        ),
        priority="high",
        tags=("refund",),
    ),
    Story(
        "Omar",
        "help",
        _ago(days=6, hours=3),
        {"description": "When I export a long note to PDF, the last table is cut off."},
        said=(
            Said(
                _ago(days=6),
                "Sam",
                "Thank you, Omar. Does it also happen with the page size A4? It is under "
                "**Settings → Export**.",
            ),
            Said(
                _ago(days=4, hours=5),
                "Omar",
                "Yes, with A4 and with Letter. It is the note “Thesis, chapter 4”, if you want to "
                "try it yourselves.",
            ),
        ),
        taken_by="Sam",
        tags=("bug",),
    ),
    Story(
        "Tom",
        "bug",
        _ago(days=2, hours=4),
        {
            "what": "In dark mode the sidebar flickers when I move the window to my second screen.",
            "system": "Windows",
            "often": "Always",
            "tried": "Restart\nUpdate",
        },
        said=(
            Said(
                _ago(days=1, hours=20),
                "Sam",
                "I can see it here with two screens, too. It is mended in 4.3, which comes next "
                "week. I write to you when it is there.",
            ),
            Said(_ago(days=1, hours=18), "Tom", "Great, thank you!"),
        ),
        taken_by="Sam",
        tags=("bug",),
        snoozed_for=timedelta(days=5),
    ),
    Story(
        "Priya",
        "help",
        _ago(days=1, hours=2),
        {"description": "Can you move my notes to our team's space? There are about 200."},
        said=(
            Said(_ago(hours=23), "Kim", "Gladly. I do it tonight, when nobody writes in it."),
            Said(
                _ago(hours=3),
                "Kim",
                "Done: all 214 notes are in the team's space now, with their pictures. Do they "
                "look right to you?",
            ),
        ),
        taken_by="Kim",
    ),
    Story(
        "Lea",
        "help",
        _ago(hours=22),
        {
            "description": "What I write on the train does not arrive on my laptop. The phone says "
            "“saved”, and the laptop shows the notes of yesterday."
        },
        said=(
            Said(
                _ago(hours=20, minutes=40),
                "Sam",
                "Hello Lea. That sounds as if the sync waits for something. On the phone, "
                "please look under **Settings → Sync**: how many notes wait there?",
            ),
            Said(
                _ago(minutes=35),
                "Lea",
                "It says “3 notes waiting”, and nothing moves. Both have version 4.2.",
            ),
        ),
        taken_by="Sam",
    ),
    Story(
        "Ben",
        "billing",
        _ago(hours=5, minutes=10),
        {
            "account_email": "ben@northlight.example",
            "description": "Our accountant needs our company's name on the invoice of last month.",
        },
        said=(
            Said(_ago(hours=4, minutes=30), "Kim", "Sure. Which name, and which address?"),
            Said(_ago(hours=1, minutes=40), "Ben", "Northlight Studio GmbH, Hafenweg 8, Bremen."),
        ),
        taken_by="Kim",
    ),
    Story(
        "Jonas",
        "billing",
        _ago(hours=3, minutes=10),
        {
            "account_email": "jonas@example.com",
            "description": "My bank says that it has allowed the payment, and you say that the "
            "card was declined. My plan ends tonight!",
        },
        priority="urgent",
        notes=(
            Said(
                _ago(hours=2, minutes=50),
                "Kim",
                "His bank asks for a second factor. He has to confirm each payment in its app.",
            ),
        ),
    ),
    Story(
        "Zoe",
        "leaving",
        _ago(hours=1, minutes=25),
        {
            "description": "I am abroad from January to March and would rather pause than cancel. "
            "Is that possible?"
        },
        in_thread=True,
    ),
    Story(
        "Noor",
        "bug",
        _ago(minutes=48),
        {
            "what": "The app closes when I paste a picture.",
            "system": "macOS",
            "often": "Always",
            "tried": "Restart",
        },
        said=(Said(_ago(minutes=44), "Noor", "It began with the update of this morning."),),
    ),
    Story(
        "Aiko",
        "help",
        _ago(minutes=6),
        {"description": "How can I share one folder with a friend who has no plan?"},
    ),
)

# What everybody can read in #general.
CHATTER = (
    Said(_ago(days=1, hours=6), "Tom", "Has anybody tried the new tables? They are quick now!"),
    Said(_ago(days=1, hours=5), "Priya", "We moved our whole wiki over last week. No regrets."),
    Said(_ago(hours=2, minutes=12), "Aiko", "Is there a shortcut for “today's note”?"),
    Said(_ago(hours=2, minutes=8), "Ben", "Ctrl + D. It is also in the menu under **Go**."),
)

# What was said in tickets that are closed by now: first by the member, then in turns.
CLOSED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "billing": (
        (
            "I cannot find the invoice of August.",
            "It is in `/invoices`, with the PDF. I have sent it to your address again, too.",
            "Got it, thank you!",
        ),
        (
            "Why was I charged $20.00 and not $9.00?",
            "You changed from Lite to Pro on that day. `/balance` shows what a plan costs.",
            "Right, I had forgotten that. Thanks.",
        ),
        (
            "My card has expired. How do I give you the new one?",
            "With `/billing`: it opens the payment provider's own page. Never send it here.",
            "That was easy.",
        ),
        (
            "I was charged twice in September.",
            "You are right, and I am sorry. Our moderators have given one of the payments back.",
            "It is on my account. Thank you for being quick!",
        ),
        (
            "Can I pay by the year?",
            "Yes, with `/change-plan`. Two months are free then.",
        ),
    ),
    "help": (
        (
            "Sync does not work on my new phone.",
            "Please sign in there again: the sign-in of the old phone is still the active one.",
            "All my notes are there. Thank you!",
        ),
        (
            "How do I import my notes from another app?",
            "Under **Settings → Import**. It reads Markdown, HTML and text files.",
            "Worked for 900 notes in a minute. Wow.",
        ),
        (
            "A whole page is gone after the last sync!",
            "It is not lost: each page has its history, under **⋯ → Versions**. I have brought "
            "back the one of this morning.",
            "You saved my day.",
        ),
        (
            "I have forgotten my password.",
            "Press “Forgot password” where you sign in. A link comes by mail within a minute.",
        ),
        (
            "Can two people write in the same note at the same time?",
            "On Max, yes. On Pro one writes and the others read.",
            "Then we take Max.",
        ),
        (
            "Exporting to PDF takes minutes.",
            "The pictures in it are very large. With “Smaller pictures” in the export it is quick.",
            "Seconds now. Thanks!",
        ),
        (
            "Is there a version for Linux?",
            "Yes, as a Flatpak. There is nothing to buy again: sign in and it is all there.",
        ),
    ),
}
