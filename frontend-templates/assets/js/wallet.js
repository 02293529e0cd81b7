// Sign-In with Ethereum on /sign-in: wallets announced by EIP-6963 (or the older window.ethereum), and the demo people of a trial.
import { getAddress, stringToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const section = document.querySelector("[data-sign-in]");
const list = section.querySelector("[data-wallets]");
const found = new Map();

class Refused extends Error {}

async function post(path, fields) {
  const body = new URLSearchParams({ ...fields, _csrf: section.dataset.csrf });
  let response;
  try {
    response = await fetch(path, { method: "POST", body, headers: { Accept: "application/json" } });
  } catch {
    throw new Refused("The server did not answer. Check your connection and try again.");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok)
    throw new Refused(
      [answer.title, answer.detail].filter(Boolean).join(". ") || `The server answered ${response.status}. Reload the page and try again.`,
    );
  return answer;
}

async function signIn(address, sign) {
  const { nonce, message } = await post("/sign-in/challenge", { address, next: section.dataset.next });
  const signature = await sign(message);
  const { next } = await post("/sign-in/verify", { nonce, signature });
  location.assign(next);
}

async function signInWithWallet(provider) {
  const [account] = await provider.request({ method: "eth_requestAccounts" });
  if (!account) throw new Refused("The wallet shared no account. Unlock it, choose an account and try again.");
  const address = getAddress(account);
  await signIn(address, (message) => provider.request({ method: "personal_sign", params: [stringToHex(message), address] }));
}

async function signInAsDemo(privateKey) {
  const account = privateKeyToAccount(privateKey);
  await signIn(account.address, (message) => account.signMessage({ message }));
}

function explain(error) {
  if (error instanceof Refused) return error.message;
  if (error?.code === 4001) return "You declined in the wallet, so nothing was signed. Try again when you are ready.";
  if (error?.code === -32002) return "The wallet is already asking you something. Open it and answer there.";
  return `The wallet answered: ${error?.message || "nothing"}. Unlock it and try again.`;
}

// One attempt at a time: every button waits, and a failure is told in the row that was used.
async function attempt(button, action) {
  const row = button.closest("li");
  const buttons = section.querySelectorAll("button");
  for (const error of section.querySelectorAll(".error")) error.hidden = true;
  for (const each of buttons) each.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    await action();
  } catch (error) {
    row.querySelector(".error").textContent = explain(error);
    row.querySelector(".error").hidden = false;
    for (const each of buttons) each.disabled = false;
    button.focus();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function offer(info, provider) {
  if (found.has(info.uuid)) return;
  found.set(info.uuid, provider);
  const row = document.getElementById("wallet-row").content.cloneNode(true).firstElementChild;
  row.querySelector("[data-name]").textContent = info.name;
  if (info.icon?.startsWith("data:image/")) {
    row.querySelector("img").src = info.icon;
    row.querySelector("img").hidden = false;
  }
  const button = row.querySelector("button");
  button.setAttribute("aria-label", `Sign in with ${info.name}`);
  button.addEventListener("click", () => attempt(button, () => signInWithWallet(provider)));
  list.append(row);
  list.hidden = false;
  section.querySelector("[data-no-wallet]").hidden = true;
}

addEventListener("eip6963:announceProvider", (event) => offer(event.detail.info, event.detail.provider));
dispatchEvent(new Event("eip6963:requestProvider"));
setTimeout(() => {
  if (found.size > 0) return;
  if (window.ethereum) offer({ uuid: "injected", name: "Browser wallet" }, window.ethereum);
  else section.querySelector("[data-no-wallet]").hidden = false;
}, 400);

const block = document.getElementById("demo-wallets");
const demo = block ? JSON.parse(block.textContent) : [];
for (const button of section.querySelectorAll("[data-demo]")) {
  const person = demo.find((each) => each.address === button.dataset.demo);
  button.disabled = false;
  button.addEventListener("click", () => attempt(button, () => signInAsDemo(person.privateKey)));
}
