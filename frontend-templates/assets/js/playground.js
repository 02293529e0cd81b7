// The playground of a model's page. It calls the public API with a short-lived key of its own, so a call here is the same call,
// charge and receipt as any program's.
import { dollars } from "./money.js";

const section = document.querySelector("[data-playground]");
const form = section.querySelector("[data-form]");
const facts = section.dataset;
const part = (name) => section.querySelector(`[data-${name}]`);
const STORE = "farthing.playground";
const MOST_TEXTS = 12;
const SHOWN_LABELS = 5;

// Told to the person as it is.
class Refused extends Error {}

const element = (name, text, attributes = {}) => {
  const made = document.createElement(name);
  made.textContent = text ?? "";
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const count = (number, noun) => `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;

// What it costs

const generates = facts.kind === "completion" || facts.kind === "chat";
const price = { input: BigInt(facts.perMillionInput), output: BigInt(facts.perMillionOutput), call: BigInt(facts.perCall), item: BigInt(facts.perItem) };

// The formula of the server's Price: rounded down, once.
function charge(input, output, items) {
  return Number((BigInt(input) * price.input + BigInt(output) * price.output) / 1_000_000n + price.call + BigInt(items) * price.item);
}

function texts() {
  const { input, system } = form.elements;
  if (facts.kind === "chat") return [system.value, input.value].filter((text) => text.trim());
  if (facts.kind !== "embedding") return input.value.trim() ? [input.value] : [];
  return input.value.split("\n").map((line) => line.trim()).filter(Boolean);
}

// Only the engine counts tokens. Two bytes a token is more than most models need; after a call it is known better.
let bytesInAToken = 2;
const bytes = (text) => new TextEncoder().encode(text).length;
const estimate = (text) => Math.ceil(bytes(text) / bytesInAToken);

function showCost() {
  const given = texts();
  const input = price.input ? given.reduce((sum, text) => sum + estimate(text), 0) : 0;
  const output = generates ? Math.max(0, Math.floor(form.elements.most.valueAsNumber) || 0) : 0;
  const items = generates ? 1 : given.length;
  const cost = charge(input, output, items);
  const units = [
    price.input && `about ${count(input, "token")} in (estimated)`,
    price.output && generates && `at most ${output.toLocaleString("en-US")} out`,
    price.item && !generates && count(items, "text"),
  ].filter(Boolean);
  const bounds = (price.output && generates ? "at most " : "") + (price.input ? "about " : "");
  part("cost").textContent = cost || units.length ? `Costs ${bounds}${dollars(cost)}${units.length ? `: ${units.join(", ")}` : ""}.` : "Costs nothing.";
}

// The key

function keptSecret() {
  try {
    const key = JSON.parse(sessionStorage.getItem(STORE));
    // Whoever signs in next in this tab must not spend the budget of whoever did before.
    return key?.viewer === facts.viewer && Date.parse(key.expiresAt) > Date.now() + 10_000 ? key.secret : null;
  } catch {
    return null;
  }
}

function keep(key) {
  try {
    if (key) sessionStorage.setItem(STORE, JSON.stringify({ ...key, viewer: facts.viewer }));
    else sessionStorage.removeItem(STORE);
  } catch {
    // Storage may be forbidden; then each call makes its key.
  }
}

async function request(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server did not answer. Check your connection and try again.");
  }
}

async function secret(signal) {
  const kept = keptSecret();
  if (kept) return kept;
  const response = await request("/keys/playground", { method: "POST", signal, headers: { Accept: "application/json", "X-Csrf-Token": facts.csrf } });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok || !answer.secret)
    throw new Refused(answer.detail ?? `The server answered ${response.status} when it was asked for a key. Reload the page and try again.`);
  keep({ secret: answer.secret, expiresAt: answer.expiresAt });
  return answer.secret;
}

async function call(path, body, signal, again = true) {
  const authorization = { Authorization: `Bearer ${await secret(signal)}` };
  const response = await request(path, {
    method: "POST",
    signal,
    headers: { ...authorization, "Content-Type": "application/json" },
    body: JSON.stringify({ model: facts.model, ...body }),
  });
  if (response.ok) return { response, authorization };
  const { error } = await response.json().catch(() => ({}));
  // Expired, revoked or used up: the key, not the person, is refused.
  if (again && (response.status === 401 || error?.code === "key_limit_reached")) {
    keep(null);
    return call(path, body, signal, false);
  }
  throw new Refused(error?.message ?? `The server answered ${response.status}. Try again.`);
}

// The calls, by kind

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line.startsWith("data: ")) yield line.slice(6);
  }
}

async function generate(signal) {
  const chat = facts.kind === "chat";
  const { system, input, most, temperature } = form.elements;
  const asked = chat
    ? { messages: [...(system.value.trim() ? [{ role: "system", content: system.value }] : []), { role: "user", content: input.value }] }
    : { prompt: input.value };
  const { response, authorization } = await call(
    chat ? "/v1/chat/completions" : "/v1/completions",
    { ...asked, max_tokens: most.valueAsNumber, temperature: temperature.valueAsNumber, stream: true, stream_options: { include_usage: true } },
    signal,
  );
  const receipt = response.headers.get("Farthing-Receipt");
  const shown = element("p", chat ? "" : input.value, { class: "answer soft" });
  const answer = shown.appendChild(element("span", "", { class: "answer-new", "data-text": "" }));
  part("answer").replaceChildren(shown);
  try {
    for await (const data of events(response)) {
      if (data === "[DONE]") break;
      const event = JSON.parse(data);
      if (event.error) throw new Refused(event.error.message);
      const choice = event.choices[0];
      answer.append((chat ? choice?.delta.content : choice?.text) ?? "");
      if (event.farthing)
        return { receipt, charge: event.farthing.charge_nanos, input: event.usage.prompt_tokens, output: event.usage.completion_tokens };
    }
  } catch (error) {
    if (error.name === "AbortError") return stopped(receipt, authorization);
    if (error instanceof Refused) throw error;
  }
  throw new Refused("The answer broke off, so it costs nothing. Run it again.");
}

// A call that was stopped is charged for what was delivered; the server knows how much in a moment.
async function stopped(receipt, headers) {
  for (let i = 0; i < 12; i++) {
    const response = await fetch(`/v1/receipts/${receipt}`, { headers }).catch(() => null);
    if (response?.ok) {
      const found = await response.json();
      return { receipt, stopped: true, charge: found.receipt.charge_nanos, input: found.body.input_tokens, output: found.body.output_tokens };
    }
    await new Promise((resume) => setTimeout(resume, 250));
  }
  return { stopped: true, charge: 0 };
}

async function whole(path, given, signal, show) {
  const { response } = await call(path, { input: given }, signal);
  const answer = await response.json();
  show(answer.data, given);
  return {
    receipt: response.headers.get("Farthing-Receipt"),
    charge: Number(response.headers.get("Farthing-Charge")),
    input: answer.usage.prompt_tokens,
    items: given.length,
  };
}

async function embed(given, signal) {
  if (given.length < 2 || given.length > MOST_TEXTS) throw new Refused(`Write 2 to ${MOST_TEXTS} texts, one on each line.`);
  return whole("/v1/embeddings", given, signal, showMatrix);
}

function cosine(a, b) {
  const dot = (x, y) => x.reduce((sum, each, i) => sum + each * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)) || 0;
}

function showMatrix(data, given) {
  const table = element("table", "", { class: "matrix" });
  const head = table.createTHead().insertRow();
  head.append(element("th", "Text", { scope: "col" }), ...given.map((_, i) => element("th", i + 1, { scope: "col", class: "num" })));
  const body = table.createTBody();
  given.forEach((text, i) => {
    const row = body.insertRow();
    row.append(element("th", `${i + 1}. ${text}`, { scope: "row" }));
    for (const other of data) {
      const alike = cosine(data[i].embedding, other.embedding);
      row.append(element("td", alike.toFixed(2), { class: `num heat-${Math.min(5, Math.max(0, Math.floor(alike * 6)))}` }));
    }
  });
  const frame = element("div", "", { class: "sheet-table", tabindex: 0, role: "group", "aria-label": "Similarity matrix" });
  frame.append(table);
  const about = "How alike the texts are: the cosine of their vectors, 1 for the same direction, 0 for none in common.";
  part("answer").replaceChildren(element("p", about, { class: "soft" }), frame);
}

const languages = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" });

function labelName(label) {
  try {
    const language = languages.of(label);
    return language ? `${language} (${label})` : label;
  } catch {
    return label;
  }
}

const percent = (part) => `${(part * 100).toFixed(part > 0 && part < 0.001 ? 2 : 1)} %`;

function showBars([{ labels, probs }]) {
  const table = element("table", "", { class: "bars" });
  table.append(element("caption", `The likeliest of ${count(labels.length, "label")}; its bar is the longest.`, { class: "soft" }));
  const head = table.createTHead().insertRow();
  head.append(element("th", "Label", { scope: "col" }), element("th", "Probability", { scope: "col", colspan: 2 }));
  const body = table.createTBody();
  labels.slice(0, SHOWN_LABELS).forEach((label, i) => {
    const row = body.insertRow();
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [key, value] of Object.entries({ viewBox: "0 0 1000 12", preserveAspectRatio: "none", "aria-hidden": "true" })) bar.setAttribute(key, value);
    const filled = bar.appendChild(document.createElementNS(bar.namespaceURI, "rect"));
    filled.setAttribute("width", Math.max(1, Math.round((probs[i] / probs[0]) * 1000) || 0));
    filled.setAttribute("height", 12);
    const cell = element("td", "", { class: "bar" });
    cell.append(bar);
    row.append(element("th", labelName(label), { scope: "row" }), cell, element("td", percent(probs[i]), { class: "num nowrap" }));
  });
  part("answer").replaceChildren(table);
}

// A run

let running = null;

async function showAfter({ receipt, charge: nanos, input, output, items, stopped }, asked) {
  if (input > 0) bytesInAToken = asked.reduce((sum, text) => sum + bytes(text), 0) / input;
  showCost();
  const used = [
    output != null && `${count(input, "token")} in, ${output.toLocaleString("en-US")} out`,
    output == null && input > 0 && `${count(input, "token")} in`,
    items != null && count(items, "text"),
  ].filter(Boolean);
  part("used").textContent = (stopped ? "stopped; " : "") + (used.join(", ") || "nothing was delivered");
  part("charged").replaceChildren(
    element("data", dollars(nanos), { class: "money", value: nanos, title: `${nanos.toLocaleString("en-US")} nanos` }),
    ` (${nanos.toLocaleString("en-US")} nanos)`,
  );
  part("receipt").replaceChildren(receipt ? element("a", `${receipt.slice(0, 8)}…`, { href: `/receipts/${receipt}` }) : "none");
  part("left").textContent = "…";
  part("facts").hidden = false;
  // The top bar as the server writes it now.
  const page = await fetch(`${location.pathname}?tab=use`, { headers: { Accept: "text/html" } }).then((answer) => answer.text(), () => "");
  const left = new DOMParser().parseFromString(page, "text/html").getElementById("budget-left");
  if (!left) return;
  document.getElementById("budget-left")?.replaceWith(document.importNode(left, true));
  part("left").replaceChildren(document.importNode(left.querySelector(".money"), true));
}

async function run() {
  if (running) return;
  const error = part("error");
  const stop = part("stop");
  const hadFocus = document.activeElement === part("run");
  error.hidden = true;
  part("facts").hidden = true;
  part("answer").replaceChildren();
  running = new AbortController();
  part("run").disabled = true;
  stop.hidden = false;
  if (hadFocus) stop.focus();
  // An assistive technology is told the answer once, when it is whole.
  part("answer").setAttribute("aria-busy", "true");
  try {
    const asked = texts();
    if (asked.length === 0) throw new Refused("Write something first.");
    const { signal } = running;
    const kinds = { embedding: () => embed(asked, signal), labels: () => whole("/v1/classify", asked, signal, showBars) };
    await showAfter(await (kinds[facts.kind] ?? (() => generate(signal)))(), asked);
  } catch (problem) {
    if (problem.name === "AbortError") error.textContent = "Stopped before there was an answer, so nothing is charged.";
    else {
      if (!(problem instanceof Refused)) console.info(problem);
      error.textContent = problem instanceof Refused ? problem.message : "The answer could not be read. Try again.";
    }
    error.hidden = false;
  } finally {
    running = null;
    part("answer").setAttribute("aria-busy", "false");
    const stopHadFocus = document.activeElement === stop;
    stop.hidden = true;
    part("run").disabled = false;
    if (stopHadFocus) part("run").focus();
  }
}

if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  form.addEventListener("input", showCost);
  part("stop").addEventListener("click", () => running?.abort());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") running?.abort();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form.contains(event.target)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  showCost();
  part("run").disabled = false;
}
