"""Editions of the whole register, the same bytes wherever and whenever they are written.

`tables` and `current` say what the tables hold, `differences` what changed between two moments, `wording` what the texts
say, `edition` writes the folder, `wrapping` what is put round it; `verify_release` goes into it, so it imports nothing of
ours. Rows come from exports/ and the ledger from services/transferring.py. Nothing here reads a clock, a locale or a setting;
services/releasing.py does.
"""

# Of the files as a whole: raise it when the same changeset would give other bytes. Golden files hold it to that.
FORMAT = 1
