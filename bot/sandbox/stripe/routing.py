"""The API's endpoints: which request goes where, and what a handler gets."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.sandbox.stripe.params import Group
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """One request, its parameters read. ``path`` holds the template's names."""

    world: World
    path: dict[str, str]
    params: Json
    url: str


@dataclass(frozen=True, slots=True)
class Route:
    """``template`` as Stripe's documentation writes it: ``/v1/customers/{customer}``."""

    method: str
    template: str
    params: Group
    handle: Callable[[Call], Json]


class Router:
    """The first registered route that fits wins, so fixed segments go before names."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = list(routes)
        self._by_shape: dict[tuple[str, int], list[tuple[re.Pattern[str], Route]]] = defaultdict(
            list
        )
        for route in self.routes:
            pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.template))
            key = route.method, route.template.count("/")
            self._by_shape[key].append((pattern, route))

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Raises Stripe's 404 for a URL that the sandbox does not serve."""
        for pattern, route in self._by_shape.get((method, path.count("/")), ()):
            if found := pattern.fullmatch(path):
                return route, found.groupdict()
        raise StripeError(
            f"Unrecognized request URL ({method}: {path}). If you are trying to list objects, "
            "remove the trailing slash. If you are trying to retrieve an object, make sure you "
            "passed a valid (non-empty) identifier in your code. Please see "
            "https://stripe.com/docs or we can help at https://support.stripe.com/.",
            status=404,
        )
