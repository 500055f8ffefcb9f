"""Every address of the product. Importing this imports no torch."""

from __future__ import annotations

from django.urls import include, path

from monitor.views import (
    answers,
    asking,
    assistants,
    brands,
    comparison,
    costs,
    engine,
    home,
    ideas,
    jobs,
    overview,
    panels,
    pasted,
    performance,
    personas,
    reports,
    runs,
    saved_views,
    settings,
    sources,
    suites,
    tracing,
)

urlpatterns = [
    path("", include(home.urlpatterns)),
    path("accounts/", include("allauth.urls")),
    path("w/<slug:workspace>/", include(answers.urlpatterns)),
    path("w/<slug:workspace>/", include(asking.urlpatterns)),
    path("w/<slug:workspace>/", include(settings.urlpatterns)),
    path("w/<slug:workspace>/", include(assistants.urlpatterns)),
    path("w/<slug:workspace>/", include(costs.urlpatterns)),
    path("w/<slug:workspace>/", include(engine.urlpatterns)),
    path("w/<slug:workspace>/", include(jobs.urlpatterns)),
    path("w/<slug:workspace>/", include(ideas.urlpatterns)),
    path("w/<slug:workspace>/", include(suites.urlpatterns)),
    path("w/<slug:workspace>/", include(personas.urlpatterns)),
    path("w/<slug:workspace>/", include(brands.urlpatterns)),
    path("w/<slug:workspace>/", include(panels.urlpatterns)),
    path("w/<slug:workspace>/", include(pasted.urlpatterns)),
    path("w/<slug:workspace>/", include(runs.urlpatterns)),
    path("w/<slug:workspace>/", include(overview.urlpatterns)),
    path("w/<slug:workspace>/", include(comparison.urlpatterns)),
    path("w/<slug:workspace>/", include(performance.urlpatterns)),
    path("w/<slug:workspace>/", include(saved_views.urlpatterns)),
    path("w/<slug:workspace>/", include(sources.urlpatterns)),
    path("w/<slug:workspace>/", include(reports.urlpatterns)),
    path("w/<slug:workspace>/", include(tracing.urlpatterns)),
]
