"""Taking the register away: one stream of rows at a changeset, and one file a format that writes it.

`rows` reads through chokepoints/time_travel.py; `columns` says as data what a row has; `choosing` and `relating` what rows can
be narrowed to, `condition` how; each format only writes what it is handed. Nothing here knows of jobs, people or requests:
services/exporting.py does.
"""
