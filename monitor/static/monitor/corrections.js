// Marking a brand that the reading missed: words selected in the answer go into the form below it, with which of their
// places was meant. Without this the words are typed, and the server asks which place where there are several.
"use strict";

(() => {
  const text = document.querySelector("[data-answer-text]");
  const form = document.querySelector("[data-missed]");
  if (!text || !form) return;
  const field = (name) => form.elements.namedItem(name);

  /** How often the words stand in a text, each place counted once. */
  const times = (all, words) => all.split(words).length - 1;

  function take() {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return;
    const range = selection.getRangeAt(0);
    if (!text.contains(range.commonAncestorContainer)) return;
    const words = selection.toString().trim();
    if (!words || words.length > field("words").maxLength || words.includes("\n")) return;
    const before = document.createRange();
    before.selectNodeContents(text);
    before.setEnd(range.startContainer, range.startOffset);
    field("words").value = words;
    field("nth").value = times(before.toString(), words) + 1;
    field("of").value = times(text.textContent, words);
  }

  document.addEventListener("selectionchange", take);
  field("words").addEventListener("input", () => {
    field("nth").value = "";
    field("of").value = "";
  });
})();
