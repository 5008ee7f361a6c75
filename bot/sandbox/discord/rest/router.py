"""Finds the handler of a request: path templates as in Discord's API description."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.sandbox.discord.files import File
from bot.sandbox.discord.wire import Json

if TYPE_CHECKING:
    from bot.sandbox.discord.backend import Backend


@dataclass(slots=True)
class Call:
    """One request to a handler.

    ``body`` is its JSON object ({} when there is none); ``entries`` is its JSON list, None when
    it sent no list.
    """

    backend: Backend
    params: dict[str, str]
    query: dict[str, str]
    body: Json
    entries: list[Json] | None
    files: list[File]


@dataclass(frozen=True, slots=True)
class Reply:
    """A handler's answer; a body of None is sent as an empty one."""

    status: int
    body: object = None


Handler = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path. ``public`` routes need no bot token: they carry their own."""

    method: str
    template: str
    handler: Handler
    public: bool


class Routes:
    """The routes that one module of handlers contributes."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def __call__(
        self, method: str, template: str, *, public: bool = False
    ) -> Callable[[Handler], Handler]:
        """Register the decorated handler."""

        def register(handler: Handler) -> Handler:
            self.routes.append(Route(method, template, handler, public))
            return handler

        return register


@dataclass(slots=True)
class _Node:
    literal: dict[str, _Node] = field(default_factory=dict)
    wildcard: _Node | None = None
    routes: dict[str, tuple[Route, tuple[str, ...]]] = field(default_factory=dict)


class Router:
    """All routes, as a tree over path segments; a literal segment wins over a placeholder."""

    def __init__(self, *modules: Routes) -> None:
        self._root = _Node()
        for module in modules:
            for route in module.routes:
                self._add(route)

    def _add(self, route: Route) -> None:
        node, names = self._root, []
        for segment in route.template.strip("/").split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.wildcard = node.wildcard or _Node()
                node = node.wildcard
            else:
                node = node.literal.setdefault(segment, _Node())
        node.routes[route.method] = (route, tuple(names))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route of a request and its path parameters; None when there is no such path."""
        return self._find(self._root, path.strip("/").split("/"), 0, (), method)

    def _find(
        self, node: _Node, segments: list[str], at: int, values: tuple[str, ...], method: str
    ) -> tuple[Route, dict[str, str]] | None:
        if at == len(segments):
            found = node.routes.get(method)
            if found is None:
                return None
            route, names = found
            return route, dict(zip(names, values, strict=True))
        segment = segments[at]
        literal = node.literal.get(segment)
        if literal is not None and (match := self._find(literal, segments, at + 1, values, method)):
            return match
        if node.wildcard is None:
            return None
        return self._find(node.wildcard, segments, at + 1, (*values, segment), method)
