"""Every rule has a scenario that carries its number, with each payment provider."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.meta.test_tree import ROOT

_SOLOENT = {f"S{number}" for number in range(1, 32)}
_REFRACT = {f"R{number}" for number in range(1, 11)}
# What a person decides about money that is asked back: no provider has a part in it.
_DECIDED_BY_PEOPLE = {"S12", "S13", "S14", "R9"}
_NUMBER = re.compile(r"\b([SR])(\d{1,2})(?:-[SR]?(\d{1,2}))?\b")
_OF_CREEM = re.compile(r"\b(creem|lea)\b")
_OF_STRIPE = re.compile(r"\b(stripe|mia|noor|call_stripe|link_mia)\b")


def _tests(path: Path) -> Iterator[tuple[ast.AsyncFunctionDef, str]]:
    """Every scenario of a module, with its source."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node, ast.unparse(node)


def numbers_of(test: ast.AsyncFunctionDef) -> set[str]:
    """Those in its name, and those in its docstring, where S7-S10 stands for four."""
    found = {f"{kind.upper()}{int(number)}" for kind, number in _in_name(test.name)}
    for kind, first, last in _NUMBER.findall(ast.get_docstring(test) or ""):
        found |= {f"{kind}{each}" for each in range(int(first), int(last or first) + 1)}
    return found


def _in_name(name: str) -> list[tuple[str, str]]:
    return re.findall(r"(?<=_)([sr])(\d{1,2})(?=_|$)", name)


def _providers(path: Path, source: str) -> set[str]:
    """Whose customer the story is about; one that is about nobody's account is Stripe's, with
    which most are told."""
    if path.name.startswith("test_creem"):
        return {"creem"}
    of_creem = bool(_OF_CREEM.search(source))
    return {"creem"} if of_creem and not _OF_STRIPE.search(source) else {"stripe"}


@cache
def shown_with(provider: str) -> set[str]:
    """The rules of which a scenario with this provider carries the number."""
    return {
        number
        for path in sorted((ROOT / "tests" / "scenario").glob("test_*.py"))
        for test, source in _tests(path)
        if provider in _providers(path, source)
        for number in numbers_of(test)
    }


@pytest.mark.parametrize(
    ("provider", "wanted"),
    [("stripe", _SOLOENT | _REFRACT), ("creem", (_SOLOENT | _REFRACT) - _DECIDED_BY_PEOPLE)],
)
def test_every_rule_has_a_scenario(provider: str, wanted: set[str]) -> None:
    missing = wanted - shown_with(provider)
    assert sorted(missing, key=lambda rule: (rule[0], int(rule[1:]))) == []


def test_no_scenario_carries_the_number_of_a_rule_that_is_not_there() -> None:
    assert shown_with("stripe") | shown_with("creem") <= _SOLOENT | _REFRACT


def test_numbers_are_read_from_names_and_docstrings() -> None:
    [test] = ast.parse('async def test_s1_r10_it(): """S3-S5, R2: so."""').body
    assert isinstance(test, ast.AsyncFunctionDef)
    assert numbers_of(test) == {"S1", "R10", "S3", "S4", "S5", "R2"}
