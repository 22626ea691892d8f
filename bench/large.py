"""A desk of the size of a large agency, made in bulk: rows that are copies of one, by the database itself.

Every column that is not told is copied from a row that the models made, so a new column needs nothing here.
"""

from datetime import timedelta

from django.db import connection, models
from django.utils.timezone import now

from accounts.models import Account, Membership, Notification, User, Workspace
from analytics.models import AccountDay, AccountSnapshot, Edition, Latest, Look, PostSnapshot
from inbox.models import Conversation, Message, Person
from publishing.models import Delivery, Media, Post, State

DAYS = 90
WORKSPACES = 50
ACCOUNTS = 10  # of a workspace
NETWORKS = ("x", "mastodon", "linkedin", "facebook", "threads")
LOOKS = (1, 6, 24, 72)  # hours after a post went out


def fill(posts: int = 100_000) -> Membership:
    """Somebody in the largest workspace, which has a tenth of everything; all else is theirs to look at."""
    member = _people(posts // 10)
    _posts(member, posts)
    _post_numbers(member)
    _account_numbers(member)
    _inbox(member, posts // 2)
    _shelves(member, posts // 20)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return member


def multiply(row: models.Model, source: str, **columns: str) -> int:
    """Copies of a row, one for each row of `source`, with these columns as SQL; `t` is the row itself."""
    model = type(row)
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    exprs = [columns.pop(field.attname, f't."{field.column}"') for field in fields]
    assert not columns, f"{model.__name__} has no {columns}"
    table = model._meta.db_table
    names = ", ".join(f'"{field.column}"' for field in fields)
    statement = f'INSERT INTO "{table}" ({names}) SELECT {", ".join(exprs)} FROM "{table}" t, {source}'
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} WHERE t.id = {row.pk}")
        return int(cursor.rowcount)


def _people(users: int) -> Membership:
    """Users, spread over workspaces with ten accounts each; the first workspace is looked at."""
    user = User.objects.create_user("first@example.org", name="First")
    workspace = Workspace.objects.create(name="Large", timezone="Europe/Berlin")
    member = Membership.objects.create(user=user, workspace=workspace, role="owner")
    multiply(workspace, f"generate_series(2, {WORKSPACES}) g", name="'Workspace ' || g")
    mail = "'person' || g || '@example.org'"
    multiply(user, f"generate_series(2, {users}) g", email=mail)
    User.objects.filter(pk=user.pk).update(current_workspace=workspace)
    numbered = "(SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts_workspace)"
    people = f"(SELECT id, id % {WORKSPACES} AS n FROM accounts_user WHERE id <> {user.pk})"
    places = (
        f"(SELECT u.id AS user_id, w.id AS workspace_id FROM {people} u JOIN {numbered} w ON u.n = w.n) s"
    )
    multiply(member, places, user_id="s.user_id", workspace_id="s.workspace_id", role="'editor'")
    account = Account.objects.create(
        workspace=workspace, platform_name=NETWORKS[0], remote_id="r0", handle="account0", credentials={}
    )
    names = "(ARRAY['" + "','".join(NETWORKS) + f"'])[1 + g % {len(NETWORKS)}]"
    where = f"(SELECT w.id AS place, g FROM accounts_workspace w, generate_series(0, {ACCOUNTS - 1}) g) s"
    columns = {"workspace_id": "s.place", "platform_name": names.replace("g %", "s.g %")}
    multiply(account, where, **columns, remote_id="'r' || s.place || '-' || s.g", handle="'account' || s.g")
    account.delete()
    return Membership.objects.select_related("user", "workspace").get(pk=member.pk)


def _posts(member: Membership, posts: int) -> None:
    """Posts of 95 days, the last five still to come; each on three of its workspace's accounts."""
    post = Post.objects.create(workspace=member.workspace, author=member.user, text="Fresh", timezone="UTC")
    first = (now() - timedelta(days=DAYS)).isoformat()
    at = f"timestamptz '{first}' + interval '1 second' * (s.g::float / {posts} * {95 * 86_400})"
    others = (
        "(SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts_workspace "
        f"WHERE id <> {member.workspace_id})"
    )
    place = f"CASE WHEN g % 10 = 0 THEN {member.workspace_id} ELSE o.id END"
    source = (
        f"(SELECT g, {place} AS place FROM generate_series(1, {posts}) g "
        f"JOIN {others} o ON o.n = g % {WORKSPACES - 1}) s"
    )
    text = "'Fresh bread, batch ' || s.g || ' #rye #batch' || s.g % 40"
    multiply(
        post,
        source,
        key="gen_random_uuid()",
        workspace_id="s.place",
        text=text,
        scheduled_at=at,
        created_at=at,
    )
    post.delete()
    aside = Post.objects.create(workspace=member.workspace, text="Aside", timezone="UTC")
    account = Account.objects.filter(workspace=member.workspace)[0]
    delivery = Delivery.objects.create(post=aside, account=account)
    places = (
        "(SELECT id, workspace_id, row_number() OVER (PARTITION BY workspace_id ORDER BY id) - 1 AS n "
        "FROM accounts_account)"
    )
    source = (
        f"(SELECT p.id AS post, p.scheduled_at AS at, a.id AS account, p.scheduled_at < now() AS is_out "
        f"FROM publishing_post p CROSS JOIN generate_series(0, 2) k JOIN {places} a "
        f"ON a.workspace_id = p.workspace_id AND a.n = (p.id + k * 3) % {ACCOUNTS} "
        f"WHERE p.id <> {aside.pk}) s"
    )
    multiply(
        delivery,
        source,
        post_id="s.post",
        account_id="s.account",
        state=f"CASE WHEN s.is_out THEN '{State.PUBLISHED}' ELSE '{State.SCHEDULED}' END",
        due_at="s.at",
        planned_at="s.at",
        published_at="CASE WHEN s.is_out THEN s.at END",
        remote_id="CASE WHEN s.is_out THEN 'id-' || s.post || '-' || s.account ELSE '' END",
    )
    aside.delete()


OUT = "publishing_delivery d JOIN publishing_post p ON p.id = d.post_id WHERE d.state = 'published'"
VIEWS = "(200 + d.id % 900)"


def _post_numbers(member: Membership) -> None:
    """Four snapshots of each post, and its newest numbers."""
    delivery = Delivery.objects.filter(state=State.PUBLISHED)[0]
    moment = now() - timedelta(days=400)
    shot = PostSnapshot.objects.create(delivery=delivery, taken_at=moment)
    grown = f"SELECT d.id, d.published_at + interval '1 hour' * h AS at, {VIEWS} * h / (h + 12) AS views"
    looks = f"({grown} FROM {OUT.replace(' WHERE', f' CROSS JOIN unnest(ARRAY{list(LOOKS)}) h WHERE')}) s"
    values = {"views": "s.views", "likes": "s.views / 20", "comments": "s.views / 150"}
    multiply(shot, looks, delivery_id="s.id", taken_at="s.at", **values)
    shot.delete()
    latest = Latest.objects.create(
        delivery=delivery,
        workspace=member.workspace,
        account_id=delivery.account_id,
        published_at=moment,
        taken_at=moment,
    )
    newest = (
        f"(SELECT d.id, d.account_id, p.workspace_id, d.published_at AS at, {VIEWS} AS views "
        f"FROM {OUT} AND d.id <> {delivery.pk}) s"
    )
    multiply(
        latest, newest, delivery_id="s.id", workspace_id="s.workspace_id", account_id="s.account_id",
        published_at="s.at", taken_at="s.at + interval '3 days'", views="s.views", likes="s.views / 20",
        engagements="s.views / 18", rate="1.0 / 18",
    )  # fmt: skip


def _account_numbers(member: Membership) -> None:
    """One snapshot an evening of each account, and the days that pages read."""
    moment = now() - timedelta(days=400)
    look = Look.objects.create(delivery=Latest.objects.order_by("pk")[0].delivery, due_at=moment)
    waiting = f"(SELECT delivery_id AS id FROM analytics_latest WHERE delivery_id <> {look.delivery_id}) s"
    multiply(look, waiting, delivery_id="s.id", due_at="now() + interval '1 minute' * (s.id % 40000 - 20)")
    account = Account.objects.order_by("pk")[0]
    evenings = f"generate_series(0, {DAYS - 1}) g"
    days = f"(SELECT a.id, g, current_date - g AS day FROM accounts_account a, {evenings}) s"
    evening = AccountSnapshot.objects.create(account=account, taken_at=moment)
    multiply(
        evening, days, account_id="s.id", taken_at="s.day + interval '20 hours'", followers="5000 - s.g * 4"
    )
    row = AccountDay.objects.create(account=account, day=moment.date(), is_counted=True)
    gained = {
        "views": "3000 + s.g",
        "likes": "150",
        "engagements": "170",
        "seen": "3000",
        "seen_engagements": "170",
    }
    multiply(
        row,
        days,
        account_id="s.id",
        day="s.day",
        posts="6",
        followers="5000 - s.g * 4",
        new_followers="4",
        **gained,
    )
    edition = Edition.objects.create(workspace=member.workspace)
    multiply(
        edition, f"(SELECT id FROM accounts_workspace WHERE id <> {member.workspace_id}) s",
        workspace_id="s.id", token="gen_random_uuid()",
    )  # fmt: skip


def _shelves(member: Membership, number: int) -> None:
    """Media of the workspace that is looked at, and what its person was told."""
    media = Media.objects.create(
        workspace=member.workspace, file="media/a.jpg", thumbnail="media/a.webp", name="Loaf", size=90_000,
        content_type="image/jpeg", width=1200, height=900, sha256="0" * 64, uploaded_by=member.user,
    )  # fmt: skip
    each = f"generate_series(1, {number}) g"
    at = "now() - interval '1 minute' * g"
    multiply(media, each, name="'Loaf ' || g || '.jpg'", sha256="md5(g::text)", created_at=at)
    notice = Notification.objects.create(
        user=member.user, workspace=member.workspace, kind="published", key="0", text="“Loaf” is out."
    )
    multiply(notice, each, key="g::text", created_at=at, read_at=f"CASE WHEN g > 40 THEN {at} END")


def _inbox(member: Membership, messages: int) -> None:
    """Conversations of five messages each, a tenth of them in the workspace that is looked at."""
    account = Account.objects.filter(workspace=member.workspace)[0]
    person = Person.objects.create(
        workspace=member.workspace, platform_name=NETWORKS[0], remote_id="0", name="Mia"
    )
    talk = Conversation.objects.create(
        workspace=member.workspace,
        account=account,
        kind="comment",
        key="0",
        person=person,
        preview="Is it rye?",
    )
    message = Message.objects.create(
        conversation=talk,
        account=account,
        kind="comment",
        remote_id="0",
        person=person,
        text="Is it rye?",
        created_at=now(),
    )
    numbered = "(SELECT id, workspace_id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts_account)"
    whose = f"CASE WHEN g % 10 = 0 THEN g / 10 % {ACCOUNTS} ELSE g % {WORKSPACES * ACCOUNTS} END"
    source = (
        f"(SELECT g, a.id AS account, a.workspace_id AS place FROM generate_series(1, {messages // 5}) g "
        f"JOIN {numbered} a ON a.n = {whose}) s"
    )
    at = "now() - interval '1 minute' * s.g * 12"
    multiply(
        talk,
        source,
        workspace_id="s.place",
        account_id="s.account",
        key="'k' || s.g",
        last_at=at,
        needs_answer="s.g % 3 = 0",
    )
    inside = (
        "(SELECT c.id, c.account_id, c.last_at, k "
        "FROM inbox_conversation c CROSS JOIN generate_series(0, 4) k) s"
    )
    multiply(
        message, inside, conversation_id="s.id", account_id="s.account_id",
        remote_id="'m' || s.id || '-' || s.k", created_at="s.last_at - interval '1 minute' * s.k",
    )  # fmt: skip
