// The Ask page: an answer's text while it comes, and what a question can cost beside the button.
// The server's page says the same without any of this; here it only comes sooner.
"use strict";

(() => {
  const LOOK_MS = 1500;
  const MOST_ATTEMPTS = 5;
  const COMING = "The answer is coming; its sources follow when it is whole.";
  let source = null;
  let timer = 0;

  const look = (section) => section.dispatchEvent(new CustomEvent("asked:look"));

  function stop() {
    source?.close();
    source = null;
    clearInterval(timer);
  }

  /** Where no stream can be had, the page is asked again and again. */
  function poll(section) {
    stop();
    timer = setInterval(() => (section.isConnected ? look(section) : stop()), LOOK_MS);
  }

  /** Text is put as text, never as markup; the finished answer comes from the server with its sources. */
  function follow(section) {
    stop();
    const text = section.querySelector("[data-said]");
    const state = section.querySelector("[data-state]");
    let attempt = null;
    let failures = 0;
    source = new EventSource(section.dataset.stream);
    source.addEventListener("said", (event) => {
      const piece = JSON.parse(event.data);
      failures = 0;
      if (piece.try !== attempt) text.textContent = "";
      attempt = piece.try;
      text.append(piece.text);
      if (state.textContent !== COMING) state.textContent = COMING;
    });
    source.addEventListener("moved", () => {
      stop();
      look(section);
      poll(section); // should that one request fail
    });
    source.addEventListener("error", () => {
      failures += 1;
      if (source?.readyState === EventSource.CLOSED || failures >= MOST_ATTEMPTS) poll(section);
    });
  }

  function begin(within) {
    const section = within.matches?.("[data-stream]") ? within : within.querySelector("[data-stream]");
    if (section) follow(section);
    else if (within.id === "asked") stop();
  }

  /** What the chosen assistant can cost, and whether it is told who asks. */
  function showChoice(select) {
    const chosen = select.selectedOptions[0]?.dataset ?? {};
    const target = document.querySelector(select.dataset.costOf);
    if (target) target.textContent = chosen.cost ?? "";
    const persona = document.getElementById("persona");
    if (persona) persona.disabled = !("persona" in chosen);
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches?.("select[data-cost-of]")) showChoice(event.target);
  });
  document.addEventListener("htmx:load", (event) => begin(event.target));
  addEventListener("pagehide", stop);
  for (const select of document.querySelectorAll("select[data-cost-of]")) showChoice(select);
})();
