// Drafts an answer into a reply box: streams, can be cancelled and undone.
import { ask, put } from "./ai-stream.js";

let running = null;
let takeBack = null;

function tell(place, words, { busy = false, back = null } = {}) {
  place.querySelector("[data-ai-words]").textContent = words;
  place.querySelector("[data-ai-cancel]").hidden = !busy;
  place.querySelector("[data-ai-undo]").hidden = !back;
  takeBack = back;
}

async function draft(button, place) {
  const field = document.getElementById(place.dataset.aiReply);
  const before = field.value;
  running = new AbortController();
  button.setAttribute("aria-busy", "true");
  tell(place, place.dataset.running, { busy: true });
  let text = "";
  await ask(place.dataset.url, new FormData(button.form), running.signal, {
    delta: (more) => (field.value = text += more),
    again: (reason) => {
      text = "";
      tell(place, reason, { busy: true });
    },
    done: (result) => {
      field.value = before;
      tell(place, result.notes.join(" "), { back: put(field, result.text) });
      field.focus();
    },
    cancelled: () => (put(field, before), tell(place, place.dataset.cancelled)),
    failed: (words) => (put(field, before), tell(place, words || place.dataset.lost)),
  });
  button.removeAttribute("aria-busy");
}

document.addEventListener("click", (event) => {
  const place = event.target.closest("[data-ai-reply]");
  if (!place) return;
  const button = event.target.closest("button");
  if (button?.matches("[data-ai-draft]")) {
    event.preventDefault();
    draft(button, place);
  } else if (button?.matches("[data-ai-cancel]")) running?.abort();
  else if (button?.matches("[data-ai-undo]")) {
    takeBack?.();
    tell(place, "");
  }
});
