// The composer: asks the server to check while somebody types, keeps drafts, shows the cards of chosen accounts.
const form = document.getElementById("composer");
const QUIET = 2500; // milliseconds without typing before a draft is kept
const bar = form.querySelector(".composer__bar");
let timer;
let saving = false;
let dirty = false;
let leaving = false;
let waiting = null;

function announce(name) {
  form.dispatchEvent(new CustomEvent(name));
}

function changed() {
  dirty = true;
  announce("check");
  clearTimeout(timer);
  if (form.dataset.drafts === "on") timer = setTimeout(keep, QUIET);
}

function keep() {
  if (!saving && !leaving && dirty && form.dataset.drafts === "on") announce("autosave");
}

function showChosen() {
  const chosen = new Set([...form.querySelectorAll("input[name=accounts]:checked")].map((box) => box.value));
  for (const card of form.querySelectorAll("[data-account]")) card.hidden = !chosen.has(card.dataset.account);
}

function showPlan() {
  const planned = Boolean(form.elements.date.value && form.elements.time.value);
  bar.toggleAttribute("data-planned", planned);
}

// Options that this kind of post does not have, or that mean nothing without another one, step aside.
function showOptions() {
  for (const card of form.querySelectorAll(".share")) {
    const kind = card.querySelector(".share__kind")?.dataset.kind;
    for (const option of card.querySelectorAll(".option")) {
      const kinds = option.dataset.kinds.split(" ").filter(Boolean);
      const other = option.dataset.with && form.elements[option.dataset.with];
      const filled = !other || (other.type === "checkbox" ? other.checked : other.value.trim() !== "");
      option.hidden = (kind !== undefined && kinds.length > 0 && !kinds.includes(kind)) || !filled;
    }
  }
}

function startOwnText(box) {
  const field = box.closest(".share").querySelector(".share__text textarea");
  if (box.checked && !field.value) field.value = form.elements.text.value;
  if (box.checked) field.focus();
}

form.addEventListener("input", (event) => {
  if (event.target.name === "pane" || event.target.type === "file") return;
  if (event.target.name === "accounts") showChosen();
  if (event.target.name === "date" || event.target.name === "time") showPlan();
  if (event.target.matches("[data-own]")) startOwnText(event.target);
  if (event.target.closest(".option")) showOptions();
  changed();
});
form.addEventListener("tray", changed);
form.addEventListener("change", (event) => {
  if (event.target.name === "pane") form.dataset.pane = event.target.value;
});

// A draft on its way is waited for, so that an older state never arrives after a newer one.
form.addEventListener("submit", (event) => {
  clearTimeout(timer);
  if (saving) {
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting = event.submitter;
    waiting?.setAttribute("aria-busy", "true");
    return;
  }
  leaving = true;
});

const keeper = document.getElementById("autosave");
keeper.addEventListener("htmx:beforeRequest", () => {
  saving = true;
  dirty = false;
});
keeper.addEventListener("htmx:afterRequest", (event) => {
  saving = false;
  if (!event.detail.successful) dirty = true;
  if (waiting) {
    const button = waiting;
    waiting = null;
    button.removeAttribute("aria-busy");
    form.requestSubmit(button);
  } else if (dirty) {
    timer = setTimeout(keep, QUIET);
  }
});

// What has not changed is not drawn again: nothing jumps, and screen readers are not disturbed.
document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
  const old = event.detail.target;
  const fresh = event.detail.fragment.firstElementChild;
  if (fresh && old.innerHTML.trim() === fresh.innerHTML.trim()) event.detail.shouldSwap = false;
});

document.body.addEventListener("htmx:oobAfterSwap", showOptions);
document.body.addEventListener("htmx:afterSettle", showOptions);

window.addEventListener("beforeunload", (event) => {
  if (dirty && !leaving) event.preventDefault();
});
window.addEventListener("pageshow", () => {
  leaving = false;
  showChosen();
  showPlan();
  showOptions();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !form.contains(event.target)) return;
  event.preventDefault();
  const action = bar.hasAttribute("data-planned") ? "schedule" : "publish";
  form.requestSubmit(form.querySelector(`button.button[value="${action}"]`));
});
