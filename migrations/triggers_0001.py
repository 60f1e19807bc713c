"""Triggers of revision 0001: what is recorded stays as it was recorded. Frozen with the revision.

A row trigger on UPDATE and DELETE is not enough on SQLite: INSERT OR REPLACE deletes the old row without firing the
DELETE trigger unless `recursive_triggers` is on, and a stranger's connection has it off. Hence the rules before INSERT.
"""

from __future__ import annotations

# Columns of `flags` that freeze when the flag is raised; the case it belongs to comes later.
FLAG_COLUMNS = """
    id, run_id, year, tier, evidence, p_combined, q, families, frozen, frozen_sha256, raised_at,
    municipality_id, school_id
"""

# Columns of a workflow's version that stay as they were published: cases run by them.
WORKFLOW_COLUMNS = "name, version, kind, toml, sha256"

_TAKEN = {
    "case_events": ("id = NEW.id OR (case_id = NEW.case_id AND seq = NEW.seq) OR request_id = NEW.request_id"),
    "flags": "id = NEW.id OR (run_id = NEW.run_id AND school_id = NEW.school_id)",
    "findings": "id = NEW.id",
}

SQLITE = [
    """CREATE TRIGGER journal_next BEFORE INSERT ON journal
    WHEN NEW.seq IS NULL OR NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM journal)
    BEGIN SELECT RAISE(ABORT, 'append-only: journal seq must be the next one'); END""",
    *(
        f"""CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
    WHEN EXISTS (SELECT 1 FROM {table} WHERE {condition})
    BEGIN SELECT RAISE(ABORT, 'append-only: {table} rows cannot be replaced'); END"""  # noqa: S608 - our own words
        for table, condition in _TAKEN.items()
    ),
    *(
        f"""CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action}{columns} ON {table}
    BEGIN SELECT RAISE(ABORT, 'append-only: {table} refuses {action.lower()}'); END"""
        for table, action, columns in (
            ("journal", "UPDATE", ""),
            ("journal", "DELETE", ""),
            ("case_events", "UPDATE", ""),
            ("case_events", "DELETE", ""),
            ("findings", "UPDATE", ""),
            ("findings", "DELETE", ""),
            ("flags", "UPDATE", f" OF {FLAG_COLUMNS}"),
            ("flags", "DELETE", ""),
        )
    ),
    f"""CREATE TRIGGER workflow_versions_no_update BEFORE UPDATE OF {WORKFLOW_COLUMNS} ON workflow_versions
    WHEN OLD.status <> 'draft'
    BEGIN SELECT RAISE(ABORT, 'append-only: a published workflow refuses update'); END""",
]

POSTGRESQL = [
    """CREATE FUNCTION obektiv_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'append-only: % refuses %', TG_TABLE_NAME, lower(TG_OP); END $$""",
    """CREATE FUNCTION obektiv_journal_next() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.seq IS DISTINCT FROM (SELECT COALESCE(MAX(seq), 0) + 1 FROM journal) THEN
            RAISE EXCEPTION 'append-only: journal seq must be the next one';
        END IF;
        RETURN NEW;
    END $$""",
    """CREATE TRIGGER journal_next BEFORE INSERT ON journal
    FOR EACH ROW EXECUTE FUNCTION obektiv_journal_next()""",
    *(
        f"""CREATE TRIGGER {table}_no_change BEFORE DELETE OR UPDATE{columns} ON {table}
    FOR EACH ROW EXECUTE FUNCTION obektiv_refuse()"""
        for table, columns in (
            ("journal", ""),
            ("case_events", ""),
            ("findings", ""),
            ("flags", f" OF {FLAG_COLUMNS}"),
        )
    ),
    f"""CREATE TRIGGER workflow_versions_no_update BEFORE UPDATE OF {WORKFLOW_COLUMNS} ON workflow_versions
    FOR EACH ROW WHEN (OLD.status <> 'draft') EXECUTE FUNCTION obektiv_refuse()""",
    *(
        f"""CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION obektiv_refuse()"""
        for table in ("journal", "case_events", "findings", "flags")
    ),
]

DROP_POSTGRESQL = ["DROP FUNCTION obektiv_refuse() CASCADE", "DROP FUNCTION obektiv_journal_next() CASCADE"]


def create(bind) -> None:
    for statement in SQLITE if bind.dialect.name == "sqlite" else POSTGRESQL:
        bind.exec_driver_sql(statement.replace("%", "%%") if bind.dialect.name != "sqlite" else statement)


def drop(bind) -> None:
    # SQLite drops a table's triggers with the table.
    if bind.dialect.name != "sqlite":
        for statement in DROP_POSTGRESQL:
            bind.exec_driver_sql(statement)
