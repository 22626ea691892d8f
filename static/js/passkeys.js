// Passkeys are offered where the browser has them; what goes wrong with one is said in words beside its button.
if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("[data-passkey-form]")) form.hidden = false;
}

document.addEventListener("allauth.error", (event) => {
  if (!event.detail.tags.includes("webauthn")) return;
  event.preventDefault();
  const place = document.querySelector("[data-passkey-error]");
  const sentences = { SecurityError: place.dataset.insecure, InvalidStateError: place.dataset.known };
  const unusable = !window.PublicKeyCredential && place.dataset.insecure;
  place.textContent = unusable || sentences[event.detail.exception.name] || place.dataset.refused;
  place.hidden = false;
});
