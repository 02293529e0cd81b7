// What can be done with a line: transactions and signatures, with the person's wallet.
import {
  BaseError,
  ContractFunctionRevertedError,
  HttpRequestError,
  InsufficientFundsError,
  TimeoutError,
  WaitForTransactionReceiptTimeoutError,
  createClient,
  custom,
  decodeEventLog,
  defineChain,
  encodeAbiParameters,
  getAddress,
  http,
  keccak256,
  parseAbi,
  parseSignature,
  toHex,
} from "viem";
// One by one: viem's own clients bring all that a chain can be asked, three times as much script.
import { getBlock, readContract, signTypedData, simulateContract, waitForTransactionReceipt, writeContract } from "viem/actions";
import { Refused, accountOf, declined, post } from "./wallets.js";

const section = document.querySelector("[data-budgets]");
const facts = JSON.parse(document.getElementById("facts").textContent);
const chain = defineChain({
  id: facts.chainId,
  name: facts.demoKey ? "Farthing trial" : `chain ${facts.chainId}`,
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: facts.rpc ? [facts.rpc] : [] } },
});
const NOBODY = "0x0000000000000000000000000000000000000000";
const VOUCHER_DAYS = 30n;

const VAULT = parseAbi([
  "struct Authorization { address from; uint64 amount; uint256 validAfter; uint256 validBefore; bytes32 salt; uint8 v; bytes32 r; bytes32 s; }",
  "function openLine(address sessionKey) returns (uint32)",
  "function deposit(uint32 line, uint64 amount)",
  "function depositWithAuthorization(uint32 line, Authorization authorization)",
  "function raiseCeiling(uint32 line, uint64 ceiling)",
  "function requestExit(uint32 line)",
  "function exit(uint32 line)",
  "event LineOpened(uint32 indexed line, address indexed owner, address sessionKey)",
  "error NotOwner(uint32 line, address sender)",
  "error NoSuchLine(uint32 line)",
  "error LineFrozen(uint32 line, uint40 exitAt)",
  "error ZeroAmount()",
  "error InexactDeposit(uint256 expected, uint256 received)",
  "error NotRaised(uint32 line, uint64 ceiling, uint64 current)",
  "error ExitNotRequested(uint32 line)",
  "error ExitTooEarly(uint32 line, uint40 exitAt)",
  "error NothingLeft(uint32 line)",
  "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
  "error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)",
]);
const TOKEN = parseAbi([
  "function name() view returns (string)",
  "function version() view returns (string)",
  "function decimals() view returns (uint8)",
  "function balanceOf(address) view returns (uint256)",
  "function allowance(address, address) view returns (uint256)",
  "function authorizationState(address, bytes32) view returns (bool)",
  "function approve(address, uint256) returns (bool)",
  "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
]);

// Money. Dollars are typed, micro-units are sent.

const dollars = (micros) => {
  const text = String(micros).padStart(7, "0");
  return `$${text.slice(0, -6)}.${text.slice(-6).replace(/0{1,4}$/, "")}`;
};

function micros(text) {
  const match = /^\$?\s*(\d{1,7})(?:\.(\d{1,6}))?$/.exec(text.trim());
  const amount = match ? BigInt(match[1] + (match[2] ?? "").padEnd(6, "0")) : 0n;
  if (amount === 0n) throw new Refused("Write an amount in dollars above zero, such as 5 or 0.50, with at most six decimals.");
  return amount;
}

function depositable(text) {
  const amount = micros(text);
  if (amount < BigInt(facts.minimumMicros))
    throw new Refused(`The least to deposit is ${dollars(BigInt(facts.minimumMicros))}; the fee would eat less than that. Write a larger amount.`);
  return amount;
}

// What went wrong, in words of this page.

const when = (seconds) => new Date(Number(seconds) * 1000).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
const REASONS = {
  NotOwner: () => "The line belongs to another wallet. Switch the wallet to the address that owns the line.",
  NoSuchLine: () => "The vault has no such line any more: the chain has gone back. Reload the page.",
  LineFrozen: () => "The line is being left and takes no deposits any more. Open another line.",
  ZeroAmount: () => "The vault takes no deposit of nothing. Write an amount above zero.",
  InexactDeposit: () => "The token moved another amount than it was asked to, so the vault took nothing. This token cannot be used.",
  NotRaised: ([, , current]) => `The ceiling is ${dollars(current)} already, and it only rises. Write a higher one.`,
  ExitNotRequested: () => "No exit was requested for this line, or the chain has gone back. Request it first.",
  ExitTooEarly: ([, at]) => `The rest can leave from ${when(at)} on. Come back then.`,
  NothingLeft: () => "Nothing is left on this line, so there is nothing to take out.",
  ERC20InsufficientBalance: ([, balance]) => `Your wallet has only ${dollars(balance)} of the token. Deposit at most that, or get more first.`,
  ERC20InsufficientAllowance: () => "The approval did not last. Try again and approve the whole amount.",
};

function explain(error) {
  if (error instanceof Refused) return error.message;
  const said = declined(error);
  if (said) return said;
  const walk = (type) => (error instanceof BaseError ? error.walk((each) => each instanceof type) : null);
  const reverted = walk(ContractFunctionRevertedError);
  if (reverted) {
    const name = reverted.data?.errorName;
    if (REASONS[name]) return REASONS[name](reverted.data.args ?? []);
    return `The contract would refuse this${name || reverted.reason ? ` (${name ?? reverted.reason})` : ""}, so nothing was sent. Reload the page and try again.`;
  }
  if (walk(InsufficientFundsError)) return "The wallet has too little ETH for the fee. Add some and try again.";
  if (walk(WaitForTransactionReceiptTimeoutError))
    return "The transaction is sent but in no block yet. It may still be: look at your wallet before you send another.";
  if (walk(HttpRequestError) || walk(TimeoutError))
    return "The chain does not answer. If your wallet has sent the transaction, it appears above once the chain is back; else try again then.";
  return `The wallet answered: ${error?.shortMessage || error?.message || "nothing"}. Unlock it and try again.`;
}

// The wallet: the demo person's own key, or the one that was chosen.

const READ = { getBlock, readContract, simulateContract, waitForTransactionReceipt };
const SIGN = { signTypedData, writeContract };

function client(actions, options) {
  const asked = createClient({ chain, ...options });
  return Object.fromEntries(Object.entries(actions).map(([name, action]) => [name, (given) => action(asked, given)]));
}

// By their uuid; the page puts in what it finds.
export const providers = new Map();

function demoWallet(account) {
  const reader = client(READ, { transport: http(), pollingInterval: 300, cacheTime: 0 });
  return { account, reader, signer: client(SIGN, { account, transport: http() }) };
}

// One of `allowed`: the owner of a line, or any of the account's wallets.
async function chosenWallet(allowed) {
  const provider = providers.get(document.getElementById("wallet").value) ?? providers.values().next().value;
  if (!provider) throw new Refused("No wallet was found in this browser. Install one, then reload this page.");
  const address = getAddress(await accountOf(provider));
  if (!allowed.includes(address))
    throw new Refused(
      allowed.length === 1
        ? `The wallet offers ${address}, and this takes ${allowed[0]}. Switch the account in the wallet and try again.`
        : `The wallet offers ${address}, which is not linked to your account. Switch to ${allowed.join(" or ")}, or link it at /account.`,
    );
  await onOurChain(provider);
  const transport = custom(provider);
  return {
    account: address,
    reader: client(READ, { transport: facts.rpc ? http() : transport, pollingInterval: 1000, cacheTime: 0 }),
    signer: client(SIGN, { account: address, transport }),
  };
}

async function onOurChain(provider) {
  const current = async () => Number(await provider.request({ method: "eth_chainId" }));
  const at = await current();
  if (at === facts.chainId) return;
  const chainId = toHex(facts.chainId);
  try {
    await provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId }] });
  } catch (error) {
    if (error?.code === 4902 && facts.rpc) {
      const { name: chainName, nativeCurrency } = chain;
      await provider
        .request({ method: "wallet_addEthereumChain", params: [{ chainId, chainName, nativeCurrency, rpcUrls: [facts.rpc] }] })
        .catch(() => {});
    }
  }
  if ((await current()) !== facts.chainId)
    throw new Refused(`The wallet is on chain ${at}, and the vault stands on chain ${facts.chainId}. Switch the wallet to it and try again.`);
}

// Only a trial signs here, so only then is there anything to sign with.
async function demoAccount() {
  const { privateKeyToAccount } = await import("./demo.js");
  return privateKeyToAccount(facts.demoKey);
}

// The wallet that owns the line; without a line, any of the account's.
async function connect(line) {
  const owner = line == null ? null : document.getElementById(`line-${line}`)?.dataset.owner;
  if (facts.demoKey) {
    const demo = await demoAccount();
    if (!owner || owner === demo.address) return demoWallet(demo);
  }
  return chosenWallet(owner ? [owner] : facts.wallets);
}

// A list of steps, each of which says how far it is.

const SIGNS = { waiting: "○", running: "…", done: "✓", failed: "×" };

export class Steps {
  constructor(list, names) {
    list.replaceChildren();
    list.hidden = false;
    this.rows = names.map((name) => {
      const row = document.createElement("li");
      const sign = document.createElement("span");
      sign.className = "sign";
      sign.setAttribute("aria-hidden", "true");
      const text = document.createElement("div");
      const title = document.createElement("strong");
      title.textContent = name;
      const note = document.createElement("div");
      note.className = "fine wrap";
      text.append(title, note);
      row.append(sign, text);
      list.append(row);
      return { row, sign, note };
    });
    for (let i = 0; i < names.length; i++) this.set(i, "waiting", "");
  }

  set(i, state, words) {
    const { row, sign, note } = this.rows[i];
    row.className = state === "running" ? "waiting" : state;
    row.dataset.state = state;
    sign.textContent = SIGNS[state];
    note.textContent = words;
    note.setAttribute("role", state === "failed" ? "alert" : "presentation");
    if (state !== "waiting" && words) document.getElementById("said").textContent = words;
  }

  async run(i, action) {
    this.set(i, "running", facts.demoKey ? "Signing with the demo key" : "Answer in your wallet");
    try {
      const result = await action((words) => this.set(i, "running", words));
      this.set(i, "done", result?.words ?? "");
      return result;
    } catch (error) {
      this.set(i, "failed", explain(error));
      throw error;
    }
  }
}

// Tried first against the chain as it is, so that a refusal has its reason and costs nothing.
async function send(wallet, say, call) {
  const { request } = await wallet.reader.simulateContract({ ...call, account: wallet.account });
  const hash = await wallet.signer.writeContract(request);
  say(`Sent as ${hash.slice(0, 10)}…, waiting for a block`);
  const receipt = await wallet.reader.waitForTransactionReceipt({ hash, timeout: 180_000 });
  if (receipt.status !== "success")
    throw new Refused(`The transaction ${hash.slice(0, 10)}… is in block ${receipt.blockNumber} and was refused there, so no money moved. Reload the page and try again.`);
  return { receipt, words: `In block ${receipt.blockNumber}` };
}

const toVault = (functionName, args) => ({ address: facts.vault, abi: VAULT, functionName, args });

async function open(wallet, say) {
  const sent = await send(wallet, say, toVault("openLine", [NOBODY]));
  for (const log of sent.receipt.logs) {
    if (getAddress(log.address) !== facts.vault) continue;
    const event = decodeEventLog({ abi: VAULT, data: log.data, topics: log.topics, strict: false });
    if (event.eventName === "LineOpened") return { ...sent, line: event.args.line, words: `Line ${event.args.line}, in block ${sent.receipt.blockNumber}` };
  }
  throw new Refused("The transaction opened no line. Reload the page and try again.");
}

const read = (wallet, functionName, args = []) => wallet.reader.readContract({ address: facts.token, abi: TOKEN, functionName, args });

const addressOf = ({ account }) => account.address ?? account;

// The amount in the token's own units, if the wallet has it.
async function affordable(wallet, amount) {
  const unit = 10n ** BigInt((await read(wallet, "decimals")) - 6);
  const balance = await read(wallet, "balanceOf", [addressOf(wallet)]);
  if (balance < amount * unit)
    throw new Refused(`Your wallet has only ${dollars(balance / unit)} of the token. Deposit at most that, or get more first.`);
  return amount * unit;
}

// Two steps: permission for the vault to take the money, and the deposit. EIP-3009 where the token has it, else an approval.
async function permission(wallet, say, line, amount) {
  const value = await affordable(wallet, amount);
  const salt = toHex(crypto.getRandomValues(new Uint8Array(32)));
  const nonce = keccak256(encodeAbiParameters([{ type: "uint256" }, { type: "bytes32" }], [BigInt(line), salt]));
  const from = addressOf(wallet);
  const byAuthorization = await read(wallet, "authorizationState", [from, nonce]).then(
    () => true,
    (error) => {
      if (error.walk?.((each) => each instanceof HttpRequestError)) throw error;
      return false;
    },
  );
  if (byAuthorization) {
    const domain = { name: await read(wallet, "name"), version: await read(wallet, "version").catch(() => "1"), chainId: facts.chainId, verifyingContract: facts.token };
    const { timestamp } = await wallet.reader.getBlock();
    const message = { from, to: facts.vault, value, validAfter: 0n, validBefore: timestamp + 3600n, nonce };
    const fields = { from: "address", to: "address", value: "uint256", validAfter: "uint256", validBefore: "uint256", nonce: "bytes32" };
    const types = { ReceiveWithAuthorization: Object.entries(fields).map(([name, type]) => ({ name, type })) };
    const signature = await wallet.signer.signTypedData({ domain, types, primaryType: "ReceiveWithAuthorization", message });
    // A contract signs in more bytes than the token reads; it approves instead.
    if (signature.length === 132) {
      const { r, s, v, yParity } = parseSignature(signature);
      const authorization = { from, amount, validAfter: 0n, validBefore: message.validBefore, salt, v: Number(v ?? 27 + yParity), r, s };
      return { call: toVault("depositWithAuthorization", [line, authorization]), words: "Signed, for this line alone" };
    }
  }
  const allowed = await read(wallet, "allowance", [from, facts.vault]);
  let words = "Approved before";
  if (allowed < value) ({ words } = await send(wallet, say, { address: facts.token, abi: TOKEN, functionName: "approve", args: [facts.vault, value] }));
  return { call: toVault("deposit", [line, amount]), words };
}

async function signVoucher(wallet, line, ceiling) {
  const { timestamp } = await wallet.reader.getBlock();
  const deadline = Number(timestamp + VOUCHER_DAYS * 86_400n);
  const signature = await wallet.signer.signTypedData({
    domain: { name: "Farthing", version: "1", chainId: facts.chainId, verifyingContract: facts.vault },
    types: {
      SpendVoucher: [
        { name: "line", type: "uint32" },
        { name: "ceiling", type: "uint64" },
        { name: "deadline", type: "uint40" },
      ],
    },
    primaryType: "SpendVoucher",
    message: { line, ceiling, deadline },
  });
  const fields = { line, ceiling, deadline, chain_id: facts.chainId, vault: facts.vault, signature, _csrf: section.dataset.csrf };
  await post(`/budgets/${line}/vouchers`, fields);
  return { words: "Taken; it is sent to the vault now, and counts once that is final" };
}

function higher(line, ceiling) {
  const now = BigInt(document.getElementById(`line-${line}-live`).dataset.ceiling) / 1000n;
  if (ceiling <= now) throw new Refused(`The ceiling is ${dollars(now)} already, and it only rises. Write a higher one.`);
  return ceiling;
}

export const ACTIONS = {
  begin: {
    steps: () => ["Open a line", "Let the vault take the deposit", "Deposit", "Allow calls to spend it"],
    async run(steps, { amount }) {
      let wallet, value;
      const { line } = await steps.run(0, async (say) => {
        value = depositable(amount);
        wallet = await connect(null);
        await affordable(wallet, value);
        return open(wallet, say);
      });
      const { call } = await steps.run(1, (say) => permission(wallet, say, line, value));
      await steps.run(2, (say) => send(wallet, say, call));
      await steps.run(3, (say) => send(wallet, say, toVault("raiseCeiling", [line, value])));
      return line;
    },
  },
  deposit: {
    steps: () => ["Let the vault take the deposit", "Deposit"],
    async run(steps, { line, amount }) {
      let wallet;
      const { call } = await steps.run(0, async (say) => {
        const value = depositable(amount);
        wallet = await connect(line);
        return permission(wallet, say, line, value);
      });
      await steps.run(1, (say) => send(wallet, say, call));
    },
  },
  raise: {
    steps: ({ how }) => [how === "voucher" ? "Sign the ceiling" : "Raise the ceiling"],
    async run(steps, { line, amount, how }) {
      await steps.run(0, async (say) => {
        const ceiling = higher(line, micros(amount));
        const wallet = await connect(line);
        return how === "voucher" ? signVoucher(wallet, line, ceiling) : send(wallet, say, toVault("raiseCeiling", [line, ceiling]));
      });
    },
  },
  request: {
    steps: () => ["Request the exit"],
    async run(steps, { line }) {
      await steps.run(0, async (say) => send(await connect(line), say, toVault("requestExit", [line])));
    },
  },
  exit: {
    steps: () => ["Take the rest out"],
    async run(steps, { line }) {
      await steps.run(0, async (say) => send(await connect(line), say, toVault("exit", [line])));
    },
  },
};
