"""Who helps a member: Claude where the desk has a key, else the built-in helper."""

from accounts.models import Membership
from publishing.ai import claude
from publishing.ai.assistant import Assistant
from publishing.ai.built_in import BuiltIn
from publishing.ai.values import Helper


def helper_for(member: Membership, *, use_voice: bool = True) -> Helper:
    """Anything can be asked of either; each answer says by whom it is."""
    kind = Assistant if claude.is_ready() else BuiltIn
    return kind(member, use_voice=use_voice)
