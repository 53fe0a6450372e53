"""The forms of the process. Records' forms are made from chokepoints/records.py; nothing about a kind is written twice.

references.py   what people type for a record → its id
widgets.py      how a value stands on a page and comes back from it
fields.py       one register field as a form field
records.py      the form of one operation on one record → a DraftChange
assessing.py    the one page for a new assessment → three changes that refer to each other
proposals.py    title and rationale, verdicts, filters
queue.py        names of filters, sectors that somebody knows, one verdict on several proposals
"""
