// CSV of exactly what a table shows, in the order it is sorted in. Each figure comes as a number and as it is written.
// An extra: the reports' own CSV is made by the server and holds what is not shown too.
"use strict";

(() => {
  const ICON = '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="M8 2.5v7M5 7l3 3 3-3M3 13h10"/></svg>';
  const CONTROLS = "button, select, input";
  const inOneLine = (text) => text.split("\n").map((line) => line.replace(/\s+/g, " ").trim()).filter(Boolean).join(" · ");

  // Of controls what is chosen or typed in them; what they offer beside it is no content of the table.
  function said(node) {
    if (!(node instanceof Element)) return (node.data ?? "").replace(/\s+/g, " ");
    if (node.matches("button, label, .corrects, [type=hidden], [type=checkbox]")) return "";
    if (node.matches("select")) return `\n${node.selectedOptions[0]?.text ?? ""}\n`;
    if (node.matches("input")) return `\n${node.value}\n`;
    if (node.querySelector(CONTROLS)) return [...node.childNodes].map(said).join("");
    return getComputedStyle(node).display.startsWith("inline") ? node.innerText : `\n${node.innerText}\n`;
  }

  const words = (cell) => inOneLine(cell.querySelector(CONTROLS) ? said(cell) : cell.innerText);
  const isFigure = (text) => /^-?\d+(\.\d+)?(e-?\d+)?$/i.test(text);

  // A spreadsheet takes what begins with these for a formula, some after marks that have no width; what answers say is
  // not ours to run. As monitor/exports/text.py has it.
  const FORMULA = /^[\s\0-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r]/;
  const guarded = (text) => (FORMULA.test(text) && !isFigure(text) ? `'${text}` : text);
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  // [[title, value of a row], ...]: a column with figures comes twice where they are written in other words.
  function columnsOf(table, rows) {
    const columns = [];
    for (const [place, header] of [...table.tHead.rows[0].cells].entries()) {
      const title = inOneLine(header.innerText);
      if (!title || header.matches(".actions, [data-unsortable]")) continue;
      const shown = (row) => (row.cells[place] ? words(row.cells[place]) : "");
      const value = (row) => row.cells[place]?.dataset.value ?? "";
      const figures = rows.some((row) => row.cells[place]?.dataset.value !== undefined);
      if (figures) columns.push([title, value]);
      if (!figures || rows.some((row) => shown(row).replaceAll(",", "") !== value(row)))
        columns.push([figures ? `${title}, as shown` : title, shown]);
    }
    return columns;
  }

  function csvOf(table) {
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => row.cells.length > 1);
    const columns = columnsOf(table, rows);
    const lines = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, of]) => of(row)))];
    return lines.map((line) => line.map((text) => quoted(guarded(text))).join(",")).join("\r\n") + "\r\n";
  }

  function nameOf(table) {
    const wrap = table.closest(".table-wrap");
    const heading = document.getElementById(wrap?.getAttribute("aria-labelledby"))?.innerText ?? wrap?.getAttribute("aria-label");
    const name = `citescope ${document.querySelector("h1")?.innerText ?? ""} ${heading ?? ""}`;
    return `${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 100)}.csv`;
  }

  function save(table) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", csvOf(table)], { type: "text/csv;charset=utf-8" }));
    link.download = nameOf(table);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  // The head of the card that a table stands in; a heading alone becomes one.
  function headerOf(card) {
    const heading = card?.querySelector(":scope > h2");
    if (!heading) return card?.querySelector(":scope > header");
    const header = document.createElement("header");
    heading.replaceWith(header);
    header.append(heading);
    return header;
  }

  function prepare() {
    for (const wrap of document.querySelectorAll(".table-wrap")) {
      const table = wrap.querySelector("table");
      const card = wrap.closest(".card");
      const offered = (card ?? wrap.parentElement).querySelector(':scope > header a[href*="format=csv"]');
      if (!table?.tHead || !table.tBodies[0]?.rows.length || offered || wrap.dataset.csv) continue;
      wrap.dataset.csv = "yes";
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button small csv";
      button.innerHTML = ICON;
      // Of a table in pages only the rows at hand are here; the label says so.
      button.append(wrap.parentElement.querySelector(":scope > .pager") ? "CSV of this page" : "CSV");
      button.setAttribute("aria-label", `Save as CSV: ${wrap.getAttribute("aria-label") ?? card?.querySelector("h2, h3")?.innerText ?? "this table"}`);
      button.addEventListener("click", () => save(table));
      const above = wrap.previousElementSibling;
      const header = headerOf(card) ?? (above?.matches(".table-head") ? above : null);
      if (header) header.append(button);
      else wrap.after(button);
    }
  }

  document.addEventListener("htmx:load", prepare);
  prepare();
})();
