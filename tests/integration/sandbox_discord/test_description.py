"""The checker itself finds what it must find."""

from __future__ import annotations

import pytest

from bot.sandbox.discord import Exchange
from tests.support.discord_description import DescriptionChecker, description_path

PATH = description_path()
pytestmark = pytest.mark.skipif(
    PATH is None,
    reason="no API description: put discord-openapi.json beside the repository or set "
    "DISCORD_OPENAPI",
)


@pytest.fixture
def checker() -> DescriptionChecker:
    """A checker over the description on this machine."""
    assert PATH is not None
    return DescriptionChecker(PATH)


def exchange(
    *,
    method: str = "POST",
    path: str = "/channels/1/messages",
    query: dict[str, str] | None = None,
    request: object = None,
    status: int = 400,
    response: object = None,
) -> Exchange:
    """An exchange with an error answer that is correct."""
    refusal = {"code": 50006, "message": "Cannot send an empty message"}
    return Exchange(method, path, path, query or {}, request, False, status, response or refusal)


def test_a_correct_exchange_passes(checker: DescriptionChecker) -> None:
    checker(exchange(request={"content": "hello"}))
    checker.assert_clean()
    assert checker.checked == 1


@pytest.mark.parametrize(
    "wrong",
    [
        exchange(path="/no/such/path"),
        exchange(method="GET", query={"limit": "500"}),
        exchange(method="GET", query={"colour": "red"}),
        exchange(status=200, response={"id": "1"}),
        exchange(status=304),
        exchange(status=404, response={"error": "no"}),
        exchange(method="GET", path="/users/@me", status=200, response={"id": "1"}),
        exchange(method="GATEWAY", path="MESSAGE_CREATE", status=0, response={"id": "1"}),
    ],
)
def test_a_wrong_exchange_is_found(checker: DescriptionChecker, wrong: Exchange) -> None:
    checker(wrong)
    assert checker.violations
    with pytest.raises(AssertionError):
        checker.assert_clean()


def test_a_wrong_request_that_was_accepted_is_found(checker: DescriptionChecker) -> None:
    checker(
        exchange(
            method="PUT",
            path="/channels/1/permissions/2",
            request={"type": "role"},
            status=204,
        )
    )
    assert any("request" in violation.where for violation in checker.violations)


def test_ids_pass_as_integers_and_permissions_as_texts_in_requests_only(
    checker: DescriptionChecker,
) -> None:
    checker(
        Exchange(
            "PUT",
            "/channels/1/permissions/2",
            None,
            {},
            {"type": 1, "allow": "1024", "deny": 0},
            False,
            204,
            None,
        )
    )
    checker.assert_clean()
    user = {"id": 1, "username": "mia"}
    checker(exchange(method="GET", path="/users/1", status=200, response=user))
    assert checker.violations
