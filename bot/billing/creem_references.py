"""Knowing one's own purchases again.

Creem keeps metadata with a checkout and its subscription, but anybody can set it: a payment link
takes it from its address. So each reference is signed together with the product that it was given
for. Otherwise a buyer could have a small top-up taken for the large one that they only looked at.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from bot.billing.provider import Purchase
from bot.domain.identifiers import CheckoutId

_REFERENCE, _PROOF = "mooring_checkout", "mooring_proof"


class References:
    """Signed with the webhook's secret. A page that is open while that is changed is lost."""

    def __init__(self, secret: SecretStr) -> None:
        """`secret` is known to Creem and Mooring alone."""
        self._secret = secret

    def metadata_of(self, purchase: Purchase) -> dict[str, str]:
        """What Creem is to keep with the checkout."""
        return {
            _REFERENCE: purchase.reference,
            _PROOF: self._proof(purchase.reference, purchase.price_id),
        }

    def read(self, metadata: object, *, product_id: str) -> CheckoutId | None:
        """The reference that Mooring has given to a purchase of this product."""
        given: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
        reference, proof = str(given.get(_REFERENCE, "")), str(given.get(_PROOF, ""))
        expected = self._proof(reference, product_id)
        if not hmac.compare_digest(proof.encode("utf-8", "replace"), expected.encode()):
            return None
        return CheckoutId(reference)

    def _proof(self, reference: str, product_id: str) -> str:
        signed = f"mooring-checkout:{reference}:{product_id}".encode("utf-8", "replace")
        return hmac.new(
            self._secret.get_secret_value().encode(), signed, hashlib.sha256
        ).hexdigest()
