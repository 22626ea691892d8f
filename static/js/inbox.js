// The list of conversations: which one is open, walking through it, ticking, filters that work at once.
const inbox = document.querySelector("[data-inbox]");
const list = document.getElementById("talks");
const pane = document.getElementById("conversation");
const narrow = matchMedia("(width <= 45rem)");

export const rows = () => [...list.querySelectorAll(".talk")];
export const openRow = () => list.querySelector(".talk:has([aria-current])");

function show(pk) {
  inbox.toggleAttribute("data-open", Boolean(pk));
  if (pk) inbox.dataset.open = pk;
  for (const row of rows()) {
    const link = row.querySelector("a");
    if (row.id === `talk-${pk}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

// To what was written last: in its frame, and on a phone in the page.
function toBottom() {
  const frame = pane.querySelector("[data-thread-frame]");
  if (frame) frame.scrollTop = frame.scrollHeight;
  if (narrow.matches) pane.querySelector("#answer")?.scrollIntoView({ block: "end" });
}

function step(by) {
  const all = rows();
  const at = all.indexOf(openRow());
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
  next?.querySelector("a").click();
  next?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  if (button) step(Number(button.dataset.step));
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
  if (event.target.matches("[data-filters] :is(select, [type=checkbox])")) event.target.form.requestSubmit();
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== pane) return;
  const talk = pane.querySelector("[data-talk]");
  show(talk?.dataset.talk);
  toBottom();
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.detail.elt.matches("[data-answer]")) toBottom();
});

// What is swapped in place of a row does not know that the row is ticked.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const old = event.detail.target;
  if (!old?.matches?.(".talk")) return;
  const fresh = event.detail.fragment.querySelector?.(".talk input") ?? event.detail.fragment.firstElementChild?.querySelector("input");
  if (fresh && old.querySelector("input")?.checked) fresh.checked = true;
});

for (const buttons of document.querySelectorAll("[data-steps]")) buttons.hidden = false;
toBottom();
