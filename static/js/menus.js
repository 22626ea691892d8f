// Menus are popovers. Arrow keys walk through them; where a browser cannot anchor, they are put below their button.
const GAP = 6;
const anchors = CSS.supports("position-area", "block-end");

function items(menu) {
  return [...menu.querySelectorAll("a, button")].filter((item) => !item.disabled && item.offsetParent);
}

function place(menu) {
  const button = document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
  if (!button) return;
  const from = button.getBoundingClientRect();
  const own = menu.getBoundingClientRect();
  const below = from.bottom + GAP + own.height <= innerHeight;
  menu.style.margin = "0";
  menu.style.left = `${Math.max(8, Math.min(from.left, innerWidth - own.width - 8))}px`;
  menu.style.top = `${Math.max(8, below ? from.bottom + GAP : from.top - GAP - own.height)}px`;
}

document.addEventListener(
  "toggle",
  (event) => {
    if (event.newState === "open" && event.target.matches?.(".menu") && !anchors) place(event.target);
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const menu = event.target.closest?.(".menu:popover-open, .sheet:popover-open") ?? opened(event.target);
  if (!step || !menu || event.target.matches("input, select, textarea")) return;
  const all = items(menu);
  const now = all.indexOf(document.activeElement);
  all[(now + step + all.length + (now < 0 && step < 0 ? 1 : 0)) % all.length]?.focus();
  event.preventDefault();
});

function opened(button) {
  const menu = document.getElementById(button.getAttribute?.("popovertarget"));
  return menu?.matches(":popover-open") ? menu : null;
}
