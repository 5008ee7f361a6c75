"""The vendor's own backend: it tells the bot what customers use, over the signed HTTP interface."""

import hashlib
import hmac
import json
import secrets
import time

import aiohttp

PATH = "/v1/usage"


class Backend:
    """Signs with the secret that it shares with the bot at `bot_url`."""

    def __init__(self, *, bot_url: str, secret: str) -> None:
        self._bot_url = bot_url
        self._secret = secret

    async def report_usage(self, customer_id: str, amount: int) -> str:
        """What became of it, in the bot's word: ``recorded``, ``no_subscription`` and so on.

        Raises aiohttp.ClientError when the bot does not take it or is away.
        """
        key = f"demo/{secrets.token_hex(8)}"
        entry = {"key": key, "customer_id": customer_id, "amount": amount}
        body = json.dumps({"entries": [entry]}).encode()
        moment = f"{time.time():.6f}"
        signed = f"{moment}.POST.{PATH}.".encode() + body
        signature = hmac.new(self._secret.encode(), signed, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "Mooring-Signature": f"t={moment},v1={signature}",
        }
        async with (
            aiohttp.ClientSession() as session,
            session.post(self._bot_url + PATH, data=body, headers=headers) as response,
        ):
            response.raise_for_status()
            return str((await response.json())["entries"][0]["status"])
