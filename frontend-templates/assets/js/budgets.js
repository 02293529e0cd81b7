// /budgets: sends transactions with the person's wallet and shows how far each is. The server is told nothing of them: it reads
// the chain itself, and the page shows what it read. All that talks to a chain is fetched at the first click.
import { Refused, findWallets } from "./wallets.js";

const section = document.querySelector("[data-budgets]");
const facts = JSON.parse(document.getElementById("facts").textContent);
const wallets = new Map();

let running = false;

const buttons = () => section.querySelectorAll("form[data-action] button");

section.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-action]");
  if (!form) return;
  event.preventDefault();
  const card = form.closest("[data-line]");
  const list = (card ?? form.parentElement).querySelector("[data-progress]");
  const input = {
    line: card ? Number(card.dataset.line) : null,
    amount: form.elements.amount?.value ?? "",
    how: event.submitter?.value,
  };
  const enabled = [...buttons()].filter((button) => !button.disabled);
  for (const button of enabled) button.disabled = true;
  event.submitter?.setAttribute("aria-busy", "true");
  running = true;
  const leave = (warning) => warning.preventDefault();
  addEventListener("beforeunload", leave);
  try {
    const { ACTIONS, Steps, providers } = await import("./lines.js").catch(() => unavailable(list));
    for (const [uuid, provider] of wallets) providers.set(uuid, provider);
    const action = ACTIONS[form.dataset.action];
    const opened = await action.run(new Steps(list, action.steps(input)), input);
    removeEventListener("beforeunload", leave);
    if (opened != null) await showLine(opened);
  } catch (error) {
    // Told at its step already.
    if (!(error instanceof Refused)) console.info(error);
  } finally {
    running = false;
    removeEventListener("beforeunload", leave);
    event.submitter?.removeAttribute("aria-busy");
    for (const button of enabled) button.disabled = false;
    event.submitter?.focus({ preventScroll: true });
  }
});

function unavailable(list) {
  const words = "A part of this page did not arrive, so nothing was sent. Check your connection, then try again.";
  const row = document.createElement("li");
  row.textContent = words;
  row.setAttribute("role", "alert");
  list.replaceChildren(row);
  list.hidden = false;
  throw new Refused(words);
}

// The server reads the chain every second or so; then the line has a place on the page.
async function showLine(line) {
  for (let i = 0; i < 60; i++) {
    const page = await fetch("/budgets", { headers: { Accept: "text/html" } }).then((answer) => answer.text(), () => "");
    if (page.includes(`id="line-${line}"`)) break;
    await new Promise((resume) => setTimeout(resume, 500));
  }
  location.hash = `line-${line}`;
  location.reload();
}

// What can be done with a line changes when its opening, its exit or its deposits become final.
document.addEventListener("htmx:oobAfterSwap", () => {
  const away = document.getElementById("chain-away").dataset.state === "away";
  const changed = away !== ("away" in section.dataset) || [...section.querySelectorAll("[data-line]")].some((card) => {
    const live = document.getElementById(`line-${card.dataset.line}-live`);
    return live && live.dataset.state !== card.dataset.state;
  });
  const typing = document.activeElement?.matches("input, select");
  if (changed && !running && !typing) location.reload();
});

// A click before there is anybody to hear it would only load the page again.
for (const button of section.querySelectorAll("[data-waits]")) button.disabled = false;
if ("away" in section.dataset) for (const button of buttons()) button.disabled = true;
{
  const choice = document.getElementById("wallet");
  findWallets(
    (info, provider) => {
      wallets.set(info.uuid, provider);
      choice.append(new Option(info.name, info.uuid));
      section.querySelector("[data-wallet-choice]").hidden = wallets.size < 2;
    },
    () => {
      section.querySelector("[data-no-wallet]").hidden = Boolean(facts.demoKey) || facts.wallets.length === 0;
    },
  );
}
