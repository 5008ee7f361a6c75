"""One-time codes: few guesses, few requests, once, for one person, hashed at rest."""

import base64
import hashlib

import pytest

from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.linking import (
    CODE_FIELD,
    NOBODY,
    REFUSED,
    WRONG,
    another,
    ask,
    enter,
    linked,
    store_files,
)
from tests.scenario.outside import change_store, codes_for, jobs_done
from tests.scenario.stage import Stage


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
