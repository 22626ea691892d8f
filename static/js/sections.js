// Marks where we are in the rail and the bar.
export function markSection(name) {
  for (const link of document.querySelectorAll("a[data-section]")) {
    if (link.dataset.section === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

markSection(document.body.dataset.section?.trim());
