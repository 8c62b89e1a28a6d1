"""Every numbered rule of docs/rules.md has a test of its name, and every rule marked P a property."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
RULES = ROOT / "docs/rules.md"
LAST = {1: 12, 2: 6, 3: 4, 4: 11, 5: 4, 6: 5, 7: 4, 8: 2, 9: 3}
PROPERTIES = {"1.2", "1.4", "1.8", "4.3", "4.6", "4.7", "4.9"}
NAMED = re.compile(r"test_rule_(\d+)_(\d+)_\w+")


def listed() -> dict[str, bool]:
    """Return the number of each rule on the page and whether it is marked P."""
    found = re.findall(r"^- \*\*(\d+\.\d+)\*\*( \*\*P\*\*)? ", RULES.read_text("utf-8"), re.M)
    return {number: bool(mark) for number, mark in found}


@cache
def named() -> dict[str, bool]:
    """Return the name of each test of a rule and whether Hypothesis drives it."""
    made: dict[str, bool] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and NAMED.fullmatch(node.name):
                given = any(
                    isinstance(one, ast.Call) and ast.unparse(one.func) == "given" for one in node.decorator_list
                )
                made[node.name] = made.get(node.name, False) or given
    return made


def number_of(name: str) -> str:
    found = NAMED.fullmatch(name)
    assert found is not None
    return ".".join(found.groups())


def test_the_page_lists_every_rule() -> None:
    wanted = [f"{part}.{rule}" for part, last in LAST.items() for rule in range(1, last + 1)]
    assert list(listed()) == wanted
    assert {number for number, marked in listed().items() if marked} == PROPERTIES


def test_every_rule_has_a_test_named_after_it() -> None:
    found = {number_of(name) for name in named()}
    assert not listed().keys() - found, "rules without a test"
    assert not found - listed().keys(), "tests of rules there are not"


def test_every_rule_marked_p_has_a_property() -> None:
    driven = {number_of(name) for name, given in named().items() if given}
    assert not PROPERTIES - driven


def test_the_numbers_that_surprise_have_their_tests() -> None:
    table = RULES.read_text("utf-8").partition("## Numbers that surprise")[2]
    wanted = re.findall(r"^\| [^|]+ \| `(\w+)` \|$", table, re.M)
    assert len(wanted) == 12
    assert not set(wanted) - named().keys()
