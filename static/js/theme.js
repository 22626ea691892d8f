// Light, dark, or as the system has it: at once here, and kept by the server in a cookie.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-form]")) return;
  event.preventDefault();
  const { value } = event.submitter;
  const answer = new FormData(event.target, event.submitter);
  if (value) document.documentElement.dataset.theme = value;
  else delete document.documentElement.dataset.theme;
  for (const button of document.querySelectorAll("[data-theme-form] button")) {
    button.setAttribute("aria-pressed", String(button.value === value));
  }
  fetch(event.target.action, { method: "POST", body: answer, redirect: "manual" });
});
