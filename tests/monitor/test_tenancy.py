"""A row cannot point into another workspace: PostgreSQL itself refuses it."""

import pytest
from django.db import IntegrityError, connection, models, transaction

from monitor.models import Prompt, WorkspaceModel
from monitor.models.base import WorkspaceForeignKey
from tests.factories import make_suite, make_workspace


@pytest.mark.django_db(transaction=True)
def test_a_prompt_in_another_workspaces_suite_is_refused() -> None:
    suite = make_suite(make_workspace())
    stranger = make_workspace()
    with pytest.raises(IntegrityError), transaction.atomic():
        Prompt.objects.create(workspace=stranger, suite=suite, text="Mine?")
    assert not Prompt.objects.for_workspace(stranger).exists()


@pytest.mark.django_db
def test_every_relation_inside_a_workspace_is_a_composite_key_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f' AND array_length(conkey, 1) = 2")
        composite = {name for (name,) in cursor.fetchall()}
    for model in WorkspaceModel.__subclasses__():
        declared = {c.field: c.name for c in model._meta.constraints if isinstance(c, WorkspaceForeignKey)}
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and issubclass(field.related_model, WorkspaceModel):
                assert declared.get(field.name) in composite, f"{model.__name__}.{field.name}"
