"""/link: prove by a code in the mailbox that a billing account is yours (issue item 1)."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox.discord import Message, Persona
from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.bad_luck import until
from tests.scenario.outside import change_store, codes_for, jobs_done
from tests.scenario.stage import Stage

NOBODY = "nobody@example.com"
ADDRESS, CODE_FIELD = "Your billing email", "Code from the mail"
REFUSED = "This code cannot be used any more."
WRONG = "That code is not right"


async def ask(stage: Stage, person: Persona, address: str) -> Message:
    """Run /link, type an address, and read the answer."""
    opened = await person.slash("link", channel=stage.here)
    assert opened.modal is not None
    sent = await person.submit(opened.modal, {ADDRESS: address})
    assert sent.message is not None
    assert sent.message.ephemeral
    return sent.message


async def enter(person: Persona, screen: Message, code: str) -> Message:
    """Press "Enter code", type it, and read the answer."""
    opened = await person.click(screen, "Enter code")
    assert opened.modal is not None
    sent = await person.submit(opened.modal, {CODE_FIELD: code})
    assert sent.message is not None
    assert sent.message.ephemeral
    return sent.message


def linked(stage: Stage) -> dict[str, int]:
    """Who has which customer."""
    rows = stage.rows("SELECT id, user_id FROM customers WHERE user_id IS NOT NULL")
    return {row["id"]: row["user_id"] for row in rows}


def store_files(stage: Stage) -> Iterator[bytes]:
    """The store's bytes on disk: the file and its write-ahead log."""
    path = Path(stage.bot.environment["DATABASE_URL"].removeprefix("sqlite:///"))
    for file in path.parent.glob(f"{path.name}*"):
        yield file.read_bytes()


def another(code: str) -> str:
    """A code of the same form that is not this one."""
    return "".join(str((int(digit) + 1) % 10) if digit.isdigit() else digit for digit in code)


async def test_mia_links_her_account_with_the_code_from_her_mail(stage: Stage) -> None:
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    assert "Check your mail" in screen.text
    code = await codes_for(stage, MIA_ADDRESS)
    assert linked(stage) == {}

    answer = await enter(stage.mia, screen, code)

    assert "Your billing account is linked" in answer.text
    assert "Pro · $20.00 monthly" in answer.text
    assert linked(stage) == {stage.scene.mia_customer: int(stage.mia.user.id)}
    assert "Pro · $20.00 monthly" in (await stage.balance_of(stage.mia)).text
    [entry] = stage.rows("SELECT actor_id, subject FROM audit_log WHERE action = 'account.linked'")
    assert tuple(entry) == (int(stage.mia.user.id), stage.scene.mia_customer)


async def test_a_code_typed_without_its_space_or_with_hyphens_is_the_same_code(
    stage: Stage,
) -> None:
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    code = await codes_for(stage, MIA_ADDRESS)

    answer = await enter(stage.mia, screen, f" {code.replace(' ', '-')} ")

    assert "is linked" in answer.text


async def test_nothing_tells_whether_an_address_has_an_account(stage: Stage) -> None:
    """Texts, requests to Discord and later answers are the same; only the mailbox knows."""
    seen = []
    for person, address in ((stage.mia, MIA_ADDRESS), (stage.noor, NOBODY)):
        stage.scene.discord.requests.clear()
        screen = await ask(stage, person, address)
        await jobs_done(stage)
        wrong = await enter(person, screen, "0000 0000")
        asked = [(each.method, each.route) for each in stage.scene.discord.requests.entries]
        buttons = [(button.label, button.style, button.disabled) for button in screen.buttons]
        seen.append((screen.text, buttons, wrong.text, asked))
        assert address not in screen.text + wrong.text
        assert person.dm is None

    assert seen[0] == seen[1]
    assert [mail.recipients for mail in stage.scene.mail.messages] == [(MIA_ADDRESS,)]
    assert not stage.rows("SELECT id FROM customers WHERE email = ?", NOBODY)


@pytest.mark.parametrize("address", [MIA_ADDRESS, NOBODY])
async def test_five_wrong_guesses_end_a_request(stage: Stage, address: str) -> None:
    screen = await ask(stage, stage.mia, address)
    await jobs_done(stage)
    code = await codes_for(stage, address) if address == MIA_ADDRESS else "1234 5678"

    for left in ("4 tries left", "3 tries left", "2 tries left", "1 try left"):
        assert left in (await enter(stage.mia, screen, another(code))).text
    assert "it was the last try" in (await enter(stage.mia, screen, another(code))).text

    assert REFUSED in (await enter(stage.mia, screen, code)).text
    assert linked(stage) == {}
    assert "Check your mail" in (await ask(stage, stage.mia, address)).text


async def test_the_right_code_counts_after_wrong_ones(stage: Stage) -> None:
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    code = await codes_for(stage, MIA_ADDRESS)

    for _ in range(4):
        assert WRONG in (await enter(stage.mia, screen, another(code))).text

    assert "is linked" in (await enter(stage.mia, screen, code)).text


async def test_a_code_works_once(stage: Stage) -> None:
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    code = await codes_for(stage, MIA_ADDRESS)
    await enter(stage.mia, screen, code)

    assert REFUSED in (await enter(stage.mia, screen, code)).text


async def test_a_code_expires(stage: Stage) -> None:
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    code = await codes_for(stage, MIA_ADDRESS)
    change_store(stage, "UPDATE link_requests SET expires_at = requested_at - 1")

    assert REFUSED in (await enter(stage.mia, screen, code)).text
    assert linked(stage) == {}


async def test_the_newest_code_wins(stage: Stage) -> None:
    first = await ask(stage, stage.mia, MIA_ADDRESS)
    older = await codes_for(stage, MIA_ADDRESS)
    second = await ask(stage, stage.mia, MIA_ADDRESS)
    newer = await codes_for(stage, MIA_ADDRESS, count=2)

    assert REFUSED in (await enter(stage.mia, first, older)).text
    assert WRONG in (await enter(stage.mia, second, older)).text
    assert "is linked" in (await enter(stage.mia, second, newer)).text


async def test_one_person_gets_five_requests_an_hour(stage: Stage) -> None:
    for number in range(5):
        await ask(stage, stage.mia, f"somebody{number}@example.com")

    refused = await ask(stage, stage.mia, MIA_ADDRESS)

    assert "Too many codes were requested" in refused.text
    assert refused.buttons == []
    [oldest] = stage.rows("SELECT min(requested_at) AS at FROM link_requests")
    assert f"<t:{(oldest['at'] + 3_600_000) // 1000}:R>" in refused.text
    assert "Check your mail" in (await ask(stage, stage.noor, NOBODY)).text
    change_store(
        stage,
        "UPDATE link_requests SET requested_at = requested_at - 3600000 WHERE address = ?",
        "somebody0@example.com",
    )
    assert "Check your mail" in (await ask(stage, stage.mia, MIA_ADDRESS)).text


@pytest.mark.parametrize("address", [MIA_ADDRESS, NOBODY])
async def test_one_address_gets_five_requests_an_hour_from_everybody(
    stage: Stage, address: str
) -> None:
    spellings = [address, address.upper(), f" {address}", address.title(), address]
    people = [stage.ada, stage.noor, stage.sam, stage.max, stage.noor]
    for person, spelling in zip(people, spellings, strict=True):
        await ask(stage, person, spelling)

    refused = await ask(stage, stage.mia, address)

    assert "Too many codes were requested" in refused.text
    await jobs_done(stage)
    assert len(stage.rows("SELECT id FROM link_requests")) == 5


async def test_codes_are_hashed_at_rest(stage: Stage) -> None:
    await ask(stage, stage.mia, MIA_ADDRESS)
    code = (await codes_for(stage, MIA_ADDRESS)).replace(" ", "")
    await jobs_done(stage)
    [request] = stage.rows("SELECT code_hash FROM link_requests")
    assert request["code_hash"] is not None

    forms = [code, f"{code[:4]} {code[4:]}", base64.b64encode(code.encode()).decode()]
    plain = [form.encode() for form in forms]
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        digest = hashlib.new(algorithm, code.encode())
        plain += [digest.digest(), digest.hexdigest().encode()]
    for content in store_files(stage):
        assert [form for form in plain if form in content] == []
    assert code not in stage.bot.log_tail(1_000_000)


async def test_nobody_enters_a_code_for_somebody_elses_request(stage: Stage) -> None:
    """Noor has read Mia's mail, and her client sends Mia's custom_id with Noor's own modal."""
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    code = await codes_for(stage, MIA_ADDRESS)
    hers = await stage.mia.click(screen, "Enter code")
    assert hers.modal is not None
    forged = await stage.noor.slash("link", channel=stage.here)
    assert forged.modal is not None
    own = await ask(stage, stage.noor, NOBODY)
    opened = await stage.noor.click(own, "Enter code")
    assert opened.modal is not None

    opened.modal.custom_id = hers.modal.custom_id
    refused = await stage.noor.submit(opened.modal, {CODE_FIELD: code})

    assert refused.message is not None
    assert "belongs to somebody else" in refused.message.text
    assert linked(stage) == {}
    [row] = stage.rows("SELECT attempts FROM link_requests WHERE address = ?", MIA_ADDRESS)
    assert row["attempts"] == 0
    assert "is linked" in (await enter(stage.mia, screen, code)).text


async def test_one_customer_belongs_to_one_discord_user(stage: Stage) -> None:
    await stage.link_mia()
    screen = await ask(stage, stage.noor, MIA_ADDRESS)
    code = await codes_for(stage, MIA_ADDRESS, count=2)

    answer = await enter(stage.noor, screen, code)

    assert "linked to another Discord user" in answer.text
    assert linked(stage) == {stage.scene.mia_customer: int(stage.mia.user.id)}


async def test_one_discord_user_has_one_customer(stage: Stage) -> None:
    stage.scene.stripe.add_customer("mia@work.example")
    screen = await ask(stage, stage.mia, "mia@work.example")
    code = await codes_for(stage, "mia@work.example")
    assert "is linked" in (await enter(stage.mia, screen, code)).text

    again = await stage.mia.slash("link", channel=stage.here)

    assert again.message is not None
    assert "already linked to a billing account" in again.message.text
    assert stage.scene.mia_customer not in linked(stage)


async def test_several_accounts_of_one_address_are_offered_by_plan_after_the_code(
    stage: Stage,
) -> None:
    work = stage.scene.stripe.add_customer(MIA_ADDRESS, name="Mia at work")["id"]
    stage.scene.stripe.add_subscription(work, "price_lite_year")
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    code = await codes_for(stage, MIA_ADDRESS)
    for plan in ("Pro", "Lite", "several"):
        assert plan not in screen.text
        assert plan not in stage.scene.mail.messages[-1].text
    assert WRONG in (await enter(stage.mia, screen, another(code))).text

    offer = await enter(stage.mia, screen, code)

    labels = [option.label for option in offer.selects[0].options]
    assert any(label.startswith("Pro, monthly") for label in labels)
    [lite] = [label for label in labels if label.startswith("Lite, yearly")]
    assert linked(stage) == {}
    done = await stage.mia.choose(offer, lite)
    assert done.message is not None
    assert "Lite · $90.00 yearly" in done.message.text
    assert linked(stage) == {work: int(stage.mia.user.id)}
    again = await stage.mia.choose(offer, lite)
    assert again.message is not None
    assert REFUSED in again.message.text


async def test_nobody_chooses_from_somebody_elses_accounts(stage: Stage) -> None:
    for address in (MIA_ADDRESS, "noor@example.com", "noor@example.com"):
        stage.scene.stripe.add_customer(address)
    offers = []
    for person, address in ((stage.mia, MIA_ADDRESS), (stage.noor, "noor@example.com")):
        screen = await ask(stage, person, address)
        offers.append(await enter(person, screen, await codes_for(stage, address)))
    mias, noors = (offer.selects[0].custom_id for offer in offers)
    _rename(offers[1].components, noors, mias)

    forged = await stage.noor.choose(offers[1], offers[1].selects[0].options[0].value)

    assert forged.message is not None
    assert "belongs to somebody else" in forged.message.text
    assert linked(stage) == {}


def _rename(components: object, old: str, new: str) -> None:
    """Give a component another custom_id, as a forging client does."""
    if isinstance(components, list | tuple):
        for each in components:
            _rename(each, old, new)
    elif isinstance(components, dict):
        if components.get("custom_id") == old:
            components["custom_id"] = new
        _rename(list(components.values()), old, new)


async def test_the_code_comes_once_the_mail_server_is_back(stage: Stage) -> None:
    stage.scene.mail.down = True
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    await until(lambda: stage.rows("SELECT id FROM jobs WHERE last_error LIKE '%mail%'"))

    stage.scene.mail.down = False

    code = await codes_for(stage, MIA_ADDRESS, seconds=20)
    assert "is linked" in (await enter(stage.mia, screen, code)).text


async def test_the_code_comes_once_the_provider_is_back(stage: Stage) -> None:
    outage = stage.scene.stripe.faults.add(path="/v1/customers", status=503)
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    assert "Check your mail" in screen.text
    await until(lambda: stage.rows("SELECT id FROM jobs WHERE last_error IS NOT NULL"))

    outage.remove()

    code = await codes_for(stage, MIA_ADDRESS, seconds=20)
    assert "is linked" in (await enter(stage.mia, screen, code)).text


async def test_a_mail_that_is_refused_for_good_is_not_sent_again_and_again(stage: Stage) -> None:
    stage.scene.mail.reject(MIA_ADDRESS)
    screen = await ask(stage, stage.mia, MIA_ADDRESS)

    await jobs_done(stage)

    assert "Check your mail" in screen.text
    [job] = stage.rows("SELECT attempts FROM jobs WHERE kind = 'account.send_code'")
    assert job["attempts"] == 1
    assert '"event": "mail_refused"' in stage.bot.log_tail()
    assert MIA_ADDRESS not in stage.bot.log_tail(1_000_000)


@pytest.mark.parametrize("moment", ["asked", "mailed", "modal"])
async def test_linking_survives_kill_9(stage: Stage, moment: str) -> None:
    stage.scene.mail.down = moment == "asked"
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    if moment == "asked":
        await stage.bot.kill()
        stage.scene.mail.down = False
        await stage.bot.start()
    code = await codes_for(stage, MIA_ADDRESS, seconds=40)
    await jobs_done(stage)
    if moment == "mailed":
        await stage.kill_and_restart()
    opened = await stage.mia.click(screen, "Enter code")
    if moment == "modal":
        await stage.kill_and_restart()
    assert opened.modal is not None

    answer = await stage.mia.submit(opened.modal, {CODE_FIELD: code})

    assert answer.message is not None
    assert "is linked" in answer.message.text


async def test_the_choice_between_accounts_survives_kill_9(stage: Stage) -> None:
    other = stage.scene.stripe.add_customer(MIA_ADDRESS)["id"]
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    offer = await enter(stage.mia, screen, await codes_for(stage, MIA_ADDRESS))
    await stage.kill_and_restart()

    [free] = [option for option in offer.selects[0].options if "No subscription" in option.label]
    done = await stage.mia.choose(offer, free.value)

    assert done.message is not None
    assert "Free plan" in done.message.text
    assert linked(stage) == {other: int(stage.mia.user.id)}


async def test_a_crash_after_the_mail_does_not_take_the_used_code_back(stage: Stage) -> None:
    """The job of the mail runs again when its end was not recorded; the code was used meanwhile."""
    stage.scene.stripe.add_customer(MIA_ADDRESS)
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    code = await codes_for(stage, MIA_ADDRESS)
    await jobs_done(stage)
    offer = await enter(stage.mia, screen, code)
    await stage.bot.kill()
    change_store(stage, "UPDATE jobs SET done_at = NULL WHERE kind = 'account.send_code'")
    await stage.bot.start()
    await jobs_done(stage)

    done = await stage.mia.choose(offer, offer.selects[0].options[0].value)

    assert done.message is not None
    assert "is linked" in done.message.text
    assert len(stage.scene.mail.messages) == 1


async def test_spaces_and_upper_case_do_not_matter(stage: Stage) -> None:
    await ask(stage, stage.mia, MIA_ADDRESS.upper())
    await codes_for(stage, MIA_ADDRESS)
    screen = await ask(stage, stage.mia, f"  {MIA_ADDRESS.title()} ")
    code = await codes_for(stage, MIA_ADDRESS, count=2)

    assert "is linked" in (await enter(stage.mia, screen, code)).text


async def test_unusual_addresses_get_their_mail(stage: Stage) -> None:
    people = (stage.noor, stage.sam, stage.max)
    addresses = ("o'hara+x@a.example", "明日香@example.com", "jürgen@example.com")
    for person, address in zip(people, addresses, strict=True):
        stage.scene.stripe.add_customer(address)
        screen = await ask(stage, person, address)
        code = await codes_for(stage, address)
        assert "is linked" in (await enter(person, screen, code)).text


NO_ADDRESSES = (
    "mia@example.com\nBcc: eve@evil.example",
    "mia@example.com\r\nRCPT TO:<eve@evil.example>",
    "mia@example.com,eve@evil.example",
    "mia@example.com;eve@evil.example",
    "mia@example.com eve@evil.example",
    "<mia@example.com>",
    '"mia@example.com"@evil.example',
    "mia@example.com\u2028eve@evil.example",
    "[click](https://evil.example)@example.com",
    "<@1>@evil.example",
    "https://evil.example/@example.com",
    "mia@example",
    "@everyone",
    "mia",
    f"{'a' * 65}@example.com",
)


async def test_what_is_no_address_is_refused_and_not_repeated(stage: Stage) -> None:
    for typed in NO_ADDRESSES:
        screen = await ask(stage, stage.mia, typed)

        assert "does not look like an email address" in screen.text, typed
        assert "evil" not in screen.text
        assert "everyone" not in screen.text
    assert stage.rows("SELECT id FROM link_requests") == []
    assert stage.scene.mail.messages == []


async def test_markdown_in_an_address_is_never_shown(stage: Stage) -> None:
    for name in ("**mia**", "`mia`", "||mia||", "~~mia~~"):
        screen = await ask(stage, stage.mia, f"{name}@example.com")

        assert "Check your mail" in screen.text
        assert name not in screen.text
