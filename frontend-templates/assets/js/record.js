// /records/(version): asks the developer's wallet to sign what the registry is to hold.
import { getAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { Refused, accountOf, declined, findWallets } from "./wallets.js";

const section = document.querySelector("[data-record]");
const facts = JSON.parse(document.getElementById("facts").textContent);
const button = section.querySelector("[data-sign]");
const said = section.querySelector("[data-said]");
const error = section.querySelector("[data-error]");
const providers = new Map();

async function api(options) {
  let response;
  try {
    response = await fetch(`/api/records/${facts.version}`, {
      ...options,
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-Csrf-Token": section.dataset.csrf },
    });
  } catch {
    throw new Refused("The server did not answer. Check your connection and try again.");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer.detail || `The server answered ${response.status}. Reload the page and try again.`);
  return answer;
}

async function signer() {
  if (facts.demoKey) {
    const account = privateKeyToAccount(facts.demoKey);
    return ({ types, ...data }) => {
      const { EIP712Domain: _, ...own } = types;
      return account.signTypedData({ ...data, types: own });
    };
  }
  const provider = providers.get(document.getElementById("wallet").value) ?? providers.values().next().value;
  if (!provider) throw new Refused("No wallet was found in this browser. Install one, then reload this page.");
  const address = getAddress(await accountOf(provider));
  if (address !== facts.signer)
    throw new Refused(`The wallet offers ${address}, and ${facts.signer} is the one that is paid for this version. Switch the account in the wallet and try again.`);
  return (data) => provider.request({ method: "eth_signTypedData_v4", params: [address, JSON.stringify(data)] });
}

async function record() {
  const sign = await signer();
  const asked = await api({ method: "GET" });
  const all = (asked.version ? 1 : 0) + asked.offers.length;
  let done = 0;
  const one = async (data) => {
    said.textContent = `Signature ${++done} of ${all}`;
    return sign(data);
  };
  const version = asked.version ? await one(asked.version) : null;
  const offers = [];
  for (const offer of asked.offers) offers.push(await one(offer));
  said.textContent = "Sending";
  await api({ method: "POST", body: JSON.stringify({ deadline: asked.deadline, version, offers }) });
  location.reload();
}

button.addEventListener("click", async () => {
  error.hidden = true;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    await record();
  } catch (cause) {
    error.textContent =
      cause instanceof Refused ? cause.message : (declined(cause) ?? `The wallet answered: ${cause?.message || "nothing"}. Unlock it and try again.`);
    error.hidden = false;
    said.textContent = "";
    button.disabled = false;
    button.focus();
  } finally {
    button.removeAttribute("aria-busy");
  }
});

if (!facts.demoKey)
  findWallets(
    (info, provider) => {
      providers.set(info.uuid, provider);
      const option = document.createElement("option");
      option.value = info.uuid;
      option.textContent = info.name;
      document.getElementById("wallet").append(option);
      section.querySelector("[data-wallet-choice]").hidden = providers.size < 2;
    },
    () => {},
  );
button.disabled = false;
