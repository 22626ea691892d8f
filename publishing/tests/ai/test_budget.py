"""A month's budget: set aside before, settled after, and a hard stop."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from threading import Barrier

import pytest
import time_machine
from django.db import connection
from pytest_django.fixtures import Settings

from accounts.models import Membership, Notification, User, Workspace
from publishing.ai import budget
from publishing.ai.assistant import Assistant
from publishing.ai.budget import month_of, reserve, settle
from publishing.ai.errors import BudgetSpent
from publishing.ai.prices import Tokens, cost_of
from publishing.ai.values import whole
from publishing.ai_rows import AiProfile, AiUse
from publishing.tests.ai.fake import FakeClaude

pytestmark = pytest.mark.django_db
SONNET = "claude-sonnet-5-5"


@pytest.mark.parametrize(
    ("model", "tokens", "dollars"),
    [
        (SONNET, Tokens(input=1_000_000), "2"),
        (SONNET, Tokens(output=100_000), "1"),
        (SONNET, Tokens(cached=1_000_000, cache_writes=1_000_000), "2.7"),
        ("claude-haiku-5-5-20261007", Tokens(input=1_000_000, output=1_000_000), "0.6"),
        ("somebody-else", Tokens(input=1_000_000), "10"),
        ("ours", Tokens(input=1_000_000, output=1_000_000), "3"),
    ],
)
def test_tokens_have_a_price(settings: Settings, model: str, tokens: Tokens, dollars: str) -> None:
    settings.AI_PRICES = {"ours": (Decimal(1), Decimal(2))}

    assert cost_of(model, tokens) == Decimal(dollars)


def test_a_question_is_written_down_with_what_it_cost(assistant: Assistant, claude: FakeClaude) -> None:
    whole(assistant.generate("Bread"))

    use = AiUse.objects.get()
    assert (use.task, use.model, use.outcome, use.user) == ("generate", SONNET, "done", assistant.member.user)
    assert (use.input_tokens, use.output_tokens, use.cached_tokens, use.cache_writes) == (900, 40, 200, 100)
    assert use.cost == Decimal("0.002490")  # 900·2 + 200·0.2 + 100·2.5 + 40·10, a millionth each
    assert use.cost < use.reserved
    assert use.seconds is not None


def test_what_is_set_aside_counts_until_it_is_settled(member: Membership) -> None:
    use = reserve(member, "generate", SONNET, Tokens(output=100_000))
    assert month_of(member.workspace).spent == 1

    settle(use, AiUse.Outcome.DONE, Tokens(output=20_000))
    assert month_of(member.workspace).spent == Decimal("0.2")


def test_a_use_is_settled_once(member: Membership) -> None:
    use = reserve(member, "generate", SONNET, Tokens(output=100))
    settle(use, AiUse.Outcome.DONE, Tokens(output=10))

    settle(use, AiUse.Outcome.FAILED, Tokens(output=99))

    use.refresh_from_db()
    assert (use.outcome, use.output_tokens) == ("done", 10)


def test_what_nobody_knows_the_cost_of_counts_in_full(member: Membership) -> None:
    use = reserve(member, "generate", SONNET, Tokens(output=100_000))

    settle(use, AiUse.Outcome.FAILED, None)

    assert month_of(member.workspace).spent == 1


def test_beyond_the_budget_nothing_is_asked(assistant: Assistant, claude: FakeClaude) -> None:
    AiProfile.objects.create(workspace=assistant.member.workspace, monthly_budget=Decimal("0.02"))

    with pytest.raises(BudgetSpent, match="used up"):
        whole(assistant.generate("Bread"))

    assert claude.asked == []
    assert not AiUse.objects.exists()


def test_a_workspace_never_spends_more_than_the_desk_allows(member: Membership, settings: Settings) -> None:
    settings.AI_BUDGET = 5
    AiProfile.objects.create(workspace=member.workspace, monthly_budget=Decimal(500))

    assert month_of(member.workspace).budget == 5


def test_a_month_begins_at_midnight_where_the_workspace_is(member: Membership) -> None:
    with time_machine.travel(datetime(2030, 3, 31, 21, 30, tzinfo=UTC), tick=False):
        settle(reserve(member, "reply", SONNET, Tokens(output=10)), "done", Tokens(output=100_000))
        assert month_of(member.workspace).spent == 1

    with time_machine.travel(datetime(2030, 3, 31, 22, 30, tzinfo=UTC), tick=False):  # 1 April in Berlin
        assert month_of(member.workspace).spent == 0


def test_owners_are_told_once_at_four_fifths_and_once_at_the_end(
    member: Membership, ben: User, settings: Settings
) -> None:
    settings.AI_BUDGET = 1

    for tokens in (70_000, 11_000, 1_000, 18_000):
        settle(reserve(member, "generate", SONNET, Tokens(output=10)), "done", Tokens(output=tokens))

    told = Notification.objects.order_by("pk").values_list("user__name", "text")
    assert list(told) == [
        ("Ada", "81 % of this month's budget for AI is used ($0.81 of $1.00)."),
        ("Ada", "100 % of this month's budget for AI is used ($1.00 of $1.00)."),
    ]


def test_a_suggestion_says_when_the_month_is_nearly_spent(
    assistant: Assistant, claude: FakeClaude, settings: Settings
) -> None:
    settings.AI_BUDGET = 1
    settle(reserve(assistant.member, "generate", SONNET, Tokens(output=10)), "done", Tokens(output=85_000))

    assert "85 %" in whole(assistant.generate("Bread")).notes[-1]


def test_other_workspaces_spend_for_themselves(member: Membership, cho: User) -> None:
    settle(reserve(member, "generate", SONNET, Tokens(output=10)), "done", Tokens(output=100_000))

    assert month_of(cho.memberships.get().workspace).spent == 0


@pytest.mark.parametrize(("amount", "said"), [("0", "$0.00"), ("0.004", "<$0.01"), ("1234.5", "$1234.50")])
def test_money_reads_as_money(amount: str, said: str) -> None:
    assert budget.dollars(Decimal(amount)) == said


def test_a_desk_without_a_budget_asks_nothing(
    workspace: Workspace, assistant: Assistant, claude: FakeClaude, settings: Settings
) -> None:
    settings.AI_BUDGET = 0

    with pytest.raises(BudgetSpent):
        whole(assistant.generate("Bread"))

    assert month_of(workspace).is_spent


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_do_not_both_get_the_last_of_it(member: Membership, settings: Settings) -> None:
    settings.AI_BUDGET = 1
    start = Barrier(4)

    def ask(_number: int) -> bool:
        start.wait(10)
        try:
            reserve(member, "generate", SONNET, Tokens(output=40_000))
        except BudgetSpent:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))

    assert sorted(answers) == [False, False, True, True]
    assert month_of(member.workspace).spent == Decimal("0.8")
