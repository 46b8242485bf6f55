// What pages do beside what the browser does by itself: copying, and the system's sheet for sharing. Everything else works
// without this script.
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-share-url]");
  if (!button) return;
  if (button.dataset.shareUrl) {
    const { shareUrl: url, shareText: text, shareTitle: title } = button.dataset;
    navigator.share({ url, text, title }).catch(() => {}); // whoever closes the sheet has not failed
    return;
  }
  const copied = await copy(document.getElementById(button.dataset.copy));
  tell(button, copied ? "Copied" : "Press Ctrl+C");
});

// A field that is there to be copied is selected as a whole.
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("input[readonly]")) event.target.select();
});

if (navigator.share) {
  for (const e of document.querySelectorAll(".unready")) e.classList.remove("unready");
}

// copy puts a field's text on the clipboard. In a frame the clipboard may be closed to us; the older way is not.
async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value ?? field.textContent);
    return true;
  } catch {
    field.select?.();
    return document.execCommand("copy");
  }
}

// tell shows a word on the button for a moment, and has screen readers say it.
function tell(button, word) {
  const label = button.querySelector("[data-label]") ?? button;
  button.dataset.was ??= label.textContent;
  label.textContent = word;
  button.classList.add("done");
  const said = document.getElementById(button.dataset.tell);
  if (said) said.textContent = word;
  clearTimeout(button.timer);
  button.timer = setTimeout(() => {
    label.textContent = button.dataset.was;
    button.classList.remove("done");
    if (said) said.textContent = "";
  }, 2500);
}
