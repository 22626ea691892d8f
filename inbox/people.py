"""Who writes: one row per person and network, with the newest of what the network tells of them."""

from collections.abc import Iterable, Mapping

from accounts.models import Account
from inbox.models import Person
from platforms.content import Message as Told

TOLD = ("handle", "name", "avatar_url")
LONGEST = {"handle": 255, "name": 255, "avatar_url": 1000}


def id_of(told: Told) -> str:
    """What a person is known by; some networks tell a handle only, or a name that many may have."""
    author = told.author
    return author.remote_id or author.handle or (f"who wrote {told.remote_id}"[:255] if author.name else "")


def known(account: Account, messages: Iterable[Told]) -> Mapping[str, Person]:
    """The people who wrote these messages, by `id_of`, made or brought up to date, and locked."""
    newest = {id_of(told)[:255]: told for told in messages if not told.is_ours and id_of(told)}
    if not newest:
        return {}
    place = {
        "workspace_id": account.workspace_id,
        "platform_name": account.platform_name,
        "server": account.server,
    }
    made = [Person(**place, remote_id=key, **_columns(newest[key])) for key in sorted(newest)]
    Person.objects.bulk_create(made, ignore_conflicts=True)
    rows = Person.objects.filter(**place, remote_id__in=newest).select_for_update(no_key=True)
    people = {person.remote_id: person for person in rows.order_by("pk")}
    changed = [person for key, person in sorted(people.items()) if _brought_up_to_date(person, newest[key])]
    if changed:
        Person.objects.bulk_update(changed, TOLD)
    return people


def _columns(told: Told) -> dict[str, str]:
    return {name: getattr(told.author, name)[: LONGEST[name]] for name in TOLD}


def _brought_up_to_date(person: Person, told: Told) -> bool:
    """Whether something new was told; a webhook often tells less than a list, and takes nothing away."""
    news = {name: value for name, value in _columns(told).items() if value and value != getattr(person, name)}
    for name, value in news.items():
        setattr(person, name, value)
    return bool(news)
