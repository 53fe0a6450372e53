"""The register's tables, one noun a file.

Three sorts: the ledger (Changeset, Revision, Opening), which is the truth; the register tables, which picture it and are
written through one door; and rows beside both (Contributor, Activity, Outbox,
Verification, Export, Release).
"""

from .activity import Activity
from .assessment import Assessment, AssessmentEvidence
from .changeset import Changeset
from .chokepoint import Chokepoint, Listing
from .contributor import Contributor
from .evidence import Bearing, Evidence, EvidenceBasis
from .export import Export
from .key import RecordKey
from .list import ChokepointList
from .organization import Organization
from .outbox import Outbox
from .release import Release
from .revision import Opening, Revision
from .sector import Sector
from .source import Source, SourceDerivation
from .supply import Supply, SupplyEvidence
from .table import Record, RegisterTable
from .verification import Verification

__all__ = [
    "Activity",
    "Assessment",
    "AssessmentEvidence",
    "Bearing",
    "Changeset",
    "Chokepoint",
    "ChokepointList",
    "Contributor",
    "Evidence",
    "EvidenceBasis",
    "Export",
    "Listing",
    "Opening",
    "Organization",
    "Outbox",
    "Record",
    "RecordKey",
    "RegisterTable",
    "Release",
    "Revision",
    "Sector",
    "Source",
    "SourceDerivation",
    "Supply",
    "SupplyEvidence",
    "Verification",
]
