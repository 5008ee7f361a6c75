"""/link: prove by a code in the mailbox that a billing account is yours (issue item 1)."""

from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.bad_luck import RECOVERY_SECONDS
from tests.scenario.linking import (
    NOBODY,
    REFUSED,
    WRONG,
    another,
    ask,
    enter,
    linked,
)
from tests.scenario.outside import codes_for, jobs_done
from tests.scenario.stage import Stage


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


async def test_of_many_accounts_those_with_a_plan_are_read_and_offered_first(stage: Stage) -> None:
    """An import can leave a hundred under one address. The one that pays is the oldest here."""
    for number in range(30):
        stage.scene.stripe.add_customer(MIA_ADDRESS, name=f"Import {number}")
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    stage.scene.stripe.requests.clear()
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    code = await codes_for(stage, MIA_ADDRESS, seconds=RECOVERY_SECONDS)
    read = {
        entry.path
        for entry in stage.scene.stripe.requests.entries
        if entry.path.startswith("/v1/customers/")
    }

    offer = await enter(stage.mia, screen, code)

    options = offer.selects[0].options
    assert len(read) == len(options) == 25
    assert "25 of 31" in offer.text
    assert options[0].label.startswith("Pro, monthly")
    done = await stage.mia.choose(offer, options[0].label)
    assert done.message is not None
    assert "is linked" in done.message.text
    assert linked(stage) == {stage.scene.mia_customer: int(stage.mia.user.id)}


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
