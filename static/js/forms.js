// A pressed button answers at once and cannot be pressed twice; a refused form takes the eye to its first fault;
// passwords can be looked at.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.matches("[data-theme-form], [method=dialog], [hx-post], [hx-get]")) return;
  const button = event.submitter;
  if (button?.matches(".button")) setTimeout(() => button.setAttribute("aria-busy", "true"));
  event.target.dataset.sent = "";
});
document.addEventListener(
  "submit",
  (event) => {
    if ("sent" in event.target.dataset) event.preventDefault();
  },
  true,
);
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll('.button[aria-busy="true"]')) button.removeAttribute("aria-busy");
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.xhr?.status === 422) event.target.querySelector("[aria-invalid=true]")?.focus();
});
document.querySelector("main [aria-invalid=true]")?.focus();

for (const button of document.querySelectorAll("[data-reveal]")) button.hidden = false;
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reveal]");
  if (!button) return;
  const input = document.getElementById(button.dataset.reveal);
  const shown = input.type === "text";
  input.type = shown ? "password" : "text";
  button.setAttribute("aria-pressed", String(!shown));
});
