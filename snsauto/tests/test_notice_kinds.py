"""The list of what people are told holds all that the code tells, and nothing that it does not."""

import ast
from collections.abc import Iterator

from django.conf import settings

from accounts.events import EVENTS
from publishing.models import NEEDS_PERSON

# which argument says of what kind a notice is, by what is called; of `_tell` only alarm.py's has one
TELLERS = {"tell": 0, "tell_of": 0, "_tell": 1, "Ending": 1}
PASSED_ON = {"kind", "ending.kind"}  # said by whoever calls `tell_of`, `_tell` or `Ending`
STATES = "cause.state"  # of deliveries that need a person


def modules() -> Iterator[ast.Module]:
    for package in ("accounts", "campaigns", "publishing", "inbox", "analytics", "snsauto"):
        for path in sorted((settings.BASE_DIR / package).rglob("*.py")):
            if not {"tests", "migrations"} & set(path.parts):
                yield ast.parse(path.read_text())


def told() -> set[str]:
    """The kinds in the code's calls; what is no literal as it is written there."""
    return {word for module in modules() for word in kinds_in(module)}


def kinds_in(module: ast.Module) -> Iterator[str]:
    constants = {
        target.id: node.value.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(module):
        if isinstance(call, ast.Call):
            for said in said_in(call):
                yield constants.get(said.id, said.id) if isinstance(said, ast.Name) else word(said)


def said_in(call: ast.Call) -> Iterator[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in TELLERS:
        return
    named = [one.value for one in call.keywords if one.arg == "kind"]
    placed = call.args[TELLERS[name] : TELLERS[name] + 1]
    for said in named or [one for one in placed if isinstance(one, (ast.Constant, ast.Attribute))]:
        yield from [said.body, said.orelse] if isinstance(said, ast.IfExp) else [said]


def word(said: ast.expr) -> str:
    return str(said.value) if isinstance(said, ast.Constant) else ast.unparse(said)


def test_all_that_is_told_is_in_the_list_and_all_of_the_list_is_told() -> None:
    found = told()

    assert found >= PASSED_ON | {STATES}
    assert found - PASSED_ON - {STATES} | set(NEEDS_PERSON) == set(EVENTS)
