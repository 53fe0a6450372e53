"""The closed vocabularies of the register, each value with its label and, where it matters, its definition (pure).

The words and their meanings are the project's design; docs/glossary.md explains how they belong together.
"""

STATUSES = {
    "critical": "no domestic product in commercial use at the grade named",
    "dependent": "imports carry an essential part of the need",
    "reduced": "since an earlier assessment domestic products came into commercial use, imports still needed",
    "resolved": "the need is met without imports",
    "disputed": "good sources disagree",
    "undetermined": "somebody looked, the sources don't say",
}
STATUS_ORDER = ("critical", "dependent", "reduced", "resolved")  # the others are off the scale
UNASSESSED = "unassessed"  # derived, never stored: no assessment counts

STANCES = {
    "supports": "supports the dependency",
    "shows-reduction": "shows that the dependency became smaller",
    "disputes": "disputes that there was a dependency",
    "context": "context",
}
# Which stances speak for a status. For `disputed` both sides must be there and are counted apart; for `undetermined`
# anything that somebody read about the chokepoint shows that they looked.
SUPPORTING_STANCES = {
    "critical": ({"supports"},),
    "dependent": ({"supports"},),
    "reduced": ({"shows-reduction", "disputes"},),
    "resolved": ({"shows-reduction", "disputes"},),
    "disputed": ({"supports"}, {"shows-reduction", "disputes"}),
    "undetermined": ({"supports", "shows-reduction", "disputes", "context"},),
}

RANKS = {
    "preferred": "preferred: decides between assessments of the same date",
    "normal": "normal",
    "deprecated": "deprecated: refuted, kept with its reason",
}
CONFIDENCES = {"low": "low", "moderate": "moderate", "high": "high"}

BARRIERS = {
    "material-purity": "material purity",
    "material-formulation": "material formulation",
    "precision-manufacturing": "precision manufacturing",
    "process-stability": "process stability",
    "scale-up": "scale-up from laboratory to mass production",
    "design-know-how": "design know-how",
    "rnd-pipeline": "research that doesn't reach the market",
    "ecosystem-lock-in": "ecosystem lock-in",
    "trust-in-domestic-quality": "trust in domestic quality",
    "certification": "certification",
    "export-control": "export control",
    "patents": "patents",
    "technology-transfer-refusal": "refusal to transfer technology",
    "market-too-small": "market too small",
}
WAYS_OUT = {
    "own-research": "own research",
    "reverse-engineering": "reverse engineering",
    "acquisition": "acquisition",
    "licence-or-joint-venture": "licence or joint venture",
    "recruited-talent": "recruited talent",
    "substitution": "substitution",
}

SUPPLY_ROLES = {"foreign-supplier": "foreign supplier", "domestic-alternative": "domestic alternative"}
ORGANIZATION_KINDS = {
    "company": "company",
    "state-owned-company": "state-owned company",
    "research-institute": "research institute",
    "university": "university",
    "government-body": "government body",
    "association": "association",
    "other": "other",
}

SHARE_MARKETS = {"home": "home market", "world": "world market", "segment": "a segment, in words"}
SHARE_MEASURES = {
    "revenue": "revenue",
    "units": "units or quantity",
    "capacity": "capacity",
    "imports": "imports",
    "unknown": "measure not known",
}
SHARE_COUNTINGS = {"place": "by place of production", "owner": "by owner", "unknown": "counting not known"}

SOURCE_KINDS = {
    "news-article": "newspaper article",
    "translation": "translation",
    "think-tank-report": "think-tank report",
    "government-document": "government document",
    "academic-paper": "academic paper",
    "market-report": "market report",
    "press-release": "press release",
    "company-filing": "company filing",
    "statistics": "statistics",
    "patent": "patent",
    "dataset": "dataset",
    "social-media-post": "social media post",
}
DERIVATIONS = {
    "original": "original: reports what its author found",
    "derived": "derived from the sources named",
    "unknown": "origin not established",
}
RELIABILITIES = {
    "A": "completely reliable",
    "B": "usually reliable",
    "C": "fairly reliable",
    "D": "not usually reliable",
    "E": "unreliable",
    "F": "reliability can't be judged",
}
SEEN = {"whole": "seen whole", "part": "seen in part", "not-seen": "not seen"}
STANDINGS = {
    "in-force": "in force",
    "corrected": "corrected by its publisher",
    "retracted": "retracted",
    "vanished": "vanished",
}

NATURES = {
    "observation": "observation",
    "forecast": "forecast",
    "target": "target",
    "definition": "definition",
    "announcement": "announcement",
    "opinion": "opinion",
}
STAGES = {
    "announced": "announced",
    "laboratory": "laboratory",
    "prototype": "prototype",
    "tested": "tested",
    "certified": "certified",
    "delivered": "delivered",
    "volume-use": "volume use",
}
TRANSLATORS = {"person": "translated by a person", "machine": "translated by a machine"}
CREDIBILITIES = {
    1: "confirmed by other sources",
    2: "probably true",
    3: "possibly true",
    4: "doubtful",
    5: "improbable",
    6: "truth can't be judged",
}
