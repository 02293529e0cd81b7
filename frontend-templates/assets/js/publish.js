// /publish: sends files by tus, keeps the form as a draft on the server, and publishes with the request that any program sends.
import * as tus from "tus-js-client";

const form = document.getElementById("publish-form");
const csrf = form.dataset.csrf;
const button = document.getElementById("publish");
const kept = document.getElementById("kept");
const said = document.getElementById("said");
const version = form.dataset.version;
let draft = form.dataset.draft;

const size = (bytes) =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

// The draft. It is written a moment after the last change; the first change gives it its address.

const uploads = JSON.parse(document.getElementById("uploads").textContent);
for (const role of Object.keys(uploads)) uploads[role] = JSON.parse(uploads[role]);
let waiting, writing = Promise.resolve();

function content() {
  const fields = {};
  for (const input of form.elements) {
    if (!input.name || input.name === "_csrf" || input.name === "endpoint.secret") continue;
    if (input.type === "radio" && !input.checked) continue;
    fields[input.name] = input.type === "checkbox" ? (input.checked ? "on" : "") : input.value;
  }
  for (const [role, upload] of Object.entries(uploads)) if (upload) fields[`upload_${role}`] = JSON.stringify(upload);
  return fields;
}

function keep() {
  clearTimeout(waiting);
  if (!draft) {
    draft = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  writing = writing.then(async () => {
    const answer = await fetch(`/publish/drafts/${draft}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-Csrf-Token": csrf },
      body: JSON.stringify(content()),
      keepalive: true,
    }).catch(() => null);
    if (answer?.ok && new URLSearchParams(location.search).get("draft") !== draft) history.replaceState(null, "", `/publish?draft=${draft}`);
    kept.textContent = answer?.ok ? "Draft kept" : "The draft could not be kept; it is tried again with your next change.";
  });
  return writing;
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(keep, 600);
});
addEventListener("pagehide", () => waiting && keep());

// Files.

class Slot {
  constructor(drop) {
    this.drop = drop;
    this.role = drop.dataset.upload;
    this.input = drop.querySelector("input");
    this.progress = element("progress");
    this.progress.max = 1000;
    this.progress.setAttribute("aria-label", `Sending the ${this.role}`);
    this.line = element("p", "wrap");
    this.line.setAttribute("role", "status");
    this.pause = element("button", "link-button", "Pause");
    this.remove = element("button", "link-button", "Remove");
    for (const each of [this.pause, this.remove]) each.type = "button";
    this.actions = element("p", "row");
    this.actions.append(this.pause, this.remove);
    drop.append(this.line, this.progress, this.actions);
    this.input.addEventListener("change", () => this.input.files[0] && this.begin(this.input.files[0]));
    this.pause.addEventListener("click", () => (this.running ? this.stop() : this.resume()));
    this.remove.addEventListener("click", () => this.forget());
    for (const name of ["dragover", "dragleave", "drop"])
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", name === "dragover");
        if (name === "drop" && event.dataTransfer.files[0]) this.begin(event.dataTransfer.files[0]);
      });
    this.show("");
    if (uploads[this.role]) this.look();
  }

  get upload() {
    return uploads[this.role];
  }

  show(words, part = null) {
    this.line.textContent = words;
    this.line.hidden = !words;
    this.progress.hidden = part === null;
    if (part !== null) this.progress.value = Math.round(part * 1000);
    this.actions.hidden = !this.upload;
    this.pause.hidden = !this.file || this.upload?.complete;
    this.pause.textContent = this.running ? "Pause" : "Go on";
    this.drop.dataset.state = this.upload?.complete ? "complete" : this.running ? "running" : this.upload ? "paused" : "empty";
  }

  complete() {
    this.running = false;
    uploads[this.role] = { ...this.upload, complete: true };
    this.show(`${this.upload.name} is here, ${size(this.upload.size)}.`);
  }

  // After a reload: how much of it had arrived.
  async look() {
    const { id, name, size: whole } = this.upload;
    const answer = await fetch(`/api/uploads/${id}`, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => null);
    if (answer?.ok) {
      const here = Number(answer.headers.get("Upload-Offset"));
      if (here === whole) return this.complete();
      uploads[this.role] = { ...this.upload, complete: false };
      this.show(`Of ${name}, ${Math.floor((100 * here) / whole)} % is here. Choose the same file again to go on.`, here / whole);
    } else if (answer) {
      uploads[this.role] = null;
      this.show(`${name} is not here any more; choose it again.`);
      keep();
    } else {
      this.show("The server did not answer. Check your connection and reload this page.");
    }
  }

  async begin(file) {
    clearFault(`files.${this.role}`);
    await this.stop();
    this.file = file;
    const before = this.upload;
    const same = before && before.name === file.name && before.size === file.size;
    if (same && before.complete) return this.complete();
    if (before && !same) this.end(before.id);
    if (!same) uploads[this.role] = null;
    let last = { at: 0, sent: 0 };
    this.sending = new tus.Upload(file, {
      endpoint: "/api/uploads",
      uploadUrl: same ? `/api/uploads/${before.id}` : null,
      headers: { "X-Csrf-Token": csrf, Accept: "application/json" },
      metadata: { filename: file.name },
      chunkSize: 8 << 20,
      retryDelays: [0, 1000, 3000, 5000, 10_000],
      removeFingerprintOnSuccess: true,
      onAfterResponse: () => {
        const id = this.sending.url?.split("/").pop();
        if (id && this.upload?.id !== id) {
          uploads[this.role] = { id, name: file.name, size: file.size };
          keep();
        }
      },
      onProgress: (sent, whole) => {
        if (performance.now() - last.at > 200 || sent === whole) {
          last = { at: performance.now(), sent };
          this.show(`${file.name}: ${Math.floor((100 * sent) / whole)} % of ${size(whole)}`, sent / whole);
        }
      },
      onSuccess: () => {
        this.complete();
        said.textContent = `${file.name} is here`;
        keep();
      },
      onError: (error) => {
        this.running = false;
        this.refused(error);
      },
    });
    if (!same) {
      // The same file may have been begun from another draft, or before this one was kept.
      const earlier = await this.sending.findPreviousUploads();
      if (earlier.length) this.sending.resumeFromPreviousUpload(earlier[0]);
    }
    this.running = true;
    this.sending.start();
    this.show(`${file.name}: 0 % of ${size(file.size)}`, 0);
  }

  refused(error) {
    const response = error.originalResponse;
    let sentence = "The connection broke off. Go on when it is back.";
    if (response) {
      try {
        sentence = JSON.parse(response.getBody()).detail ?? sentence;
      } catch {
        sentence = `The server answered ${response.getStatus()}. Try again.`;
      }
      if (response.getStatus() >= 400 && response.getStatus() < 500) {
        uploads[this.role] = null;
        this.file = null;
        this.show("");
        keep();
      }
    }
    fault(`files.${this.role}`, sentence);
    if (this.upload) this.show(`${this.upload.name} is not whole yet.`, this.progress.value / 1000);
  }

  async stop() {
    if (!this.running) return;
    this.running = false;
    await this.sending.abort();
    if (this.upload) this.show(`${this.upload.name}: paused.`, this.progress.value / 1000);
  }

  resume() {
    clearFault(`files.${this.role}`);
    this.running = true;
    this.sending.start();
    this.show(`${this.upload.name}: going on.`, this.progress.value / 1000);
  }

  end(id) {
    fetch(`/api/uploads/${id}`, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0", "X-Csrf-Token": csrf } }).catch(() => {});
  }

  async forget() {
    await this.stop();
    if (this.upload) this.end(this.upload.id);
    uploads[this.role] = null;
    this.file = null;
    this.input.value = "";
    this.show("");
    this.input.focus();
    keep();
  }
}

const slots = [...form.querySelectorAll("[data-upload]")].map((drop) => new Slot(drop));
// A file that is dropped beside its place must not replace the page.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());

// What is wrong, beside its field.

const FIELDS = { "offer.from": "offer_from", split: "split_developer", owner: "name", endpoint: "endpoint.url", offer: "per_million_input_tokens" };
const list = document.getElementById("faults");

function placeOf(param) {
  const upload = /^files\.(model|tokenizer)$/.exec(param);
  if (upload) return { input: document.getElementById(`file-${upload[1]}`), field: document.getElementById(`field-${param}`) };
  const input = document.getElementById(FIELDS[param] ?? param.replace(/^offer\./, ""));
  return input && { input, field: input.closest(".field") };
}

function fault(param, sentence) {
  const place = placeOf(param);
  if (!place?.field) return null;
  clearFault(param);
  const error = element("span", "error", sentence);
  error.id = `${place.input.id}-error`;
  place.field.classList.add("field-error");
  place.field.querySelector("label").after(error);
  place.input.setAttribute("aria-invalid", "true");
  place.input.setAttribute("aria-describedby", `${place.input.getAttribute("aria-describedby") ?? ""} ${error.id}`.trim());
  place.input.closest("details")?.setAttribute("open", "");
  return place.input;
}

function clearFault(param) {
  const place = placeOf(param);
  if (!place?.field) return;
  place.field.classList.remove("field-error");
  place.field.querySelector(".error")?.remove();
  place.input.removeAttribute("aria-invalid");
}

function clearFaults() {
  list.hidden = true;
  list.replaceChildren();
  for (const error of form.querySelectorAll(".field-error")) {
    error.classList.remove("field-error");
    error.querySelector(".error")?.remove();
    error.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
  }
}

function show(errors) {
  const notice = element("div", "notice notice-bad");
  notice.setAttribute("role", "alert");
  const box = element("div", "stack");
  box.append(element("p", "", "Nothing was published. Correct this:"));
  const items = element("ul", "ordered");
  for (const { param, detail } of errors) {
    const input = fault(param, detail);
    const item = element("li");
    if (input) {
      const link = element("a", "", detail);
      link.href = `#${input.id}`;
      item.append(link);
    } else item.textContent = detail;
    items.append(item);
  }
  box.append(items);
  notice.append(box);
  list.replaceChildren(notice);
  list.hidden = false;
  list.focus();
}

// Publishing.

const field = (name) => form.elements[name]?.value.trim() ?? "";

// Dollars and per cent as they are typed, exactly.
function scaled(name, decimals, errors, sentence) {
  const match = new RegExp(`^\\$?\\s*(\\d{0,7})(?:\\.(\\d{1,${decimals}}))?\\s*%?$`).exec(field(name));
  if (!match) errors.push({ param: name, detail: sentence });
  return match ? Number(BigInt((match[1] || "0") + (match[2] ?? "").padEnd(decimals, "0"))) : 0;
}

function request(errors) {
  const endpoint = field("kind") === "endpoint";
  const dollars = (name) => scaled(name, 9, errors, "Write a price in dollars, such as 0.10, with at most nine decimals.");
  const percent = (name) => scaled(name, 2, errors, "Write a part in per cent, such as 70 or 2.5.");
  const body = {
    task: field("task"),
    purpose: field("purpose"),
    card: form.elements.card.value,
    licence: field("licence"),
    attribution: field("attribution"),
    provenance: field("provenance"),
    offer: {
      per_million_input_tokens: dollars("per_million_input_tokens"),
      per_million_output_tokens: dollars("per_million_output_tokens"),
      per_call: dollars("per_call"),
      per_item: dollars("per_item"),
    },
    split: {
      developer: percent("split_developer"),
      base_model: percent("split_base_model"),
      data_pool: percent("split_data_pool"),
      validators: percent("split_validators"),
    },
    visibility: field("visibility"),
  };
  if (field("offer_from")) body.offer.from = `${field("offer_from")}:00Z`;
  if (endpoint) {
    body.endpoint = { url: field("endpoint.url"), model: field("endpoint.model"), secret: form.elements["endpoint.secret"].value };
  } else {
    body.files = {};
    for (const { role, upload, running } of slots) {
      if (running) errors.push({ param: `files.${role}`, detail: `${upload?.name ?? "The file"} is still being sent; publish when it is here.` });
      else if (upload) body.files[role] = upload.id;
    }
  }
  if (body.task === "embedding") {
    body.pooling = field("pooling");
    body.normalise = form.elements.normalise.checked;
  } else body.template = field("template");
  return body;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearFaults();
  const errors = [];
  const body = request(errors);
  const name = field("name") || "-";
  if (errors.length) return show(errors);
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    await keep();
    const answer = await fetch(`/api/models/${version ?? `${form.dataset.handle}/${encodeURIComponent(name)}`}/versions`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-Csrf-Token": csrf },
      body: JSON.stringify(body),
    });
    const said = await answer.json().catch(() => ({}));
    if (answer.status === 202) return location.assign(`/publish/${said.id}?draft=${draft}`);
    show(said.errors ?? [{ param: said.param ?? "", detail: said.detail ?? `The server answered ${answer.status}. Try again.` }]);
  } catch {
    show([{ param: "", detail: "The server did not answer. Check your connection and publish again; the draft is kept." }]);
  }
  button.disabled = false;
  button.removeAttribute("aria-busy");
});

button.disabled = false;
