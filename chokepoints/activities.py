"""Everything that can happen, as one closed vocabulary: verb → words. `reviews` adds its own at start-up (pure)."""

VERBS: dict[str, str] = {}

# The tasks that are given the id of every activity, once it is committed. Whoever tells people of them adds its own.
TELLERS: list[str] = []


def register_teller(task: str) -> None:
    """Have a task told of every activity; its name twice is once."""
    if task not in TELLERS:
        TELLERS.append(task)


def register_verbs(verbs: dict[str, str]) -> None:
    """Add verbs to the vocabulary. Raises ValueError if one is there with other words."""
    for verb, words in verbs.items():
        if VERBS.setdefault(verb, words) != words:
            raise ValueError(f"The activity {verb!r} is registered twice.")


register_verbs(
    {
        "changeset.published": "published a changeset",
        "export.ready": "an export is ready to be fetched",
        "export.failed": "an export failed",
        "release.published": "published a release",
        "release.held_back": "a release was held back",
        "release.failed": "a release failed to be made",
    }
)
