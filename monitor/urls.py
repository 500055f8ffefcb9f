"""Every address of the product. Importing this imports no torch."""

from __future__ import annotations

from django.urls import include, path

from monitor.views import engine, home, jobs

urlpatterns = [
    path("healthz", home.health, name="health"),
    path("accounts/", include("allauth.urls")),
    path("", home.home, name="home"),
    path("w/<slug:workspace>/", include(engine.urlpatterns)),
    path("w/<slug:workspace>/", include(jobs.urlpatterns)),
]
