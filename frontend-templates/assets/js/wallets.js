// Wallets of this browser: announced by EIP-6963, or the older window.ethereum.

// Something that is told to the person as it is.
export class Refused extends Error {}

// Calls `found` with { uuid, name, icon } and the provider for each wallet, once, and `none` when there is none.
export function findWallets(found, none) {
  const known = new Set();
  const offer = (info, provider) => {
    if (known.has(info.uuid)) return;
    known.add(info.uuid);
    found(info, provider);
  };
  addEventListener("eip6963:announceProvider", (event) => offer(event.detail.info, event.detail.provider));
  dispatchEvent(new Event("eip6963:requestProvider"));
  setTimeout(() => {
    if (known.size > 0) return;
    if (window.ethereum) offer({ uuid: "injected", name: "Browser wallet" }, window.ethereum);
    else none();
  }, 400);
}

// POST of a form's fields, answered in JSON.
export async function post(path, fields) {
  let response;
  try {
    response = await fetch(path, { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json" } });
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

export async function accountOf(provider) {
  const [account] = await provider.request({ method: "eth_requestAccounts" });
  if (!account) throw new Refused("The wallet shared no account. Unlock it, choose an account and try again.");
  return account;
}

// What a wallet itself says, wherever in the chain of causes its code stands; null for anything else.
export function declined(error) {
  for (let each = error; each; each = each.cause) {
    if (each.code === 4001) return "You declined in the wallet, so nothing was signed. Try again when you are ready.";
    if (each.code === -32002) return "The wallet is already asking you something. Open it and answer there.";
  }
  return null;
}
