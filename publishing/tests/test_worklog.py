"""A fault of ours in the middle of the work: told with its delivery, and never swallowed."""

from collections.abc import Callable

import pytest

from publishing import engine
from publishing.models import Delivery
from publishing.tests.network import World


@pytest.mark.django_db
def test_a_fault_of_ours_is_told_with_its_delivery_and_goes_on(
    due: Callable[..., Delivery], world: World, caplog: pytest.LogCaptureFixture
) -> None:
    delivery = due()
    world.on_send = lambda _text: 1 // 0  # type: ignore[assignment,return-value]
    [row] = engine.claim("worker", 1)

    with pytest.raises(ZeroDivisionError):
        engine.work(row)

    [line] = [record.msg for record in caplog.records if record.levelname == "ERROR"]
    assert isinstance(line, dict)
    assert (line["delivery"], line["network"]) == (delivery.pk, "wire")
    assert "ZeroDivisionError" in line["exception"]
