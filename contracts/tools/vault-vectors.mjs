// Writes src/test/resources/vault-vectors.json: what is signed for the vault, its token and the registry, how batches and
// vouchers are packed and how the history is hashed. Java and Solidity both have to agree with it; it is computed here a third
// time, with viem (from frontend-templates), so that the two cannot be wrong together.
//   node contracts/tools/vault-vectors.mjs
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../frontend-templates/package.json", import.meta.url));
const { concat, encodeAbiParameters, encodePacked, hashTypedData, keccak256, size, stringToHex, zeroHash } = require("viem");
const { privateKeyToAccount } = require("viem/accounts");

const keyText = "Farthing vault vectors: no secret";
const account = privateKeyToAccount(keccak256(stringToHex(keyText)));
const chainId = 31337;
const vault = "0x00000000000000000000000000000000000fa401";
const token = "0x00000000000000000000000000000000000fa402";
const registry = "0x00000000000000000000000000000000000fa403";
const MOST = { 32: 2 ** 32 - 1, 40: 2 ** 40 - 1, 64: 2n ** 64n - 1n };

const hash = text => keccak256(stringToHex(text));
const words = (...values) => encodeAbiParameters(values.map(([type]) => ({ type })), values.map(([, value]) => value));
const text = message => Object.fromEntries(Object.entries(message).map(([k, v]) => [k, typeof v === "bigint" ? `${v}` : v]));

async function signed(contract, name, primaryType, fields, message) {
    const typed = {
        domain: { name, version: "1", chainId, verifyingContract: contract },
        types: { [primaryType]: fields.split(",").map(f => ({ type: f.split(" ")[0], name: f.split(" ")[1] })) },
        primaryType, message,
    };
    return { ...text(message), digest: hashTypedData(typed), signature: await account.signTypedData(typed) };
}

const vouchers = [];
for (const message of [
    { line: 1, ceiling: 5_000_000n, deadline: 1_790_000_000 },
    { line: 2, ceiling: 1n, deadline: MOST[40] },
    { line: MOST[32], ceiling: MOST[64], deadline: 0 },
]) {
    const voucher = await signed(vault, "Farthing", "SpendVoucher", "uint32 line,uint64 ceiling,uint40 deadline", message);
    const { line, ceiling, deadline } = message;
    vouchers.push({
        ...voucher,
        packed: encodePacked(["uint32", "uint64", "uint40", "uint16", "bytes"],
            [line, ceiling, deadline, size(voucher.signature), voucher.signature]),
    });
}

const authorizations = [];
for (const [line, salt, value] of [[1, hash("salt"), 2_500_000n], [MOST[32], hash("other salt"), MOST[64]]]) {
    const nonce = keccak256(words(["uint256", BigInt(line)], ["bytes32", salt]));
    authorizations.push({
        line, salt,
        ...await signed(token, "Farthing Test Dollar", "ReceiveWithAuthorization",
            "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce",
            { from: account.address, to: vault, value, validAfter: 0n, validBefore: 1_790_000_000n, nonce }),
    });
}
const permits = [
    await signed(token, "Farthing Test Dollar", "Permit",
        "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline",
        { owner: account.address, spender: vault, value: 2_500_000n, nonce: 0n, deadline: 1_790_000_000n }),
];

const genesis = keccak256(words(["uint256", BigInt(chainId)], ["address", vault]));
const history = [];
let before = genesis;
function entry(what, words) {
    const entryHash = keccak256(words);
    const after = keccak256(concat([before, entryHash]));
    history.push({ ...what, before, entryHash, after });
    before = after;
}
function post(seq, parent, rows, credits) {
    const receiptsRoot = hash(`receipts ${seq}`);
    const packedRows = concat(["0x", ...rows.map(row => encodePacked(["uint32", "uint64"], row))]);
    const packedCredits = concat(["0x", ...credits.map(credit => encodePacked(["address", "uint64"], credit))]);
    entry({
        kind: "post", seq, parent, receiptsRoot, rows: packedRows, credits: packedCredits,
        debited: `${rows.reduce((sum, [, debit]) => sum + debit, 0n)}`,
        credited: `${credits.reduce((sum, [, amount]) => sum + amount, 0n)}`,
    }, words(["uint256", BigInt(seq)], ["uint256", BigInt(parent)], ["bytes32", receiptsRoot],
        ["bytes32", keccak256(packedRows)], ["bytes32", keccak256(packedCredits)]));
}
const voidBatch = (seq, voided) =>
    entry({ kind: "void", seq, voided }, words(["uint256", BigInt(seq)], ["uint256", BigInt(voided)]));
const payees = [1, 2].map(i => `0x${`${i}`.repeat(40)}`);
post(1, 0, [[1, 700n], [2, 300n]], [[payees[0], 600n], [payees[1], 250n]]);
post(2, 1, [[0, 0n], [1, 1n]], []);
voidBatch(3, 2);
post(4, 1, [], [[payees[1], 150n]]);

const versionRecord = {
    owner: account.address, name: "kjv@1", artefactHash: hash("artefact"), provenanceHash: hash("provenance"),
    baseVersion: zeroHash, snapshotsHash: hash("snapshots"), splitHash: hash("split"),
    deadline: 1_790_000_000,
};
const snapshotRecord = {
    owner: account.address, name: "bible/2026-11 ☀", root: hash("root"), licenceHash: hash("licence"), deadline: 1_790_000_000,
};
const idOf = ({ owner, name }) => keccak256(encodePacked(["address", "string"], [owner, name]));
const records = {
    version: {
        id: idOf(versionRecord),
        ...await signed(registry, "Farthing", "VersionRecord", "address owner,string name,bytes32 artefactHash," +
            "bytes32 provenanceHash,bytes32 baseVersion,bytes32 snapshotsHash,bytes32 splitHash,uint40 deadline", versionRecord),
    },
    snapshot: {
        id: idOf(snapshotRecord),
        ...await signed(registry, "Farthing", "SnapshotRecord",
            "address owner,string name,bytes32 root,bytes32 licenceHash,uint40 deadline", snapshotRecord),
    },
    offer: await signed(registry, "Farthing", "Offer", "bytes32 version,uint32 number,uint64 perMillionInputTokens," +
        "uint64 perMillionOutputTokens,uint64 perCall,uint64 perItem,uint40 from,uint40 deadline", {
        version: idOf(versionRecord), number: 1, perMillionInputTokens: 20_000_000n, perMillionOutputTokens: MOST[64], perCall: 0n,
        perItem: 1n, from: 1_780_000_000, deadline: 1_790_000_000,
    }),
};

writeFileSync(new URL("../../src/test/resources/vault-vectors.json", import.meta.url), JSON.stringify({
    madeBy: "contracts/tools/vault-vectors.mjs", chainId, keyIsKeccakOf: keyText, signer: account.address, vault, token, registry,
    vouchers, authorizations, permits, genesis, history, records,
}, null, 2) + "\n");
