"""S22: what leaves the cogs as a link has passed `words.allowed_link`, and nothing else makes one.

Commands that the words name are looked at too: one that does not exist leads nowhere either.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.meta.test_tree import _commands, modules, relative

# The two functions that make links, and the one that decides.
_MAKERS = {"link", "link_button", "allowed_link"}
_MAKER_FILES = {"cogs/layout.py", "cogs/words.py"}
# Addresses of the provider's that come from outside.
_FOREIGN = {"page_url", "pdf_url", "portal_url"}
# Where the provider sends a buyer back to, which is given to the provider and shown to nobody; a
# file of the message itself; how the address of a page begins that has passed the check beside it.
_NO_LINKS = re.compile(r"https://discord\.com/channels/|attachment://|address begins with https://")
_COMMAND = re.compile(r"`/([a-z-]+)(?: ([a-z-]+))?`")


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def _inside_makers(tree: ast.AST) -> set[ast.AST]:
    """Everything that is handed to one of the functions that make links."""
    return {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _called(node) in _MAKERS
        for inner in ast.walk(node)
    }


def other_links(tree: ast.AST) -> Iterator[str]:
    """What makes a link by itself, and addresses from outside that go elsewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and any(each.arg == "url" for each in node.keywords):
            yield f"{node.lineno}: {ast.unparse(node.func)}(url=...)"
    for line, written in _texts(tree):
        if "](" in written:
            yield f"{line}: a markdown link"
        if "://" in _NO_LINKS.sub("", written):
            yield f"{line}: an address in the text"
    checked = _inside_makers(tree) | _fetched(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _FOREIGN and node not in checked:
            yield f"{node.lineno}: .{node.attr} goes past the check"


def _fetched(tree: ast.AST) -> set[ast.AST]:
    """Calls such as `portal_url(...)`, and values that get a name: the name is what is shown."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found.add(node.func)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("url", "page"):
            found.update(ast.walk(node.value))
    return found


def test_s22_every_link_of_the_cogs_passes_the_check() -> None:
    found = {
        relative(path): links
        for path in modules("cogs")
        if relative(path) not in _MAKER_FILES
        and (links := list(other_links(ast.parse(path.read_text()))))
    }
    assert found == {}


def test_s22_the_two_functions_ask_before_they_make_a_link() -> None:
    for path in modules("cogs"):
        if relative(path) not in _MAKER_FILES:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name in ("link", "link_button"):
                assert "allowed_link(url, hosts=hosts)" in ast.unparse(node), node.name


@pytest.mark.parametrize(
    "written",
    [
        "discord.ui.Button(label='Pay', url=page)",
        "text(f'[Pay]({page})')",
        "text('[Pay](' + page + ')')",
        "text('See https://evil.example/pay')",
        "text('http://' + host)",
        "text(invoice.page_url)",
        "text(f'PDF: {invoice.pdf_url}')",
    ],
)
def test_s22_the_check_sees_links_that_are_made_another_way(written: str) -> None:
    assert list(other_links(ast.parse(written)))


@pytest.mark.parametrize(
    "written",
    [
        "link_button('Pay', page, hosts=hosts)",
        "words.link('View', invoice.page_url, hosts=hosts)",
        "url = unpaid[0].page_url if unpaid else None",
        "await overviews.portal_url(user, return_url=f'https://discord.com/channels/{where}')",
    ],
)
def test_s22_the_right_way_passes(written: str) -> None:
    assert not list(other_links(ast.parse(written)))


def test_every_command_that_the_words_name_exists() -> None:
    exist = {name for path in modules("cogs") for name in _commands(ast.parse(path.read_text()))}
    groups = {name.split()[0] for name in exist if " " in name}
    named = {
        f"{relative(path)}: /{found.group(0).strip('`/')}"
        for path in modules("cogs")
        for _, written in _texts(ast.parse(path.read_text()))
        for found in _COMMAND.finditer(written)
        if found.group(1) not in groups | exist
        and " ".join(filter(None, found.groups())) not in exist
    }
    assert named == set()
