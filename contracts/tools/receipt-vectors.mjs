// Writes src/test/resources/receipt-vectors.json, what Java and Solidity both have to agree with. It is computed here a third
// time, with viem (from frontend-templates), so that the two cannot be wrong together.
//   node contracts/tools/receipt-vectors.mjs
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../frontend-templates/package.json", import.meta.url));
const { concat, encodePacked, hashTypedData, hexToBigInt, keccak256, numberToHex, recoverAddress, slice, stringToHex } =
    require("viem");
const { privateKeyToAccount } = require("viem/accounts");

const keyText = "Farthing receipt vectors: no secret";
const account = privateKeyToAccount(keccak256(stringToHex(keyText)));
const chainId = 31337;
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const hash = text => keccak256(stringToHex(text));
const nothing = keccak256("0x");
const contentHash = (salt, content) => keccak256(concat([salt, content]));

function receipt({ line, lease, seq, version, charge, offer, inputTokens, outputTokens, items, request, response, sharesHash }, i) {
    const salt = hash(`salt ${i}`);
    const id = slice(hash(`id ${i}`), 0, 16);
    const chargedAt = 1_790_000_000_123_456n + BigInt(i);
    const requestHash = contentHash(salt, request);
    const responseHash = contentHash(salt, response);
    const bodyHash = keccak256(encodePacked(
        ["bytes32", "bytes16", "uint64", "uint64", "uint32", "uint32", "uint32", "bytes32", "bytes32"],
        [salt, id, chargedAt, offer, inputTokens, outputTokens, items, requestHash, responseHash]));
    const leaf = keccak256(encodePacked(
        ["bytes1", "uint32", "uint64", "uint32", "uint32", "uint64", "bytes32", "bytes32"],
        ["0x00", line, lease, seq, version, charge, bodyHash, sharesHash]));
    return {
        line, lease: `${lease}`, seq, version, charge: `${charge}`, salt, id, chargedAt: `${chargedAt}`, offer: `${offer}`,
        inputTokens, outputTokens, items, request, response, sharesHash, requestHash, responseHash, bodyHash, leaf,
    };
}

const usual = {
    line: 1, lease: 0x1234_5678_9abc_def0n, seq: 0, version: 3, charge: 1_250n, offer: 7n, inputTokens: 12, outputTokens: 64,
    items: 0, request: stringToHex('{"prompt":"In the beginning"}'), response: stringToHex("And God said, ☀"), sharesHash: nothing,
};
const receipts = [
    usual,
    { ...usual, seq: 1, charge: 0n, outputTokens: 0, response: "0x" },
    { ...usual, seq: 2, items: 5, sharesHash: hash("shares") },
    { ...usual, line: 2, lease: 0xffff_ffff_ffff_ffffn, request: "0x00ff80", response: "0x00" },
    { ...usual, line: 0xffff_ffff, lease: 0x8000_0000_0000_0000n, seq: 0x7fff_ffff, version: 0xffff_ffff,
        charge: 0x7fff_ffff_ffff_ffffn, offer: 0x7fff_ffff_ffff_ffffn, inputTokens: 0x7fff_ffff, outputTokens: 0x7fff_ffff,
        items: 0x7fff_ffff },
    { ...usual, line: 0, lease: 0n, version: 0, charge: 1n, offer: 0n, inputTokens: 0, outputTokens: 0, request: "0x" },
    { ...usual, seq: 3 },
].map(receipt);
const leaves = receipts.map(r => r.leaf);

// The tree by recursion, unlike the level by level of Java and the climbing of Solidity.
const node = (left, right) => keccak256(concat(["0x01", left, right]));
const half = n => 2 ** Math.ceil(Math.log2(n) - 1);
const rootOf = nodes => nodes.length === 1
    ? nodes[0]
    : node(rootOf(nodes.slice(0, half(nodes.length))), rootOf(nodes.slice(half(nodes.length))));
function pathOf(nodes, index) {
    if (nodes.length === 1) return [];
    const left = nodes.slice(0, half(nodes.length));
    const right = nodes.slice(half(nodes.length));
    return index < left.length
        ? [...pathOf(left, index), rootOf(right)]
        : [...pathOf(right, index - left.length), rootOf(left)];
}

const typed = (root, size, chain = chainId) => ({
    domain: { name: "Farthing", version: "1", chainId: chain },
    types: { ReceiptCommit: [{ name: "root", type: "bytes32" }, { name: "size", type: "uint32" }] },
    primaryType: "ReceiptCommit",
    message: { root, size },
});

const commits = [];
for (let size = 1; size <= leaves.length; size++) {
    const nodes = leaves.slice(0, size);
    const root = rootOf(nodes);
    commits.push({
        size, root, digest: hashTypedData(typed(root, size)), signature: await account.signTypedData(typed(root, size)),
        paths: nodes.map((_, index) => pathOf(nodes, index)),
    });
}

const { root, paths } = commits.at(-1);
const right = { leaf: leaves[4], index: 4, size: 7, path: paths[4], root };
const other = hash("other");
const deep = Array.from({ length: 31 }, (_, i) => hash(`neighbour ${i}`));
const deepRoot = deep.reduce((below, neighbour, i) => (5 >> i) & 1 ? node(neighbour, below) : node(below, neighbour), leaves[0]);
const proofs = [
    ["the right one", true, {}],
    ["the last leaf, which moves up once", true, { leaf: leaves[6], index: 6, path: paths[6] }],
    ["a tree of one leaf", true, { leaf: other, index: 0, size: 1, path: [], root: other }],
    ["another leaf", false, { leaf: other }],
    ["another index", false, { index: 5 }],
    ["an index outside", false, { index: 7 }],
    ["another root", false, { root: other }],
    ["no tree at all", false, { leaf: other, index: 0, size: 0, path: [], root: other }],
    ["a path one short", false, { path: right.path.slice(0, -1) }],
    ["a path one long", false, { path: [...right.path, other] }],
    ["a path for a tree of one leaf", false, { leaf: other, index: 0, size: 1, path: [other], root: other }],
    ["a bent neighbour", false, { path: [right.path[0], other, right.path[2]] }],
    ["neighbours in another order", false, { path: right.path.toReversed() }],
    ["a size in which the leaf moves up sooner", false, { size: 5 }],
    ["a size of the same shape for this leaf: only the signature fixes the size", true, { size: 8 }],
    ["an inner node as a leaf", false, { leaf: node(leaves[4], leaves[5]), index: 2, path: right.path.slice(1) }],
    ["an inner node in a tree of fewer leaves: only the signature and the leaf's own fields refuse it", true,
        { leaf: node(leaves[4], leaves[5]), index: 2, size: 4, path: right.path.slice(1) }],
    ["the largest size, with its whole path", true,
        { leaf: leaves[0], index: 5, size: 0x7fff_ffff, path: deep, root: deepRoot }],
    ["the largest size, after one step", false,
        { leaf: leaves[0], index: 0, size: 0x7fff_ffff, path: [other], root: node(leaves[0], other) }],
].map(([why, proves, change]) => ({ why, ...right, ...change, proves }));

const { signature } = commits.at(-1);
const r = slice(signature, 0, 32);
const s = slice(signature, 32, 64);
const v = slice(signature, 64);
const word = n => numberToHex(n, { size: 32 });
const otherV = v === "0x1b" ? "0x1c" : "0x1b";
const signatures = [];
for (const [why, good, change] of [
    ["the right one", true, {}],
    ["for another chain it is somebody else's", true, { chainId: 1 }],
    ["for another root it is somebody else's", true, { root: other }],
    ["for another size it is somebody else's", true, { size: 8 }],
    ["with the other v it is somebody else's", true, { signature: concat([r, s, otherV]) }],
    ["the upper half of s", false, { signature: concat([r, word(ORDER - hexToBigInt(s)), otherV]) }],
    ["v from 0", false, { signature: concat([r, s, numberToHex(Number(v) - 27, { size: 1 })]) }],
    ["v of 29", false, { signature: concat([r, s, "0x1d"]) }],
    ["v of 255", false, { signature: concat([r, s, "0xff"]) }],
    ["r of 0", false, { signature: concat([word(0n), s, v]) }],
    ["s of 0", false, { signature: concat([r, word(0n), v]) }],
    ["r of the order", false, { signature: concat([word(ORDER), s, v]) }],
    ["r of no point of the curve", false, { signature: concat([word(5n), s, v]) }],
    ["64 bytes (ERC-2098)", false,
        { signature: concat([r, word(hexToBigInt(s) | (BigInt(Number(v) - 27) << 255n))]) }],
    ["66 bytes", false, { signature: concat([signature, "0x00"]) }],
    ["no bytes", false, { signature: "0x" }],
]) {
    const asked = { chainId, root, size: 7, signature, ...change };
    const digest = hashTypedData(typed(asked.root, asked.size, asked.chainId));
    signatures.push({ why, ...asked, signer: good ? await recoverAddress({ hash: digest, signature: asked.signature }) : "" });
}

writeFileSync(new URL("../../src/test/resources/receipt-vectors.json", import.meta.url), JSON.stringify({
    madeBy: "contracts/tools/receipt-vectors.mjs", chainId, keyIsKeccakOf: keyText, signer: account.address, noSharesHash: nothing,
    receipts, commits, proofs, signatures,
}, null, 2) + "\n");
