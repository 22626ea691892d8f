"""What Instagram's refusals mean: every code and sentence that is known, as the twin prints it."""

import json

import pytest

from platforms.errors import Unavailable
from platforms.failures import Failure
from platforms.instagram import Instagram
from platforms.sandbox.instagram import DIALECT
from platforms.transport import Answer


def answer(failure: Failure, method: str = "POST") -> Answer:
    assert DIALECT.refuse
    refusal = DIALECT.refuse(failure.code or failure.words)
    body = json.dumps(refusal.body).replace("(#10)", failure.words)  # one code means more with other words
    return Answer(method, "http://here/", refusal.status, {}, body.encode())


@pytest.mark.parametrize("failure", Instagram.failures, ids=lambda failure: failure.code or failure.words)
def test_refusal_is_understood(failure: Failure) -> None:
    error = Instagram.classify(answer(failure))

    assert (type(error), error.message) == (failure.kind, failure.message)


@pytest.mark.parametrize("code", ["-1", "/2207001"])
def test_fault_while_reading_leaves_nothing_open(code: str) -> None:
    failure = next(failure for failure in Instagram.failures if failure.code == code)

    assert isinstance(Instagram.classify(answer(failure, "GET")), Unavailable)
