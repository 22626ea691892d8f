// On a phone the month is a list that starts on the first: open it at today.
const narrow = matchMedia("(width <= 45rem)");
if (narrow.matches && !location.hash) document.querySelector(".month > [data-today]")?.scrollIntoView();
