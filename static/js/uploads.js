// Pictures: picked, dropped or pasted, sent one after the other with progress, put in order by drag or button.
const picker = document.getElementById("uploads");
const form = picker.form;
const tray = document.getElementById("tray");
const progress = document.getElementById("upload-progress");
const place = form.dataset.place ?? "";
let queue = Promise.resolve();
let open = 0;

function changed() {
  form.dispatchEvent(new CustomEvent("tray"));
}

function send(file) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file);
    body.append("place", place);
    request.open("POST", form.dataset.upload);
    request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
    request.setRequestHeader("HX-Request", "true");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) progress.value = (100 * event.loaded) / event.total;
    };
    request.onload = () => {
      if (request.status === 200 || request.status === 422) add(request.responseText);
      else fail(request.status === 413 ? file.name : "");
      done();
    };
    request.onerror = () => {
      fail("");
      done();
    };
    request.send(body);
  });
}

function add(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  const item = holder.content.firstElementChild;
  const twin = item.dataset.picture && tray.querySelector(`[data-picture="${CSS.escape(item.dataset.picture)}"]`);
  if (twin) {
    twin.scrollIntoView({ block: "nearest" });
    return;
  }
  tray[place ? "prepend" : "append"](item);
  window.htmx.process(item);
  changed();
}

function fail(name) {
  const { failed } = document.getElementById("toasts").dataset;
  const text = name ? `${name}: ${failed}` : failed;
  document.dispatchEvent(new CustomEvent("toast", { detail: { kind: "error", text } }));
}

function take(files) {
  for (const file of files) {
    open += 1;
    progress.hidden = false;
    queue = queue.then(() => send(file)).then(() => {
      open -= 1;
      progress.hidden = open === 0;
      progress.value = 0;
    });
  }
}

picker.addEventListener("change", (event) => {
  event.stopPropagation();
  take([...picker.files]);
  picker.value = "";
});
form.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length || event.clipboardData.types.includes("text/plain")) return; // texts may bring a picture of themselves
  event.preventDefault();
  take(files);
});

const zone = document.getElementById("editor") ?? form;
function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}
for (const name of ["dragenter", "dragover"]) {
  form.addEventListener(name, (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    zone.dataset.drop = "";
  });
}
form.addEventListener("dragleave", (event) => {
  if (!form.contains(event.relatedTarget)) delete zone.dataset.drop;
});
form.addEventListener("drop", (event) => {
  delete zone.dataset.drop;
  if (!holdsFiles(event)) return;
  event.preventDefault();
  take([...event.dataTransfer.files]);
});

tray.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const item = event.target.closest(".tray__item");
  if (!button || !item) return;
  if (button.name === "remove" || "dismiss" in button.dataset) {
    event.preventDefault();
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    (next?.querySelector("button") ?? picker).focus();
    changed();
  } else if (button.dataset.move) {
    const pictures = [...tray.querySelectorAll("[data-picture]")];
    const forward = button.dataset.move === "1";
    const other = pictures[pictures.indexOf(item) + (forward ? 1 : -1)];
    if (!other) return;
    other[forward ? "after" : "before"](item);
    button.focus();
    changed();
  }
});

let dragged = null;
tray.addEventListener("dragstart", (event) => {
  dragged = event.target.closest("[data-picture]");
  if (dragged) event.dataTransfer.effectAllowed = "move";
});
tray.addEventListener("dragover", (event) => {
  const over = event.target.closest("[data-picture]");
  if (!dragged || !over || over === dragged) return;
  event.preventDefault();
  const box = over.getBoundingClientRect();
  over[event.clientX < box.left + box.width / 2 ? "before" : "after"](dragged);
});
tray.addEventListener("dragend", () => {
  if (dragged) changed();
  dragged = null;
});
