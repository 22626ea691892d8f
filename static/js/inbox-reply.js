// The box for an answer: nothing typed is lost, saved replies go in at the caret, Ctrl and Enter send.
const KEPT = "answer-";
const pane = document.getElementById("conversation");

const box = () => pane.querySelector("#reply_text");
const key = () => KEPT + pane.querySelector("[data-talk]")?.dataset.talk;
const noteKey = (area) => `note-${pane.querySelector("[data-talk]")?.dataset.talk}-${area.name}`;

function keep(area) {
  const name = area.id === "reply_text" ? key() : noteKey(area);
  if (area.value.trim()) sessionStorage.setItem(name, area.value);
  else sessionStorage.removeItem(name);
}

function restore() {
  const areas = [...pane.querySelectorAll("#reply_text, #talk-notes textarea")];
  for (const area of areas) {
    const kept = sessionStorage.getItem(area.id === "reply_text" ? key() : noteKey(area));
    if (!kept || area.value.trim()) continue;
    area.value = kept;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function insert(text) {
  const area = box();
  area.focus();
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

// What a draft is made from: the message that is answered, else the last one of somebody else.
function draftFor(message) {
  const theirs = [...pane.querySelectorAll(".say:not([data-ours])")].filter((one) => one.querySelector(".say__text > p"));
  const say = pane.querySelector(`#say-${message || 0}`) || theirs.at(-1);
  const from = (name) => pane.querySelector(`[name="ai-${name}"]`);
  if (!say || !from("message")) return;
  from("message").value = say.querySelector(".say__text > p").textContent;
  from("author").value = say.querySelector(".say__by > strong").textContent;
}

function answerTo(message, name) {
  pane.querySelector("[data-answer-message]").value = message;
  pane.querySelector("[data-answer-quote]").hidden = !message;
  pane.querySelector("[data-answer-who]").textContent = name;
  draftFor(message);
  box().focus();
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("#reply_text, #talk-notes textarea")) keep(event.target);
});

document.addEventListener("click", (event) => {
  const saved = event.target.closest("[data-insert]");
  const to = event.target.closest("[data-answer-to]");
  const last = event.target.closest("[data-answer-last]");
  if (!box() || !(saved || to || last)) return;
  event.preventDefault();
  if (saved) {
    saved.closest("[popover]")?.hidePopover();
    insert(saved.dataset.insert);
  } else if (to) answerTo(to.dataset.answerTo, to.dataset.answerName);
  else answerTo("", "");
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "reply_text") return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    event.target.form.requestSubmit(pane.querySelector("[data-send]"));
  } else if (event.key === "Escape") event.target.blur();
});

// What was accepted is no draft any more; a refused text stays.
document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig?.elt;
  if (event.detail.xhr.status !== 200 || !form?.matches?.("form")) return;
  if (form.matches("[data-answer]")) sessionStorage.removeItem(key());
  if (form.closest("#talk-notes")) sessionStorage.removeItem(noteKey({ name: "text" }));
});
document.addEventListener("htmx:afterSwap", restore);
restore();
