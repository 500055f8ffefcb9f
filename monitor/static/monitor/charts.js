// Charts: every [data-chart] element is filled with the Vega-Lite spec of the JSON script it names.
// Specs name colours by the stylesheet's tokens; they are looked up at drawing, and again when the theme changes.
// Vega's expressions are interpreted (ast), so no eval is needed; nothing is fetched.
"use strict";

(() => {
  const drawn = new Map(); // element -> vega-embed's result

  // --- colours ---
  function coloured(value, tokens) {
    if (Array.isArray(value)) return value.map((item) => coloured(item, tokens));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, tokens)]));
    }
    return typeof value === "string" && value.startsWith("--") ? tokens.getPropertyValue(value).trim() || value : value;
  }

  // --- data: tables without their columns' names in each row, as `tabled` writes them ---
  const objects = ({ columns, rows }) =>
    rows.map((row) => Object.fromEntries(columns.map((name, place) => [name, row[place]])));

  function untabled(spec) {
    const named = Object.entries(spec.datasets).map(([name, table]) => [name, objects(table)]);
    return { ...spec, datasets: Object.fromEntries(named) };
  }

  // --- tooltip ---
  const tip = document.createElement("div");
  tip.className = "chart-tip";
  tip.setAttribute("aria-hidden", "true"); // the table under the chart says the same

  function showTip(handler, event, item, value) {
    if (!value || typeof value !== "object") {
      tip.remove();
      return;
    }
    const list = document.createElement("dl");
    for (const [name, said] of Object.entries(value)) {
      const [term, text] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name;
      text.textContent = said;
      list.append(term, text);
    }
    tip.replaceChildren(list);
    document.body.append(tip);
    const { width, height } = tip.getBoundingClientRect();
    const left = event.clientX + 14 + width > innerWidth ? event.clientX - 14 - width : event.clientX + 14;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - height - 4))}px`;
  }

  // --- drawing ---
  async function draw(element) {
    const source = document.getElementById(element.dataset.chart);
    if (!source || !window.vegaEmbed) return;
    const spec = coloured(untabled(JSON.parse(source.textContent)), getComputedStyle(document.documentElement));
    drawn.get(element)?.finalize();
    drawn.set(element, null);
    const result = await window.vegaEmbed(element, spec, {
      mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false, tooltip: showTip,
    });
    drawn.set(element, result);
    if (element.dataset.legend) bringOut(element, result, pickedIn(legendOf(element.dataset.legend)));
    element.dataset.drawn = getComputedStyle(document.documentElement).colorScheme;
  }

  // --- legend: a press brings a brand out in every chart that the legend belongs to, a second one takes it back ---
  const legendOf = (key) => [...document.querySelectorAll("[data-picks]")].find((one) => one.dataset.picks === key);

  const pickedIn = (legend) =>
    [...(legend?.querySelectorAll("[data-pick][aria-pressed='true']") ?? [])].map((button) => button.dataset.pick);

  function bringOut(element, result, names) {
    result.view.signal("picked", names).runAsync().catch((error) => failed(element, error));
  }

  function pick(button) {
    const legend = button.closest("[data-picks]");
    const presses = button.hasAttribute("data-pick-none") ? [...legend.querySelectorAll("[aria-pressed='true']")] : [button];
    for (const one of presses) one.setAttribute("aria-pressed", one.getAttribute("aria-pressed") === "true" ? "false" : "true");
    const names = pickedIn(legend);
    if (!names.length && button.hasAttribute("data-pick-none")) legend.querySelector("[data-pick]").focus();
    legend.querySelector("[data-pick-none]").hidden = !names.length;
    for (const [element, result] of drawn) {
      if (result && element.dataset.legend === legend.dataset.picks) bringOut(element, result, names);
    }
  }

  function drawAll(within) {
    for (const [element, result] of drawn) {
      if (!element.isConnected) { // swapped out
        result?.finalize();
        drawn.delete(element);
      }
    }
    for (const element of within.querySelectorAll("[data-chart]")) {
      if (!drawn.has(element)) draw(element).catch((error) => failed(element, error));
    }
  }

  function failed(element, error) {
    console.error(error);
    element.textContent = "This chart could not be drawn here; the table below has the same numbers.";
  }

  document.addEventListener("htmx:load", (event) => drawAll(event.target.parentNode ?? document));
  document.addEventListener("citescope:theme", () => {
    for (const element of [...drawn.keys()]) draw(element).catch((error) => failed(element, error));
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-picks] button");
    if (button) pick(button);
  });
  document.addEventListener("scroll", () => tip.remove(), { passive: true });
  drawAll(document);
})();
