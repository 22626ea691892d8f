// The bell: asks every few seconds how much is unread, and puts the count wherever the page shows it.
const EVERY = 15_000; // milliseconds; a tab that nobody sees asks nothing
const bell = document.getElementById("bell");
const said = document.querySelector("[data-bell-said]");
let tag = "";
let asked = 0;

async function look() {
  if (document.hidden || Date.now() - asked < EVERY / 2) return;
  asked = Date.now();
  let answer;
  try {
    answer = await fetch(bell.dataset.bellCount, {
      headers: tag ? { "If-None-Match": tag } : {},
      cache: "no-store",
      redirect: "error",
    });
  } catch {
    return; // away; asked again soon
  }
  if (answer.status !== 200) return;
  const is_first = !tag;
  tag = answer.headers.get("ETag") ?? "";
  show(await answer.text(), is_first);
}

function show(html, is_first) {
  const drawn = document.createElement("template");
  drawn.innerHTML = html.trim();
  const before = count(document.querySelector("[data-bell] > .count"));
  for (const place of document.querySelectorAll("[data-bell]")) {
    place.querySelector(":scope > .count")?.remove();
    place.append(drawn.content.cloneNode(true));
  }
  if (is_first) return;
  if (count(drawn.content) > before) said.textContent = `${said.dataset.words}: ${drawn.content.textContent.trim()}`;
  document.body.dispatchEvent(new CustomEvent("bell"));
}

function count(place) {
  return parseInt(place?.textContent ?? "", 10) || 0;
}

if (bell) {
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
  look();
}
