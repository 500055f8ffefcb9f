// The page frame's behaviour: theme, menus, shortcuts, sortable tables, confirmations, copying.
// Everything here is an extra: pages show their content and their forms work without it.
"use strict";

(() => {
  const root = document.documentElement;
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

  // --- theme: the server reads the cookie, so the first paint already has it ---
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

  function setTheme(theme) {
    root.dataset.theme = theme;
    document.cookie = `theme=${theme};path=/;max-age=31536000;samesite=lax`;
    announceTheme();
  }

  function announceTheme() {
    for (const button of $$("[data-theme-switch]")) {
      button.setAttribute("aria-label", isDark() ? "Use the light theme" : "Use the dark theme");
    }
    document.dispatchEvent(new CustomEvent("citescope:theme", { detail: { dark: isDark() } }));
  }

  // --- tables: <table data-sortable>; a cell's data-value sorts before its text ---
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return cell ? (cell.dataset.value ?? cell.textContent.trim()) : "";
  };

  const asNumber = (value) => {
    const found = value.replace(/[,\u202f\u00a0 ]/g, "").match(/^[^\d-]{0,2}(-?\d+(\.\d+)?)/);
    return found ? Number(found[1]) : Number.NaN;
  };

  function compare(one, other) {
    const [a, b] = [asNumber(one), asNumber(other)];
    if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b;
    if (Number.isNaN(a) !== Number.isNaN(b)) return Number.isNaN(a) ? 1 : -1; // what was not measured goes last
    return one.localeCompare(other);
  }

  function sortBy(header, direction) {
    const table = header.closest("table");
    for (const other of $$("th[aria-sort]", table)) other.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    for (const body of table.tBodies) {
      const rows = [...body.rows].map((row) => [valueOf(row, header.cellIndex), row]);
      rows.sort(([a], [b]) => sign * compare(a, b));
      body.append(...rows.map(([, row]) => row));
    }
    showOrder(table);
  }

  const turned = (header) => (header.getAttribute("aria-sort") === "descending" ? "ascending" : "descending");
  const sortedIn = (table) => $$("thead th[aria-sort]", table).find((header) => header.getAttribute("aria-sort") !== "none");

  // On a phone, rows that fold leave no headers to press: a choice above them does the same.
  const narrow = matchMedia("(max-width: 860px)");
  const SEEN_AT_ONCE = 3;

  function showOrder(table) {
    const bar = table.previousElementSibling;
    if (!bar?.matches(".sort-by")) return;
    const header = sortedIn(table);
    const turn = bar.querySelector("button");
    bar.querySelector("select").value = header ? header.cellIndex : "";
    turn.hidden = !header;
    if (!header) return;
    turn.textContent = header.getAttribute("aria-sort") === "descending" ? "↓" : "↑";
    turn.setAttribute("aria-label", `Sort ${turned(header)}`);
  }

  function offerOrder(table) {
    const headers = $$("thead th[aria-sort]", table);
    const bodies = [...table.tBodies].map((body) => [body, [...body.rows]]);
    const rows = bodies.reduce((sum, [, listed]) => sum + listed.length, 0);
    if (rows <= SEEN_AT_ONCE || headers.length < 2 || table.previousElementSibling) return;
    const bar = document.createElement("div");
    bar.className = "sort-by";
    bar.innerHTML = '<label>Sort by <select></select></label><button type="button" class="icon-button" hidden></button>';
    const choice = bar.querySelector("select");
    choice.add(new Option("as listed", ""));
    for (const header of headers) choice.add(new Option(header.abbr || header.textContent.trim(), header.cellIndex));
    choice.addEventListener("change", () => {
      const header = headers.find((one) => String(one.cellIndex) === choice.value);
      // Names from A on, figures and days from the largest or latest on.
      if (header) return sortBy(header, header.cellIndex ? "descending" : "ascending");
      for (const one of headers) one.setAttribute("aria-sort", "none");
      for (const [body, listed] of bodies) body.append(...listed);
      showOrder(table);
    });
    bar.querySelector("button").addEventListener("click", () => sortBy(sortedIn(table), turned(sortedIn(table))));
    table.before(bar);
    showOrder(table);
  }

  function offerOrders(within) {
    if (narrow.matches) for (const table of $$("table.folds[data-sortable]", within)) offerOrder(table);
  }

  narrow.addEventListener("change", () => offerOrders(document));

  function prepareTables(within) {
    for (const header of $$("table[data-sortable] thead th:not([data-unsortable])", within)) {
      if (header.querySelector("button.sort") || !header.textContent.trim()) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...header.childNodes);
      header.append(button);
      if (!header.hasAttribute("aria-sort")) header.setAttribute("aria-sort", "none");
    }
    offerOrders(within);
  }

  // --- confirmation: <form data-confirm="What will be lost" data-confirm-button="Delete 3 prompts"> ---
  function askFirst(form, submitter) {
    const dialog = document.getElementById("confirm-dialog");
    if (!dialog) return false;
    dialog.querySelector("[data-text]").textContent = form.dataset.confirm;
    const agree = dialog.querySelector("[data-agree]");
    agree.textContent = form.dataset.confirmButton || submitter?.textContent.trim() || "Continue";
    agree.onclick = () => {
      dialog.close();
      // A page that follows its progress may have put the same form anew meanwhile.
      const live = form.isConnected ? form : [...document.forms].find((other) => other.action === form.action);
      if (!live) return;
      live.dataset.confirmed = "yes";
      live.requestSubmit((live === form && submitter) || undefined);
      delete live.dataset.confirmed;
    };
    dialog.showModal();
    return true;
  }

  // --- copying: <button data-copy="#element"> or <button data-copy-text="..."> ---
  async function copy(button) {
    const target = button.dataset.copy && document.querySelector(button.dataset.copy);
    const text = button.dataset.copyText ?? target?.value ?? target?.textContent ?? "";
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Copying is not allowed here";
    }
    setTimeout(() => { button.textContent = before; }, 1600);
  }

  // --- events, delegated: fragments swapped in by htmx need no set-up of their own ---
  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest?.(selector);
    const sort = hit("th button.sort");
    if (sort) sortBy(sort.closest("th"), turned(sort.closest("th")));
    if (hit("[data-theme-switch]")) setTheme(isDark() ? "light" : "dark");
    const opener = hit("[data-open]");
    if (opener) document.getElementById(opener.dataset.open)?.showModal();
    const closer = hit("[data-close]");
    if (closer) closer.closest("dialog")?.close();
    const copier = hit("[data-copy], [data-copy-text]");
    if (copier) copy(copier);
    if (hit("[data-print]")) window.print();
    for (const drop of $$("details.drop[open]")) if (!drop.contains(event.target)) drop.open = false;
    if (event.target instanceof HTMLDialogElement) event.target.close(); // a click on the backdrop
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.confirm && !form.dataset.confirmed && askFirst(form, event.submitter)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  // --- files: <input type="file" data-max-bytes>; said at the choice, before anything is sent ---
  function checkSize(input) {
    const megabytes = (bytes) => `${Math.ceil(bytes / 2 ** 20)} MB`;
    const size = [...input.files].reduce((sum, file) => sum + file.size, 0);
    const most = Number(input.dataset.maxBytes);
    const says = `That is ${megabytes(size)}, and ${megabytes(most)} may be sent at once. Choose less.`;
    input.setCustomValidity(size > most ? says : "");
    input.reportValidity();
  }

  document.addEventListener("change", (event) => {
    const files = event.target.closest?.("input[data-max-bytes]");
    if (files) checkSize(files);
    const all = event.target.closest?.("input[data-check-all]");
    if (all) for (const box of $$(all.dataset.checkAll)) box.checked = all.checked;
  });

  // --- colours: <input type="color" data-picks="#field" data-shows="rect" hidden> writes what is picked into the field ---
  function showColour(picker, value) {
    if (!/^#[\da-f]{6}$/i.test(value)) return;
    picker.value = value;
    document.querySelector(picker.dataset.shows)?.setAttribute("fill", value);
  }

  for (const picker of $$("input[data-picks]")) {
    const field = document.querySelector(picker.dataset.picks);
    picker.hidden = false;
    picker.addEventListener("input", () => {
      field.value = picker.value;
      showColour(picker, picker.value);
    });
    field.addEventListener("input", () => showColour(picker, field.value.trim()));
  }

  // --- an error belongs to what was typed: it goes when that changes, and the next save checks again ---
  function forgetError(event) {
    const field = event.target.closest?.(".field");
    const error = field?.querySelector("[data-error]");
    if (!error) return;
    error.remove();
    for (const control of $$("[aria-invalid]", field)) control.removeAttribute("aria-invalid");
  }
  document.addEventListener("input", forgetError);
  document.addEventListener("change", forgetError);

  // --- wide tables: say that there is more to the right, and fade the edge until the end is reached ---
  function markScroll(wrap) {
    const more = wrap.scrollWidth - wrap.clientWidth;
    wrap.classList.toggle("scrolls", more > 1);
    wrap.classList.toggle("more", more - wrap.scrollLeft > 1);
  }

  const widths = new ResizeObserver((entries) => {
    for (const entry of entries) {
      const wrap = entry.target.closest(".table-wrap"); // none for a table that was just taken out of the page
      if (wrap) markScroll(wrap);
    }
  });

  function watchWidths(within) {
    for (const wrap of $$(".table-wrap", within)) {
      widths.observe(wrap);
      for (const table of wrap.children) widths.observe(table);
    }
  }

  document.addEventListener("scroll", (event) => {
    if (event.target.classList?.contains("table-wrap")) markScroll(event.target);
  }, { capture: true, passive: true });

  const isTyping = (element) => element.closest?.("input, textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      for (const drop of $$("details.drop[open]")) {
        drop.open = false;
        if (drop.contains(document.activeElement)) drop.querySelector("summary")?.focus();
      }
      if (isTyping(document.activeElement)) document.activeElement.blur();
      return;
    }
    if (isTyping(event.target)) return;
    if (event.key === "/") {
      const search = $$("[data-search]").find((field) => field.offsetParent !== null);
      const elsewhere = document.querySelector("[data-search-page]");
      if (!search && !elsewhere) return;
      event.preventDefault();
      if (!search) location.assign(elsewhere.href + elsewhere.dataset.searchPage);
      search?.focus();
      search?.select?.();
    } else if (event.key === "?") {
      const dialog = document.getElementById("shortcuts-dialog");
      if (dialog && !dialog.open) dialog.showModal();
    } else if (!document.querySelector("dialog[open]")) {
      // <button data-key="r">: a page's own keys press it, or go to the field
      const keyed = $$("[data-key]").find((element) => element.dataset.key === event.key);
      if (!keyed) return;
      event.preventDefault();
      if (isTyping(keyed)) keyed.focus();
      else keyed.click();
    }
  });

  document.addEventListener("htmx:load", (event) => {
    prepareTables(event.target);
    watchWidths(event.target);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announceTheme);

  // An address that names a folded section, or a place in one, opens it.
  function unfold() {
    const target = document.getElementById(location.hash.slice(1));
    const fold = target?.closest("details:not(.drop, .fold)");
    if (!fold || fold.open) return;
    fold.open = true;
    target.scrollIntoView();
  }

  addEventListener("hashchange", unfold);
  unfold();

  // An answer to a form that must not be kept: reloading shows the page it belongs to, and sends nothing again.
  const answered = document.querySelector("[data-address]");
  if (answered) history.replaceState(history.state, "", answered.dataset.address);

  prepareTables(document);
  watchWidths(document);
  announceTheme();
})();
