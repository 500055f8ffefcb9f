"""The Cost page: the month's budget, what was spent on what, what schedules will cost, and the prices behind it all."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path

from monitor.forms.costs import BudgetForm, PriceForm
from monitor.models import OwnPrice, Role
from monitor.queries import costs as queries
from monitor.services import budgets
from monitor.services import costs as service
from monitor.services.errors import Problem
from monitor.views.access import WorkspaceRequest, access


@access()
def cost(request: WorkspaceRequest) -> HttpResponse:
    return _page(request)


@access(read=None, write=Role.OWNER)
def month_budget(request: WorkspaceRequest) -> HttpResponse:
    form = BudgetForm(request.POST)
    if not form.is_valid():
        return _page(request, budget_form=form)
    limit = form.cleaned_data["limit"]
    budgets.set_month_limit(workspace=request.workspace, limit_usd=limit)
    said = "A month may cost as much as it takes." if limit is None else f"A month may cost ${limit:,.2f} at most."
    messages.success(request, f"{said} That holds for this month too.")
    return redirect("cost", request.workspace.slug)


@access(read=None, write=Role.OWNER)
def price_save(request: WorkspaceRequest) -> HttpResponse:
    form = PriceForm(request.POST)
    if not form.is_valid():
        return _page(request, price_form=form)
    given = form.cleaned_data
    try:
        saved = service.save_price(
            workspace=request.workspace,
            assistant=given["assistant"],
            model=given["model"],
            figures={name: given[name] for name in service.RATES},
        )
    except Problem as problem:
        form.add_error(None, str(problem))
        return _page(request, price_form=form)
    messages.success(request, f"The price of {saved.model} is kept.")
    return redirect("cost", request.workspace.slug)


@access(read=None, write=Role.OWNER)
def price_delete(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(OwnPrice.objects.for_workspace(request.workspace), pk=pk)
    service.delete_price(price=found)
    messages.success(request, f"Your price of {found.model} is deleted.")
    return redirect("cost", request.workspace.slug)


def _page(request: WorkspaceRequest, **given: Any) -> HttpResponse:
    asked = {name: request.GET.get(name, "") for name in ("assistant", "model")}
    context = {
        "page": queries.cost_page(request.workspace),
        "budget_form": BudgetForm.of(budgets.month_limit(workspace=request.workspace)),
        "price_form": PriceForm(initial=asked),
        **given,
    }
    return render(request, "cost.html", context, status=422 if given else 200)


urlpatterns = [
    path("cost/", cost, name="cost"),
    path("cost/budget/", month_budget, name="month_budget"),
    path("cost/prices/", price_save, name="price_save"),
    path("cost/prices/<int:pk>/delete/", price_delete, name="price_delete"),
]
