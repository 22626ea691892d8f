// A pressed button answers at once and cannot be pressed twice; a refused form takes the eye to its first fault;
// passwords can be looked at.
const PATIENCE = 8000; // milliseconds after which a form that led nowhere (a download) may be sent again

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.matches("[data-theme-form], [method=dialog], [hx-post], [hx-get]")) return;
  if (event.submitter?.matches(".button")) setTimeout(() => event.submitter.setAttribute("aria-busy", "true"));
  form.dataset.sent = "";
  setTimeout(release, PATIENCE);
});

function again(event) {
  if ("sent" in event.target.dataset) event.preventDefault();
}

function release() {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("form .button[aria-busy=true]")) button.removeAttribute("aria-busy");
}

document.addEventListener("submit", again, true);
window.addEventListener("pageshow", release);

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
