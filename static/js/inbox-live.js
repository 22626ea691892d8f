// New messages appear by themselves: asks every few seconds, and merges what changed without moving what is read.
import { openRow, rows } from "./inbox.js";

const EVERY = 4000; // milliseconds
const SLOWEST = 60_000; // where the server does not answer
const inbox = document.querySelector("[data-inbox]");
const list = document.getElementById("talks");
const frame = inbox.querySelector(".inbox__list");
const said = inbox.querySelector("[data-live]");
const fresh = inbox.querySelector("[data-fresh]");
const parser = new DOMParser();
const leaving = new Set(); // rows that fit no longer, and are still open or ticked
const held = new Map(); // rows that wait until nobody is in the list
let since = inbox.dataset.since;
let wait = EVERY;
let timer;

const reading = () => frame.matches(":hover") || frame.scrollTop > 40 || list.contains(document.activeElement);
const at = (row) => Number(row.dataset.at);

// In place, with its tick and its mark as the open one; moved only if its time changed.
function replace(old, row) {
  row.querySelector("input")?.toggleAttribute("checked", Boolean(old.querySelector("input")?.checked));
  if (old.querySelector("[aria-current]")) row.querySelector("a").setAttribute("aria-current", "true");
  const focused = old.contains(document.activeElement) ? document.activeElement.tagName : "";
  old.replaceWith(row);
  window.htmx?.process(row);
  if (focused) row.querySelector(focused.toLowerCase())?.focus();
}

function put(row) {
  const old = document.getElementById(row.id);
  if (old && (at(old) === at(row) || reading())) {
    if (at(old) !== at(row)) held.set(row.id, row.cloneNode(true));
    replace(old, row);
  } else if (!old && reading()) held.set(row.id, row);
  else place(row, old);
}

// Among the others by its time, and not below the last that is loaded.
function place(row, old) {
  if (old) replace(old, row);
  const others = rows().filter((other) => other !== row);
  const next = others.find((other) => at(other) <= at(row));
  const more = list.querySelector(".talks__more");
  if (!next && more && !old) return;
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  list.insertBefore(row, next ?? more);
  if (!old) window.htmx?.process(row);
  focused?.focus();
}

function tell() {
  fresh.hidden = held.size === 0;
  fresh.querySelector("span").textContent = fresh.dataset.word.replace("%d", held.size);
}

function release() {
  for (const row of held.values()) place(row, document.getElementById(row.id));
  held.clear();
  tell();
}

function remove(pk) {
  held.delete(`talk-${pk}`);
  const row = document.getElementById(`talk-${pk}`);
  if (row && (row === openRow() || row.querySelector(":checked"))) leaving.add(pk);
  else {
    leaving.delete(pk);
    row?.remove();
  }
}

async function showThread() {
  const thread = document.getElementById("thread");
  if (!thread || thread.matches("[hx-trigger]")) return;
  const box = document.querySelector("[data-thread-frame]");
  const below = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  await window.htmx.ajax("GET", thread.dataset.threadUrl, { target: "#thread", swap: "outerHTML" });
  if (below) box.scrollTop = box.scrollHeight;
}

function counted(number) {
  for (const count of document.querySelectorAll("[data-inbox-count]")) {
    count.hidden = number === 0;
    count.firstChild.textContent = number;
  }
}

async function ask() {
  const url = new URL(inbox.dataset.news, location.href);
  url.searchParams.set("since", since);
  const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" }, redirect: "error" });
  if (answer.status === 204) return;
  if (!answer.ok) throw new Error(String(answer.status));
  const news = parser.parseFromString(await answer.text(), "text/html").querySelector("[data-since]");
  since = news.dataset.since;
  counted(Number(news.dataset.waiting));
  for (const pk of news.dataset.gone.split(" ").filter(Boolean)) remove(pk);
  const coming = [...news.querySelectorAll(".talk")];
  document.querySelector(".inbox__list .empty")?.toggleAttribute("hidden", coming.length > 0);
  for (const row of coming) {
    leaving.delete(row.id.slice("talk-".length));
    put(document.adoptNode(row));
  }
  tell();
  if (Number(news.dataset.arrived)) said.textContent = news.dataset.said;
  if (news.dataset.changed.split(" ").includes(inbox.dataset.open) && Number(news.dataset.arrived)) await showThread();
}

async function look() {
  clearTimeout(timer);
  try {
    if (!document.hidden) await ask();
    leaving.forEach(remove);
    wait = EVERY;
  } catch {
    wait = Math.min(wait * 2, SLOWEST);
  }
  timer = setTimeout(look, wait);
}

fresh.addEventListener("click", () => {
  release();
  frame.scrollTop = 0;
});
frame.addEventListener("pointerleave", () => reading() || release());
frame.addEventListener("scroll", () => reading() || release(), { passive: true });
document.addEventListener("visibilitychange", () => document.hidden || look());
timer = setTimeout(look, EVERY);
