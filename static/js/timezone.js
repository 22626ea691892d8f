// Chooses the browser's own time zone in a select that asks for it, as long as the person has chosen nothing.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

for (const select of document.querySelectorAll('select[data-guess="timezone"]')) {
  const known = [...select.options].some((option) => option.value === zone);
  if (known && select.value === "UTC") select.value = zone;
}
