// The composer's helper: answers stream into the suggestion, or straight into the field that they are for.
import { ask, put } from "./ai-stream.js";

const form = document.getElementById("composer");
const panel = document.getElementById("ai");
const said = document.getElementById("ai-said");
const answer = document.getElementById("ai-answer");
const state = document.getElementById("ai-state");
const problem = document.getElementById("ai-problem");
const changes = document.getElementById("ai-changes");
const suggestion = form.elements["ai-suggestion"];
const uses = document.getElementById("ai-uses");
const stop = panel.querySelector("[data-ai-stop]");
const cancel = said.querySelector("[data-ai-cancel]");
const undo = said.querySelector("[data-ai-undo]");
let running = null;
let takeBack = null;

function begin(button) {
  running?.abort();
  running = new AbortController();
  const body = new FormData(form, button);
  button.setAttribute("aria-busy", "true");
  return { body, signal: running.signal };
}

function end(button, control) {
  button.removeAttribute("aria-busy");
  if (running?.signal === control.signal) running = null;
}

// --- into the suggestion ---

function show(kind, words = "") {
  answer.dataset.state = kind;
  state.textContent = words;
  stop.hidden = kind !== "running";
  uses.hidden = kind !== "whole";
  suggestion.readOnly = kind === "running";
}

function list(element, rows) {
  element.replaceChildren(...rows);
}

function note(text) {
  const row = document.createElement("li");
  row.textContent = text;
  return row;
}

function changeRow(change) {
  const row = document.getElementById("ai-change-row").content.cloneNode(true).firstElementChild;
  const isAdvice = !change.before && !change.after;
  if (isAdvice) row.replaceChildren(note(change.why).firstChild);
  else {
    row.querySelector("del").textContent = change.before;
    row.querySelector("ins").textContent = change.after;
    row.querySelector("small").textContent = change.why;
  }
  return row;
}

// The text with the changes that are ticked, as the server would make it with all of them.
function improved(text, all) {
  const ticked = [...changes.querySelectorAll("input")];
  return all.reduce((better, change, number) => {
    if (!ticked[number]?.checked || (!change.before && !change.after)) return better;
    if (!change.before) return `${better.trimEnd()}\n\n${change.after}`;
    return better.replace(change.before, () => change.after);
  }, text);
}

function whole(result, original) {
  suggestion.value = result.text;
  document.getElementById("ai-by").textContent = result.is_ai ? `${state.dataset.by} ${result.by}` : state.dataset.builtIn;
  list(changes, result.changes.map(changeRow));
  list(document.getElementById("ai-notes"), result.notes.map(note));
  changes.onchange = () => (suggestion.value = improved(original, result.changes));
  show("whole");
}

async function suggest(button) {
  const control = begin(button);
  const original = form.elements.text.value;
  answer.hidden = false;
  problem.hidden = true;
  suggestion.value = document.getElementById("ai-by").textContent = "";
  list(changes, []);
  list(document.getElementById("ai-notes"), []);
  show("running", state.dataset.running);
  await ask(panel.dataset.url, control.body, control.signal, {
    delta: (text) => (suggestion.value += text),
    again: (reason) => {
      suggestion.value = "";
      state.textContent = reason;
    },
    done: (result) => whole(result, original),
    cancelled: () => show("cut", suggestion.value ? state.dataset.cancelled : said.dataset.cancelled),
    failed: (words) => {
      answer.hidden = !suggestion.value;
      show("cut", state.dataset.cut);
      problem.hidden = false;
      problem.querySelector("p").textContent = words || said.dataset.lost;
    },
  });
  end(button, control);
}

// --- into a field ---

function tell(words, { kind = "info", back = null, busy = false } = {}) {
  said.hidden = false;
  said.dataset.kind = kind;
  said.querySelector("[data-ai-words]").textContent = words;
  cancel.hidden = !busy;
  undo.hidden = !back;
  takeBack = back;
}

// The field that an answer is for; a card that is closed is opened, and its fields waited for.
async function fieldOf(value) {
  const [what, pk] = value.split("-");
  if (what === "alt_text") return form.elements[`picture-${pk}-alt_text`];
  const card = document.getElementById(`share-${pk}`);
  card.open = true;
  for (let wait = 0; wait < 50 && !form.elements[`share-${pk}-text`]; wait += 1) {
    await new Promise((done) => setTimeout(done, 100));
  }
  return form.elements[`share-${pk}-text`];
}

async function write(button) {
  const control = begin(button);
  tell(said.dataset.running, { busy: true });
  const field = await fieldOf(button.value);
  if (!field) return tell(said.dataset.lost, { kind: "error" });
  const own = field.closest(".share")?.querySelector("[data-own]");
  const before = { text: field.value, own: own?.checked };
  const restore = () => {
    if (own) own.checked = before.own;
    put(field, before.text);
  };
  if (own) own.checked = true;
  let text = "";
  await ask(panel.dataset.url, control.body, control.signal, {
    delta: (more) => (field.value = text += more),
    again: (reason) => {
      text = "";
      tell(reason, { busy: true });
    },
    done: (result) => {
      put(field, result.text);
      tell(result.notes.join(" ") || said.dataset.done, { back: restore });
      undo.focus();
    },
    cancelled: () => (restore(), tell(said.dataset.cancelled)),
    failed: (words) => (restore(), tell(words || said.dataset.lost, { kind: "error" })),
  });
  return end(button, control);
}

function use(what) {
  const text = form.elements.text;
  const fresh = suggestion.value.trim();
  answer.hidden = true;
  if (what === "discard") return text.focus();
  const joined = [text.value.trimEnd(), fresh].filter(Boolean).join("\n\n");
  const back = put(text, what === "replace" ? fresh : joined);
  tell(panel.querySelector(`[value="${what}"]`).textContent.trim(), { back });
  text.focus();
  return null;
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=ai]");
  if (!button) return;
  event.preventDefault();
  const { value } = button;
  if (["insert", "replace", "discard"].includes(value)) use(value);
  else if (value.includes("-")) write(button);
  else suggest(button);
});
for (const button of [stop, cancel]) button.addEventListener("click", () => running?.abort());
undo.addEventListener("click", () => {
  takeBack?.();
  said.hidden = true;
});
// What is typed to the helper is no change of the post.
panel.addEventListener("input", (event) => event.stopPropagation());
