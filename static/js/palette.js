// The command palette on mod+K: everything that the page's rail and menus offer, by name.
const palette = document.getElementById("palette");
const input = palette?.querySelector("input");
const list = palette?.querySelector("[role=listbox]");
const none = palette?.querySelector(".palette__none");
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const SOURCES = [
  ".rail [data-shortcut]",
  "main [data-command]",
  "#you > a, #you > button, #you > form:last-child > button",
  "[data-command]",
];
let commands = [];
let chosen = 0;

function words(source) {
  const nodes = [...source.childNodes].filter(
    (node) => node.nodeType === Node.TEXT_NODE || node.matches("span:not([class])"),
  );
  return nodes.map((node) => node.textContent).join("");
}

function collect() {
  const seen = new Set();
  const sources = SOURCES.flatMap((selector) => [...document.querySelectorAll(selector)]);
  return sources.flatMap((source) => {
    const icon = source.querySelector("svg");
    const name = (source.dataset.command ?? words(source)).trim();
    if (!name || seen.has(name) || source.getAttribute("aria-current") === "true") return [];
    seen.add(name);
    return [{ name, icon, source, keys: source.dataset.shortcut ?? "" }];
  });
}

function option({ name, icon, keys }, index) {
  const element = document.createElement("div");
  element.id = `palette-${index}`;
  element.role = "option";
  if (icon) {
    element.append(icon.cloneNode(true));
    element.firstChild.ariaHidden = "true";
  }
  element.append(name);
  if (keys) {
    const held = document.createElement("span");
    held.className = "keys";
    held.ariaHidden = "true";
    for (const key of keys.split(" ")) {
      const drawn = document.createElement("kbd");
      drawn.textContent = key.toUpperCase();
      held.append(drawn);
    }
    element.append(held);
  }
  return element;
}

function choose(index) {
  const options = [...list.children];
  chosen = options.length ? (index + options.length) % options.length : 0;
  options.forEach((one, at) => (one.ariaSelected = String(at === chosen)));
  options[chosen]?.scrollIntoView({ block: "nearest" });
  if (options.length) input.setAttribute("aria-activedescendant", options[chosen].id);
  else input.removeAttribute("aria-activedescendant");
}

function draw() {
  const typed = plain(input.value).split(/\s+/).filter(Boolean);
  const found = commands.filter(({ name }) => typed.every((word) => plain(name).includes(word)));
  list.replaceChildren(...found.map(option));
  [...list.children].forEach((element, index) => element.addEventListener("click", () => run(found[index])));
  none.hidden = found.length > 0;
  choose(0);
}

function run({ source }) {
  palette.close();
  source.click();
}

function open() {
  commands = collect();
  input.value = "";
  draw();
  palette.showModal();
  input.focus();
}

if (palette) {
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.metaKey || event.ctrlKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (palette.open) palette.close();
    else if (!document.querySelector("dialog[open]")) open();
  });
  input.addEventListener("input", draw);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") list.children[chosen]?.click();
    else return;
    event.preventDefault();
  });
}
