"""A restricted key: what it may not do. Stripe looks at that before it looks at the request."""

from typing import Literal

from bot.sandbox.stripe.wire import StripeError

Right = Literal["read", "write"]


class Restrictions:
    """Nothing is forbidden at first: a secret key may do everything."""

    def __init__(self) -> None:
        self._forbidden: set[tuple[str, Right]] = set()

    def forbid(self, resource: str, right: Right) -> None:
        """``resource`` is the first segment of the paths: ``subscriptions``, ``billing_portal``.
        Who may not read may not write."""
        self._forbidden |= {(resource, right), (resource, "write")}

    def check(self, method: str, path: str) -> None:
        """Raises Stripe's 403."""
        resource = path.removeprefix("/v1/").partition("/")[0]
        right: Right = "read" if method == "GET" else "write"
        if (resource, right) in self._forbidden:
            raise StripeError(
                "The provided key does not have the required permissions for this endpoint. "
                f"Having the 'rak_{resource.removesuffix('s')}_{right}' permission would allow "
                "this request to continue.",
                status=403,
            )
