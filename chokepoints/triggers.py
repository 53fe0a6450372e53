"""Triggers that keep the ledger append-only and published releases as they are, in the words of both databases (pure).

Plain SQL rather than django-pgtrigger: one file says the rule for PostgreSQL and SQLite, and neither needs the other's
driver. Whoever owns the database can drop a trigger; verification and known heads find out what was done then.
"""

LEDGER_TABLES = ("chokepoints_changeset", "chokepoints_revision", "chokepoints_opening")

# SQLite's REPLACE takes rows away without asking a DELETE trigger, by any of these keys.
_SAME_ROW = {
    "chokepoints_changeset": "number = NEW.number OR digest = NEW.digest OR previous = NEW.previous",
    "chokepoints_revision": "id = NEW.id OR (changeset_id = NEW.changeset_id AND position = NEW.position) "
    "OR (record = NEW.record AND number = NEW.number)",
    "chokepoints_opening": "commitment = NEW.commitment",
}

_FUNCTION = """
CREATE OR REPLACE FUNCTION chokepoints_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on % is refused', TG_OP, TG_TABLE_NAME;
END $$
"""


def install(vendor: str) -> list[str]:
    """Return the statements that put the triggers up on a database of `vendor` (sqlite or postgresql)."""
    if vendor == "postgresql":
        return [_FUNCTION] + [
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION chokepoints_refuse_change()"
            for table in LEDGER_TABLES
        ]
    return [
        f"CREATE TRIGGER {table}_refuses_{action.lower()} BEFORE {action} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: {action} on {table} is refused'); END"
        for table in LEDGER_TABLES
        for action in ("UPDATE", "DELETE")
    ] + [
        f"CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
        f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: REPLACE on {table} is refused'); END"
        for table, same in _SAME_ROW.items()
    ]


def remove(vendor: str) -> list[str]:
    """Return the statements that take the triggers down again."""
    if vendor == "postgresql":
        return [f"DROP TRIGGER {table}_is_append_only ON {table}" for table in LEDGER_TABLES] + [
            "DROP FUNCTION chokepoints_refuse_change()"
        ]
    actions = ("update", "delete", "replace")
    return [
        f"DROP TRIGGER IF EXISTS {table}_refuses_{action}" for table in LEDGER_TABLES for action in actions
    ]


# --- published releases

RELEASE_TABLE = "chokepoints_release"

_RELEASE_FUNCTION = """
CREATE OR REPLACE FUNCTION chokepoints_refuse_change_of_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published release never changes: % is refused', TG_OP;
END $$
"""


def install_for_releases(vendor: str) -> list[str]:
    """Return the statements that keep published releases as they are."""
    if vendor == "postgresql":
        return [
            _RELEASE_FUNCTION,
            f"CREATE TRIGGER {RELEASE_TABLE}_never_changes BEFORE UPDATE OR DELETE ON {RELEASE_TABLE} "
            "FOR EACH ROW WHEN (OLD.state = 'published') "
            "EXECUTE FUNCTION chokepoints_refuse_change_of_release()",
            f"CREATE TRIGGER {RELEASE_TABLE}_is_never_emptied BEFORE TRUNCATE ON {RELEASE_TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION chokepoints_refuse_change_of_release()",
        ]
    return [
        f"CREATE TRIGGER {RELEASE_TABLE}_refuses_{action.lower()} BEFORE {action} ON {RELEASE_TABLE} "
        "WHEN OLD.state = 'published' "
        f"BEGIN SELECT RAISE(ABORT, 'a published release never changes: {action} is refused'); END"
        for action in ("UPDATE", "DELETE")
    ] + [
        f"CREATE TRIGGER {RELEASE_TABLE}_refuses_replace BEFORE INSERT ON {RELEASE_TABLE} "
        f"WHEN EXISTS (SELECT 1 FROM {RELEASE_TABLE} WHERE state = 'published' "
        "AND (id = NEW.id OR number = NEW.number OR previous_id = NEW.previous_id "
        "OR (NEW.state = 'published' AND changeset = NEW.changeset AND format = NEW.format))) "
        "BEGIN SELECT RAISE(ABORT, 'a published release never changes: REPLACE is refused'); END"
    ]


def remove_for_releases(vendor: str) -> list[str]:
    """Return the statements that take them down again."""
    if vendor == "postgresql":
        return [
            f"DROP TRIGGER {RELEASE_TABLE}_never_changes ON {RELEASE_TABLE}",
            f"DROP TRIGGER {RELEASE_TABLE}_is_never_emptied ON {RELEASE_TABLE}",
            "DROP FUNCTION chokepoints_refuse_change_of_release()",
        ]
    actions = ("update", "delete", "replace")
    return [f"DROP TRIGGER IF EXISTS {RELEASE_TABLE}_refuses_{action}" for action in actions]
