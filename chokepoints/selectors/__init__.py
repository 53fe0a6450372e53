"""What the pages read, a page's worth at a time and with a fixed number of queries each."""

from .dossier import SourceGroup, assessments_of, bearings_on, by_source, stance_counts, supplies_of
from .lacking import Gap, gap_counts, gaps
from .ledger import (
    ChangesetLine,
    RevisionView,
    changeset_lines,
    history_of,
    latest_changes,
    register_head,
    revision_views,
)
from .listing import (
    add_evidence_counts,
    add_status_dates,
    add_supplier_countries,
    chokepoint_rows,
    sectors_with_parts,
    supplier_countries,
    with_parts,
)
from .naming import label_of, names_of, references_in
from .overview import (
    MARKS_UP_TO,
    STATUS_SEQUENCE,
    SectorLine,
    last_verification,
    release_attempts,
    sector_lines,
    status_counts,
    today,
)
from .provenance import CHAIN_LIMIT, ChainLink, derivation_chain, derivation_states, origins_behind

__all__ = [
    "CHAIN_LIMIT",
    "MARKS_UP_TO",
    "STATUS_SEQUENCE",
    "ChainLink",
    "ChangesetLine",
    "Gap",
    "RevisionView",
    "SectorLine",
    "SourceGroup",
    "add_evidence_counts",
    "add_status_dates",
    "add_supplier_countries",
    "assessments_of",
    "bearings_on",
    "by_source",
    "changeset_lines",
    "chokepoint_rows",
    "derivation_chain",
    "derivation_states",
    "gap_counts",
    "gaps",
    "history_of",
    "label_of",
    "last_verification",
    "latest_changes",
    "names_of",
    "origins_behind",
    "references_in",
    "register_head",
    "release_attempts",
    "revision_views",
    "sector_lines",
    "sectors_with_parts",
    "stance_counts",
    "status_counts",
    "supplier_countries",
    "supplies_of",
    "today",
    "with_parts",
]
