"""Everything that can happen, as one closed vocabulary: verb → words. `reviews` adds its own at start-up (pure)."""

VERBS: dict[str, str] = {}


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
