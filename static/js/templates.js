// The dialog of templates in the composer: Enter uses the template; what it brought is kept like anything typed.
const form = document.getElementById("composer");
const dialog = document.getElementById("template-dialog");

dialog.addEventListener("keydown", (event) => {
  const button = dialog.querySelector("button[name=template]");
  if (event.key !== "Enter" || !button || !event.target.matches("input")) return;
  event.preventDefault();
  form.requestSubmit(button);
});
if ("templateUsed" in dialog.dataset) form.dispatchEvent(new Event("input", { bubbles: true }));
