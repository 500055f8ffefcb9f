"""Every address of the product. Importing this imports no torch."""

from __future__ import annotations

from django.urls import include, path

from monitor.views import brands, engine, home, jobs, panels, runs, suites

urlpatterns = [
    path("healthz", home.health, name="health"),
    path("accounts/", include("allauth.urls")),
    path("", home.home, name="home"),
    path("w/<slug:workspace>/", include(engine.urlpatterns)),
    path("w/<slug:workspace>/", include(jobs.urlpatterns)),
    path("w/<slug:workspace>/", include(suites.urlpatterns)),
    path("w/<slug:workspace>/", include(brands.urlpatterns)),
    path("w/<slug:workspace>/", include(panels.urlpatterns)),
    path("w/<slug:workspace>/", include(runs.urlpatterns)),
]
