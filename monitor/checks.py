"""What must hold before anything starts, said in one sentence each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from monitor.assistants import engine


@register()
def data_folder_is_writable(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    probe: Path = settings.DATA_DIR / ".writable"
    try:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        return [Error(f"DATA_DIR cannot be written ({error.strerror}): {settings.DATA_DIR}", id="citescope.E001")]
    return []


@register()
def embedding_model_exists(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    # a static model in sentence-transformers' form has modules.json alone
    names = ("config.json", "modules.json")
    if settings.EMBEDDING_MODEL and not any((Path(settings.EMBEDDING_MODEL) / name).is_file() for name in names):
        return [
            Error(
                f"EMBEDDING_MODEL is no model directory (it has no config.json): {settings.EMBEDDING_MODEL}",
                id="citescope.E002",
            )
        ]
    return []


@register()
def generator_model_can_be_used(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    problem = engine.generator_problem()
    return [Error(f"GENERATOR_MODEL={settings.GENERATOR_MODEL}: {problem}", id="citescope.E003")] if problem else []


@register()
def rerank_model_can_be_used(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    problem = engine.reranker_problem()
    return [Error(f"RERANK_MODEL={settings.RERANK_MODEL}: {problem}", id="citescope.E004")] if problem else []


@register()
def precision_suits_the_processor(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    slow = engine.precision_problem()
    return [Warning(slow, id="citescope.W002")] if slow else []


@register(deploy=True)
def debug_is_off(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [Warning("DEBUG is on: error pages show settings.", id="citescope.W001")] if settings.DEBUG else []
