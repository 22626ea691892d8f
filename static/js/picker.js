// A panel of choices is closed by a press beside it, or by Escape.
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.picker[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && event.target.closest?.("details.picker[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
