"""Index generations: immutable snapshots on disk of the page versions that PostgreSQL holds, and the one in use.

PostgreSQL is what counts: a generation lost or damaged on disk is built again from its list of page versions.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from monitor.assistants import engine
from monitor.models import UNDER_WAY, IndexGeneration, Page, PageVersion, Passage, Pointers, Run, Workspace

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
#: Generations kept on disk beside the current one and those of open runs: repeated questions need no rebuild.
KEPT_BEHIND = 2
VERSIONS_AT_ONCE = 50


def path(generation: IndexGeneration) -> Path:
    """Where the generation lies, or will lie once built."""
    return _workspace_folder(generation.workspace_id) / str(generation.number)


def next_generation(*, workspace: Workspace, progress: Progress | None = None) -> IndexGeneration | None:
    """Index the pages as they stand and make that the generation in use; the present one when nothing changed.

    None, and no generation in use, when no page is left. One build a workspace at a time; loads torch.
    """
    with _building(workspace.pk):
        versions = list(
            Page.objects.for_workspace(workspace)
            .filter(current__isnull=False)
            .order_by("pk")
            .values_list("current_id", flat=True)
        )
        present = current(workspace=workspace)
        if not versions:
            Pointers.objects.filter(workspace=workspace).update(generation=None)
            return None
        if present and present.page_versions == versions and _is_by_this_model(present):
            return present
        last = IndexGeneration.objects.for_workspace(workspace).aggregate(last=Max("number"))["last"] or 0
        generation = IndexGeneration(workspace=workspace, number=last + 1, page_versions=versions)
        generation.manifest = _build(generation, reuse=path(present) if present else None, progress=progress)
        _record(generation)
    return generation


def _is_by_this_model(generation: IndexGeneration) -> bool:
    return bool(generation.manifest.get("fingerprint") == engine.model_fingerprint())


def current(*, workspace: Workspace) -> IndexGeneration | None:
    """The generation that new runs and questions use."""
    pointers = Pointers.objects.select_related("generation").filter(workspace=workspace).first()
    return pointers.generation if pointers else None


def ready_path(*, generation: IndexGeneration) -> Path:
    """The generation's folder, verified once a process and built again when it is missing or damaged."""
    folder = path(generation)
    if not engine.is_sound(folder):
        repair(generation=generation)
    return folder


def repair(*, generation: IndexGeneration) -> None:
    """Build the generation's files again from PostgreSQL, unless somebody else just did."""
    with _building(generation.workspace_id):
        folder = path(generation)
        if engine.is_sound(folder):
            return
        log.warning(
            "The files of index generation %d of workspace %d are missing or damaged: building them again "
            "from the %d page versions in PostgreSQL.",
            *(generation.number, generation.workspace_id, len(generation.page_versions)),
        )
        _build(generation, reuse=_nearest_sound(generation))
        log.warning("Index generation %d of workspace %d is whole again.", generation.number, generation.workspace_id)


def collect_garbage(*, workspace: Workspace) -> int:
    """Delete files that nobody needs at present; a generation asked for again is rebuilt. How many went."""
    keep = set(
        Run.objects.for_workspace(workspace)
        .filter(status__in=UNDER_WAY, generation__isnull=False)
        .values_list("generation__number", flat=True)
    )
    numbers = IndexGeneration.objects.for_workspace(workspace).order_by("-number").values_list("number", flat=True)
    keep.update(numbers[: KEPT_BEHIND + 1])
    if present := current(workspace=workspace):
        keep.add(present.number)
    with _building(workspace.pk):
        unneeded = [
            folder
            for folder in _workspace_folder(workspace.pk).iterdir()
            if folder.is_dir() and folder.name not in {str(number) for number in keep}
        ]
        for folder in unneeded:
            shutil.rmtree(folder, ignore_errors=True)
    return len(unneeded)


def remove_all(*, workspace_id: int) -> None:
    """Delete every index file of a workspace that is gone."""
    shutil.rmtree(_workspace_folder(workspace_id), ignore_errors=True)


def _workspace_folder(workspace_id: int) -> Path:
    return Path(settings.INDEX_DIR) / str(workspace_id)


@contextmanager
def _building(workspace_id: int) -> Iterator[None]:
    """Hold the workspace's indexes on disk. The lock goes with its process, however that ends."""
    folder = _workspace_folder(workspace_id)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(generation: IndexGeneration, *, reuse: Path | None, progress: Progress | None = None) -> dict[str, object]:
    """Write the files. A folder of that number can only be left over or damaged: its row comes after its files."""
    folder = path(generation)
    shutil.rmtree(folder, ignore_errors=True)
    return engine.build_index(
        folder,
        _documents(generation, progress),
        reuse=reuse if reuse and engine.is_sound(reuse) else None,
        progress=progress,
    )


def _documents(generation: IndexGeneration, progress: Progress | None) -> Iterator[tuple[str, str, str, str]]:
    """(id, url, title, text) of the generation's page versions, in its order: equal builds give equal answers."""
    ids = generation.page_versions
    for at in range(0, len(ids), VERSIONS_AT_ONCE):
        chunk = ids[at : at + VERSIONS_AT_ONCE]
        rows = {
            version.pk: version
            for version in PageVersion.objects.unscoped()
            .filter(workspace_id=generation.workspace_id, pk__in=chunk)
            .select_related("page")
            .defer("html")
        }
        if progress:
            progress(0, 0)  # still cutting pages into passages: how many there will be is not known
        for pk in chunk:
            version = rows[pk]
            yield str(pk), version.page.url, version.title, version.text


def _record(generation: IndexGeneration) -> None:
    """The generation's row, the passages of versions new to the index, and the pointer, in one transaction."""
    workspace_id = generation.workspace_id
    known = set(
        Passage.objects.unscoped()
        .filter(workspace_id=workspace_id, version__in=generation.page_versions)
        .values_list("version_id", flat=True)
        .distinct()
    )
    found = engine.passages(
        path(generation), [str(version) for version in generation.page_versions if version not in known]
    )
    generation.passages = generation.manifest["passages"]
    with transaction.atomic():
        generation.save()
        Passage.objects.bulk_create(
            [
                Passage(
                    workspace_id=workspace_id,
                    version_id=int(document),
                    sequence=sequence,
                    start=start,
                    end=end,
                    heading=heading,
                )
                for document, spans in found.items()
                for sequence, (start, end, heading) in enumerate(spans)
            ],
            batch_size=2000,
        )
        Pointers.objects.update_or_create(workspace_id=workspace_id, defaults={"generation": generation})


def _nearest_sound(generation: IndexGeneration) -> Path | None:
    """The whole generation closest in number, whose vectors save most of the work."""
    numbers = sorted(
        IndexGeneration.objects.unscoped()
        .filter(workspace_id=generation.workspace_id)
        .exclude(number=generation.number)
        .values_list("number", flat=True),
        key=lambda number: abs(number - generation.number),
    )
    folders = (_workspace_folder(generation.workspace_id) / str(number) for number in numbers)
    return next((folder for folder in folders if engine.is_sound(folder)), None)
