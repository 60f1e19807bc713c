"""Write revision 0001 anew from the models: ``python -m migrations.regenerate``. Only while nothing is released.

Refuses as soon as there is a second revision: from then on every change is a revision of its own.
"""

from __future__ import annotations

import subprocess
import sys

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import DateTime, create_engine

from app.migrating import FOLDER
from app.models import Base
from app.models.base import UtcDateTime

NAME = "0001_create_everything"

HEAD = '''"""Create all tables of the first release, with the triggers that keep the record append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import triggers_0001

revision = "{name}"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
{upgrade}
    triggers_0001.create(op.get_bind())


def downgrade() -> None:
    triggers_0001.drop(op.get_bind())
{downgrade}
'''


def render_item(kind: str, item: object, _context: object) -> str | bool:
    if kind == "type" and isinstance(item, UtcDateTime):
        return repr(DateTime(timezone=True)).replace("DateTime", "sa.DateTime")
    return False


def main() -> None:
    versions = FOLDER / "versions"
    others = [path.name for path in versions.glob("0*.py") if path.stem != NAME]
    if others:
        sys.exit(f"there are later revisions ({', '.join(others)}): write a new one instead")
    with create_engine("sqlite://").connect() as connection:
        options = {"render_item": render_item, "target_metadata": Base.metadata}
        context = MigrationContext.configure(connection, opts=options)
        script = produce_migrations(context, Base.metadata)
    upgrade, downgrade = (
        render_python_code(ops, render_item=render_item, migration_context=context)
        for ops in (script.upgrade_ops, script.downgrade_ops)
    )
    target = versions / f"{NAME}.py"
    target.write_text(HEAD.format(name=NAME, upgrade=_body(upgrade), downgrade=_body(downgrade)), encoding="utf-8")
    (FOLDER / ".current-head").write_text(f"{NAME}\n", encoding="utf-8")
    for command in ("format", "-q"), ("check", "-q", "--fix", "--exit-zero"), ("format", "-q"):
        subprocess.run([sys.executable, "-m", "ruff", *command, str(target)], check=True, stdout=subprocess.DEVNULL)


def _body(code: str) -> str:
    return "\n".join(line for line in code.splitlines() if not line.strip().startswith("#"))


if __name__ == "__main__":
    main()
