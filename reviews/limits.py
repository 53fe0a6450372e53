"""The ages and numbers by which proposals move on, with their defaults. Admins may set others (pure)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LimitKind:
    """One limit: what it is in words, its unit, its default and its bounds."""

    words: str
    unit: str
    default: int
    low: int
    high: int


LIMITS = {
    "undo": LimitKind("A verdict that hasn't published can be undone for", "seconds", 10, 0, 600),
    "claim": LimitKind("“I am on it” lapses after", "hours", 24, 1, 720),
    "nudge": LimitKind("A proposal is nudged again at the earliest after", "hours", 24, 1, 720),
    "absence": LimitKind("A request for changes can be dismissed by others after", "days", 7, 1, 365),
    "reminder": LimitKind("Whoever was asked to act is reminded after", "days", 3, 1, 365),
    "inbox": LimitKind("What was read stays in the inbox for", "days", 90, 1, 3650),
    "old": LimitKind("A proposal counts as old when it has waited for", "days", 7, 1, 365),
    "escalation": LimitKind("Admins are told of a proposal that has waited for", "days", 14, 1, 365),
    "repeated": LimitKind(
        "A request that is sent again with its Idempotency-Key gets its first answer for", "hours", 24, 1, 720
    ),
    "kept": LimitKind("What was typed and not saved is kept for", "days", 30, 1, 365),
    "tokens": LimitKind("A member may have", "tokens in force", 50, 0, 1000),
    "token_life": LimitKind("A token expires at the latest after", "days", 365, 1, 365),
    "webhooks": LimitKind("Programs are told for one member through up to", "webhooks", 10, 0, 100),
    "webhook_failures": LimitKind(
        "A webhook is switched off when it was given up in a row", "times", 5, 1, 1000
    ),
    "deliveries": LimitKind("What was told to webhooks is kept for", "days", 30, 1, 365),
}
