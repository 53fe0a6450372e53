"""How to cite an export (pure)."""

import datetime as dt

LICENCE = (
    "Licence: Creative Commons Attribution 4.0 International (CC BY 4.0), https://creativecommons.org/licenses/by/4.0/\n"
    "Quotations are excepted: the words quoted from sources belong to their authors and publishers."
)


def citation(*, what: str, changeset: int, digest: str, published: dt.datetime | None, site: str) -> str:
    """Return the sentence by which somebody names what they took: which register, which state of it, where to look it up."""
    if published is None:
        return f"The chokepoint register, {what}, before its first changeset."
    where = f" {site.rstrip('/')}/history/{changeset}/" if site else ""
    return (
        f"The chokepoint register, {what}, as of changeset {changeset} of {published.date().isoformat()} "
        f"(digest {digest[:16]}…).{where}"
    )
