"""The vendor's backend: it signs what it asks."""

import json
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
import yarl

from bot.sandbox.scene import API_SECRET
from bot.web.signing import HEADER, digest_of
from tests.scenario.stage import Stage


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """Of a refusal."""
        return str(self.body["error"]["code"])


def signed(
    method: str, path: str, body: bytes, *, at: float | None = None, secret: str = API_SECRET
) -> dict[str, str]:
    """The header of a request, with a time of its own."""
    moment = f"{time.time() if at is None else at:.6f}"
    digest = digest_of(secret, time=moment, method=method, target=path, body=body)
    return {HEADER: f"t={moment},v1={digest.hex()}"}


async def send(
    stage: Stage,
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> Answer:
    """Send these very bytes; every answer is JSON and keeps the secret."""
    url = yarl.URL(stage.bot.web_url + path, encoded=True)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, data=body, headers=headers) as response,
    ):
        text = await response.text()
        assert response.content_type == "application/json", text
        assert API_SECRET not in text
        return Answer(response.status, json.loads(text), dict(response.headers))


async def ask(stage: Stage, method: str, path: str, order: object = None) -> Answer:
    """A signed request."""
    body = b"" if order is None else json.dumps(order).encode()
    return await send(stage, method, path, body, signed(method, path, body))


async def report(stage: Stage, *entries: dict[str, object]) -> list[str]:
    """What became of each entry."""
    answer = await ask(stage, "POST", "/v1/usage", {"entries": list(entries)})
    assert answer.status == 200, answer.body
    assert [each["key"] for each in answer.body["entries"]] == [each["key"] for each in entries]
    return [str(each["status"]) for each in answer.body["entries"]]


async def account(stage: Stage, account_id: str) -> dict[str, Any]:
    """How a customer stands."""
    answer = await ask(stage, "GET", f"/v1/accounts/{account_id}")
    assert answer.status == 200, answer.body
    return dict(answer.body)
