"""Uploads on their way into a job: spooled to files that only this system's user can read, gone when the job ends."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from monitor.models import Job, JobStatus
from monitor.services.errors import Problem

KINDS = {".html": "html", ".htm": "html", ".xhtml": "html", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
ORPHAN_SECONDS = 24 * 3600


def kind_of(name: str, kinds: Mapping[str, str] = KINDS) -> str:
    """What a file is, by suffix: html or jsonl where no other kinds are given. Problem for anything else."""
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    if suffix not in kinds:
        raise Problem(f"{name} is neither HTML (.html) nor JSON Lines (.jsonl), with or without .gz.")
    return kinds[suffix]


def spool(
    *, files: Iterable[UploadedFile[Any]], url: str = "", kinds: Mapping[str, str] = KINDS
) -> list[dict[str, str]]:
    """Write the uploads under UPLOAD_DIR, mode 0600; returns what a job's input says of them."""
    uploads = list(files)
    if not uploads:
        raise Problem("Choose at least one file.")
    if url and len(uploads) > 1:
        raise Problem("An address belongs to one page. Give one HTML file with it, or none.")
    found = [kind_of(upload.name or "", kinds) for upload in uploads]
    limit = settings.MAX_UPLOAD_BYTES
    if sum(upload.size or 0 for upload in uploads) > limit:
        raise Problem(f"That is more than {limit // 1024**2:,} MB at once. Upload it in parts, or compressed (.gz).")
    settings.UPLOAD_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    spooled = []
    for upload, kind in zip(uploads, found, strict=True):
        name = uuid.uuid4().hex
        descriptor = os.open(settings.UPLOAD_DIR / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in upload.chunks():
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        spooled.append({"file": name, "name": (upload.name or "")[:200], "kind": kind, "url": url.strip()})
    return spooled


def path_of(upload: dict[str, str]) -> Path:
    return Path(settings.UPLOAD_DIR) / Path(upload["file"]).name


def remove(uploads: Iterable[dict[str, str]]) -> None:
    for upload in uploads:
        path_of(upload).unlink(missing_ok=True)


def remove_orphans() -> int:
    """Files of uploads that never became a job, or whose job ended without them; returns how many."""
    open_jobs = Job.objects.unscoped().filter(status__in=[JobStatus.WAITING, JobStatus.RUNNING, JobStatus.PAUSED])
    wanted = {upload["file"] for job in open_jobs.only("input") for upload in job.input.get("uploads", [])}
    orphans = [
        path for path in Path(settings.UPLOAD_DIR).glob("*") if path.name not in wanted and _age(path) > ORPHAN_SECONDS
    ]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)


def _age(path: Path) -> float:
    """Seconds since it was written; 0 for one that its job has just removed."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
