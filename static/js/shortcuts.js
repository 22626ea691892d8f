// Keys for what a page offers: an element with data-shortcut="g h" is pressed by typing g, then h.
const PATIENCE = 900; // milliseconds between two keys of one shortcut
const KEPT = "single-keys";
const help = document.getElementById("shortcuts");
const choice = help?.querySelector("[data-single-keys]");
let typed = "";
let timer;

const allowed = () => localStorage.getItem(KEPT) !== "off";
const writing = (element) => element.closest("input, select, textarea, [contenteditable]");

// What is typed so far of a longer shortcut; nothing after one that was pressed, so that it can be pressed again.
function press(keys) {
  const elements = [...document.querySelectorAll("[data-shortcut]")];
  const element = elements.find((one) => one.dataset.shortcut === keys);
  element?.click();
  const isBegun = elements.some((one) => one.dataset.shortcut.startsWith(`${keys} `));
  return { isOurs: Boolean(element) || isBegun, kept: isBegun ? keys : "" };
}

document.addEventListener("keydown", (event) => {
  const busy = event.metaKey || event.ctrlKey || event.altKey || event.isComposing;
  if (busy || event.key.length !== 1 || writing(event.target) || document.querySelector("dialog[open]")) return;
  if (!allowed()) return;
  if (event.key === "?") {
    help?.showModal();
    return;
  }
  clearTimeout(timer);
  timer = setTimeout(() => (typed = ""), PATIENCE);
  const keys = `${typed} ${event.key.toLowerCase()}`.trim();
  const { isOurs, kept } = press(keys);
  typed = kept;
  if (isOurs) event.preventDefault();
});

if (choice) {
  choice.checked = allowed();
  choice.addEventListener("change", () => localStorage.setItem(KEPT, choice.checked ? "on" : "off"));
}
if (/Mac|iPhone|iPad/.test(navigator.userAgent)) {
  for (const key of document.querySelectorAll("[data-mod]")) key.textContent = "⌘";
}
