"""What every row has: a workspace, and foreign keys that cannot leave it.

Django cannot express a composite foreign key, so `within_workspace` adds one constraint per relation:
`(workspace_id, x_id) -> (workspace_id, id)`. A row that points into another workspace is refused by PostgreSQL.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self, TypeVar

from django.db import models
from django.db.backends.ddl_references import Statement

M = TypeVar("M", bound=models.Model)


class WorkspaceForeignKey(models.BaseConstraint):
    """FOREIGN KEY (workspace_id, <field>_id) REFERENCES <target> (workspace_id, id), checked at commit."""

    def __init__(self, *, field: str, name: str) -> None:
        super().__init__(name=name)
        self.field = field

    def _defer(self, model: type[models.Model], schema_editor: Any) -> None:
        """Add it at the end of the migration, as Django does with its own: the target's key may come later."""
        quote = schema_editor.quote_name
        field: Any = model._meta.get_field(self.field)
        target = field.remote_field.model._meta.db_table
        schema_editor.deferred_sql.append(
            Statement(
                f"ALTER TABLE {quote(model._meta.db_table)} ADD CONSTRAINT {quote(self.name)} "
                f"FOREIGN KEY (workspace_id, {quote(field.column)}) "
                f"REFERENCES {quote(target)} (workspace_id, id) DEFERRABLE INITIALLY DEFERRED"
            )
        )

    def constraint_sql(self, model: Any, schema_editor: Any) -> None:  # type: ignore[override]
        self._defer(model, schema_editor)

    def create_sql(self, model: Any, schema_editor: Any) -> None:  # type: ignore[override]
        self._defer(model, schema_editor)

    def remove_sql(self, model: Any, schema_editor: Any) -> Statement:  # type: ignore[override]
        quote = schema_editor.quote_name
        return Statement(f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT {quote(self.name)}")

    def validate(self, model: Any, instance: Any, exclude: Any = None, using: str = "default") -> None:
        """The database checks it; forms offer only rows of the workspace."""

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "field": self.field}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WorkspaceForeignKey) and (self.name, self.field) == (other.name, other.field)

    def __hash__(self) -> int:
        return hash((self.name, self.field))


def within_workspace(*fields: str) -> list[models.BaseConstraint]:
    """The constraints of a workspace's table; `fields` are its foreign keys to other tables of the workspace."""
    return [
        models.UniqueConstraint(fields=["workspace", "id"], name="%(class)s_in_workspace"),
        *(WorkspaceForeignKey(field=field, name=f"%(class)s_{field}_in_workspace") for field in fields),
    ]


class WorkspaceManager(models.Manager[M]):
    """Rows of one workspace. `unscoped` is for the ledger's own machinery, which serves all of them."""

    def for_workspace(self, workspace: Any) -> models.QuerySet[M]:
        return self.get_queryset().filter(workspace=workspace)

    def unscoped(self) -> models.QuerySet[M]:
        return self.get_queryset()


class WorkspaceModel(models.Model):
    workspace = models.ForeignKey("monitor.Workspace", on_delete=models.CASCADE, related_name="+")

    objects: ClassVar[WorkspaceManager[Self]] = WorkspaceManager()

    class Meta:
        abstract = True
