// `data-dialog="id"` opens a <dialog>, `data-dialog-close` closes it; so does a press beside it.
// A dialog that htmx swaps in and that carries `data-dialog-auto` opens by itself.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    opener.closest("[popover]")?.hidePopover();
    document.getElementById(opener.dataset.dialog)?.showModal();
    event.preventDefault();
    return;
  }
  const closer = event.target.closest("[data-dialog-close]");
  if (closer) closer.closest("dialog").close();
});

document.addEventListener("pointerdown", (event) => {
  const dialog = event.target;
  if (!(dialog instanceof HTMLDialogElement) || !dialog.open || "dialogStay" in dialog.dataset) return;
  const box = dialog.getBoundingClientRect();
  const inside =
    event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside) dialog.close();
});

function openNew(root) {
  const found = root.querySelectorAll?.("dialog[data-dialog-auto]:not([open])") ?? [];
  for (const dialog of found) dialog.showModal();
}

document.addEventListener("htmx:load", (event) => openNew(event.target.parentElement ?? document));
openNew(document);
