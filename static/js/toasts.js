// Says what was done: messages of the page, `toast` events, and requests that failed.
const READ = 6000; // milliseconds; errors stay until they are closed
const DECIDE = 20000; // where something can be undone
const box = document.getElementById("toasts");

export function toast({ kind = "info", text }) {
  const drawn = document.getElementById("toast").content.querySelector(`[data-kind="${CSS.escape(kind)}"]`);
  const element = drawn.cloneNode(true);
  element.querySelector("p").textContent = text;
  box.append(element);
}

function leave(element) {
  element.dataset.leaving = "";
  setTimeout(() => element.remove(), 200);
}

function live(element) {
  if (element.dataset.kind === "error" || element.dataset.kind === "warning") return;
  const time = element.querySelector("form") ? DECIDE : READ;
  let timer = setTimeout(leave, time, element);
  element.addEventListener("pointerenter", () => clearTimeout(timer));
  element.addEventListener("focusin", () => clearTimeout(timer));
  element.addEventListener("pointerleave", () => (timer = setTimeout(leave, time, element)));
}

if (box) {
  box.querySelectorAll(".toast").forEach(live);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node.nodeType === Node.ELEMENT_NODE) live(node);
    }
  }).observe(box, { childList: true });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-toast-close]");
    if (button) leave(button.closest(".toast"));
  });
  document.addEventListener("toast", (event) => toast(event.detail));
  document.addEventListener("htmx:sendError", () => toast({ kind: "error", text: box.dataset.offline }));
  document.addEventListener("htmx:timeout", () => toast({ kind: "error", text: box.dataset.offline }));
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    toast({ kind: "error", text: status >= 500 ? box.dataset.failed : box.dataset.refused });
  });
}
