// Pictures: picked, dropped or pasted, sent one after the other with progress, put in order by drag or button.
const picker = document.getElementById("uploads");
const form = picker.form;
const tray = document.getElementById("tray");
const lines = document.getElementById("uploading");
const template = document.getElementById("upload-line");
const place = form.dataset.place ?? "";
let queue = Promise.resolve();

function changed() {
  form.dispatchEvent(new CustomEvent("tray"));
}

// A file's line with its progress; it waits for those before it, and may be called off until it is there.
function announce(file) {
  const line = template.content.firstElementChild.cloneNode(true);
  const [name, progress, button] = line.children;
  name.textContent = file.name;
  progress.setAttribute("aria-label", file.name);
  const upload = { file, line, progress, request: new XMLHttpRequest(), isOff: false };
  button.addEventListener("click", () => {
    upload.isOff = true;
    upload.request.abort();
    line.remove();
  });
  lines.append(line);
  return upload;
}

function send({ file, line, progress, request, isOff }) {
  if (isOff) return Promise.resolve();
  return new Promise((done) => {
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
    };
    request.onerror = () => fail("");
    request.onloadend = () => {
      line.remove();
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
    toast("info", document.getElementById("upload-known").textContent);
    return;
  }
  tray[place ? "prepend" : "append"](item);
  window.htmx.process(item);
  changed();
}

function fail(name) {
  const { failed } = document.getElementById("toasts").dataset;
  toast("error", name ? `${name}: ${failed}` : failed);
}

function toast(kind, text) {
  document.dispatchEvent(new CustomEvent("toast", { detail: { kind, text } }));
}

function take(files) {
  for (const upload of [...files].map(announce)) queue = queue.then(() => send(upload));
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
