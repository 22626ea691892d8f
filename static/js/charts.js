// Draws each chart from the table under it; the table stays for people and machines.
// Chart.js comes as a classic script before this module.
import "./picker.js";

const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const shares = new Set(["engagement_rate"]);
const bars = new Set(["posts", "new_followers"]);
const probe = document.createElement("span");
const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const drawn = new Map();

// A token of the sheet as Chart.js understands it, in whichever theme is on.
function ink(token, alpha = 1) {
  probe.style.color = token.startsWith("--") ? `var(${token})` : token;
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = getComputedStyle(probe).color;
  pixel.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pixel.getImageData(0, 0, 1, 1).data;
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

function words(value, name) {
  if (value === null) return "–";
  if (shares.has(name)) return `${(value * 100).toFixed(1)} %`;
  return new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 }).format(value);
}

function ticks(value, name) {
  if (shares.has(name)) return `${(value * 100).toFixed(1)} %`;
  return new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" }).format(value);
}

function number(cell) {
  return cell?.dataset.value === undefined ? null : Number(cell.dataset.value);
}

// What a table says: a label for each row, and one series for each column that is wanted.
function read(table, wanted) {
  const rows = [...table.tBodies[0].rows].filter((row) => !row.hasAttribute("data-chart-skip"));
  const heads = [...table.tHead.rows[0].cells];
  const columns = heads.filter((head) => head.dataset.column && (wanted === null || head.dataset.column === wanted));
  return {
    labels: rows.map((row) => row.cells[0].textContent.trim().split("\n")[0].split(",")[0]),
    series: columns.map((head) => ({
      name: head.dataset.column,
      label: head.textContent.trim(),
      colour: head.dataset.colour ?? "--accent",
      values: rows.map((row) => number(row.cells[head.cellIndex])),
    })),
  };
}

function dataset(one, kind, count) {
  const colour = ink(one.colour);
  const solid = kind === "bar" || (kind === "line" && bars.has(one.name));
  return {
    type: solid ? "bar" : "line",
    label: one.label,
    data: one.values,
    borderColor: colour,
    backgroundColor: solid ? ink(one.colour, 0.85) : ink(one.colour, 0.12),
    fill: kind === "line" && !solid,
    borderWidth: solid ? 0 : 2,
    borderRadius: solid ? 4 : 0,
    maxBarThickness: 36,
    pointRadius: count > 40 ? 0 : 2.5,
    pointHitRadius: 12,
    pointBackgroundColor: colour,
    tension: 0.25,
    cubicInterpolationMode: "monotone",
    spanGaps: true,
  };
}

function options(kind, name, series) {
  const soft = ink("--soft");
  const line = ink("--line");
  const across = kind === "bar";
  const values = {
    beginAtZero: name !== "followers" || across,
    grace: "4%",
    border: { display: false },
    grid: { color: line },
    ticks: { color: soft, maxTicksLimit: 6, callback: (value) => ticks(value, name) },
  };
  const labels = {
    border: { color: line },
    grid: { display: false },
    ticks: { color: soft, maxRotation: 0, autoSkipPadding: 16, autoSkip: !across },
  };
  return {
    indexAxis: across ? "y" : "x",
    responsive: true,
    maintainAspectRatio: false,
    animation: still ? false : { duration: 150 },
    interaction: { mode: "index", intersect: false, axis: across ? "y" : "x" },
    scales: across ? { x: values, y: labels } : { x: labels, y: values },
    plugins: {
      legend: { display: series.length > 1, labels: { color: ink("--ink"), usePointStyle: true, boxHeight: 6 } },
      tooltip: {
        backgroundColor: ink("--ink"),
        titleColor: ink("--surface"),
        bodyColor: ink("--surface"),
        displayColors: series.length > 1,
        callbacks: {
          label: (item) => `${item.dataset.label}: ${words(across ? item.parsed.x : item.parsed.y, name)}`,
        },
      },
    },
  };
}

// Which column is looked at: the one that is marked, where this table has it.
function chosen(table) {
  const marked = document.querySelector("[data-chart-column][aria-current]")?.dataset.chartColumn;
  const names = [...table.tHead.rows[0].cells].map((head) => head.dataset.column).filter(Boolean);
  return names.includes(marked) ? marked : names.includes("views") ? "views" : names[0];
}

function draw(figure) {
  const kind = figure.dataset.chart;
  const table = figure.querySelector("[data-chart-table]");
  const place = figure.querySelector("[data-chart-place]");
  const empty = figure.querySelector("[data-chart-empty]");
  if (!table || !place) return;
  const name = kind === "growth" ? figure.dataset.metric : chosen(table);
  const { labels, series } = read(table, kind === "growth" ? null : name);
  const isKnown = series.some((one) => one.values.some((value) => value !== null));
  place.hidden = !isKnown;
  if (empty) empty.hidden = isKnown;
  drawn.get(figure)?.destroy();
  drawn.delete(figure);
  if (!isKnown) return;
  const canvas = place.querySelector("canvas");
  canvas.dataset.words ??= canvas.getAttribute("aria-label");
  canvas.setAttribute("aria-label", `${series.map((one) => one.label).join(", ")}. ${canvas.dataset.words}`);
  if (kind === "bar") place.style.height = `${Math.max(labels.length, 2) * 30 + 40}px`;
  const data = { labels, datasets: series.map((one) => dataset(one, kind, labels.length)) };
  drawn.set(figure, new Chart(canvas, { data, type: "line", options: options(kind, name, series) }));
}

function drawAll() {
  document.body.append(probe);
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  document.querySelectorAll("[data-chart]").forEach(draw);
  probe.remove();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-chart-column]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  for (const other of link.parentElement.querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  history.replaceState(history.state, "", link.href);
  drawAll();
});

drawAll();
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
