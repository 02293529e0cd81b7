// Draws each <div data-chart="id"> from the JSON in <script type="application/json" id="id">:
// { "x": [epoch seconds of days], "series": [{ "label": "owner/name", "values": [nanos] }] }. Bars are stacked in the order given;
// "shape": "lines" draws lines, which have gaps where a value is null. "unit": "ms", "%", "calls" or "tokens"; without it values are
// nanos. "axis" says beside the axis what its numbers are.
import uPlot from "uplot";
import { dollars } from "./money.js";

const COUNTED = ["calls", "tokens"];
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const NUMBER = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

function written(value, unit) {
  if (value == null) return "–";
  if (!unit) return dollars(value);
  if (COUNTED.includes(unit)) return Math.round(value).toLocaleString("en-US");
  if (unit === "%") return `${value.toLocaleString("en-US", { maximumFractionDigits: 2 })}\u00a0%`;
  return value >= 1000 ? `${NUMBER.format(value / 1000)}\u00a0s` : `${NUMBER.format(value)}\u00a0ms`;
}

// An axis has little room.
function tick(value, unit) {
  return COUNTED.includes(unit) && value >= 1e6 ? COMPACT.format(value) : written(value, unit);
}

// There is no half a call.
const WHOLE = Array.from({ length: 15 }, (_, i) => [1, 2, 5].map((step) => step * 10 ** i)).flat();

function day(seconds) {
  return new Date(seconds * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
}

function token(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

// uPlot paints over, so the tallest running total goes first.
function stacked(series) {
  const totals = [];
  const running = series[0]?.values.map(() => 0) ?? [];
  for (const one of series) totals.push(one.values.map((value, i) => (running[i] += value)));
  return totals;
}

function draw(host) {
  const { x, series, shape, unit, axis: beside } = JSON.parse(document.getElementById(host.dataset.chart).textContent);
  const lines = shape === "lines";
  const totals = lines ? series.map((one) => one.values) : stacked(series);
  const order = lines ? series.map((_, i) => i) : series.map((_, i) => i).reverse();
  const shade = (i) => token(`--share-${Math.min(i + 1, 5)}`);
  const ink = token("--ink-soft");
  const line = token("--line");
  const font = `13px ${getComputedStyle(host).fontFamily}`;
  const axis = { stroke: ink, font, ticks: { show: false }, grid: { stroke: line, width: 1 } };

  host.replaceChildren();
  return new uPlot(
    {
      width: host.clientWidth,
      height: 240,
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { range: (_, min, max) => [min - 43_200, max + 43_200] }, y: { range: (_, __, max) => (unit === "%" ? [0, 105] : [0, Math.max(max ?? 0, unit === "ms" ? 0.1 : unit ? 4 : 1) * 1.1]) } },
      axes: [
        { ...axis, grid: { show: false }, size: 30, space: 64, incrs: [1, 2, 3, 7, 14, 28, 56, 112].map((days) => days * 86_400), values: "{D} {MMM}", ...(beside && { label: "Day (UTC)", labelFont: font, labelSize: 22 }) },
        { ...axis, size: unit ? 64 : 88, ...(COUNTED.includes(unit) && { incrs: WHOLE }), ...(beside && { label: beside, labelFont: font, labelSize: 22 }), values: (_, splits) => splits.map((value) => tick(value, unit)) },
      ],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      series: [
        { label: "Day", value: (_, seconds) => (seconds == null ? lines ? "point at a day" : "point at a bar" : day(seconds)) },
        ...order.map((i) => ({
          label: series[i].label,
          ...(lines
            ? { stroke: shade(i * 2), width: 2, dash: i ? [6, 4] : [], points: { show: true, size: 6, fill: shade(i * 2) } }
            : { fill: shade(i), stroke: shade(i), width: 0, paths: uPlot.paths.bars({ size: [0.7, 48], gap: 1 }), points: { show: false } }),
          value: (_, __, ___, at) => (at == null ? "" : written(series[i].values[at], unit)),
        })),
      ],
    },
    [x, ...order.map((i) => totals[i])],
    host,
  );
}

for (const host of document.querySelectorAll("[data-chart]")) {
  let plot = draw(host);
  const redraw = () => {
    plot.destroy();
    plot = draw(host);
  };
  addEventListener("themechange", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: 240 })).observe(host);
}
