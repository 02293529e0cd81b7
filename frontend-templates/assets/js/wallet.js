// Proves by a signed message (Sign-In with Ethereum) whose wallet it is: on /sign-in, with the wallets of this browser and the demo
// people of a trial, to sign in; on /account, to link one more.
import { getAddress, stringToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { Refused, accountOf, declined, findWallets, post } from "./wallets.js";

const section = document.querySelector("[data-sign-in]");
const list = section.querySelector("[data-wallets]");
const { verb, challenge, verify } = section.dataset;
const send = (path, fields) => post(path, { ...fields, _csrf: section.dataset.csrf });

async function signIn(address, sign) {
  const { nonce, message } = await send(challenge, { address, next: section.dataset.next });
  const signature = await sign(message);
  const { next } = await send(verify, { nonce, signature });
  location.assign(next);
  // To another part of this page: what it shows has changed.
  if (next.split("#")[0] === location.pathname + location.search) location.reload();
}

async function signInWithWallet(provider) {
  const address = getAddress(await accountOf(provider));
  await signIn(address, (message) => provider.request({ method: "personal_sign", params: [stringToHex(message), address] }));
}

async function signInAsDemo(privateKey) {
  const account = privateKeyToAccount(privateKey);
  await signIn(account.address, (message) => account.signMessage({ message }));
}

function explain(error) {
  if (error instanceof Refused) return error.message;
  return declined(error) ?? `The wallet answered: ${error?.message || "nothing"}. Unlock it and try again.`;
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
  const row = document.getElementById("wallet-row").content.cloneNode(true).firstElementChild;
  row.querySelector("[data-name]").textContent = info.name;
  if (info.icon?.startsWith("data:image/")) {
    row.querySelector("img").src = info.icon;
    row.querySelector("img").hidden = false;
  }
  const button = row.querySelector("button");
  button.setAttribute("aria-label", `${verb} with ${info.name}`);
  button.addEventListener("click", () => attempt(button, () => signInWithWallet(provider)));
  list.append(row);
  list.hidden = false;
  section.querySelector("[data-no-wallet]").hidden = true;
}

findWallets(offer, () => (section.querySelector("[data-no-wallet]").hidden = false));

const block = document.getElementById("demo-wallets");
const demo = block ? JSON.parse(block.textContent) : [];
for (const button of section.querySelectorAll("[data-demo]")) {
  const person = demo.find((each) => each.address === button.dataset.demo);
  button.disabled = false;
  button.addEventListener("click", () => attempt(button, () => signInAsDemo(person.privateKey)));
}
