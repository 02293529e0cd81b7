// Writes src/test/resources/batch-vectors.json: the files, nodes, root, packing and history of a batch with several lines,
// several sections and gaps in them, and the proof of each of its receipts. Java has to agree with it; it is computed here
// another way, with viem (from frontend-templates).
//   node contracts/tools/batch-vectors.mjs
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../frontend-templates/package.json", import.meta.url));
const { concat, encodeAbiParameters, encodePacked, getAddress, keccak256, sha256, stringToHex } = require("viem");

const chainId = 31337;
const vault = "0x00000000000000000000000000000000000fa401";
const hash = text => keccak256(stringToHex(text));

// The trees by recursion, unlike the streaming and the level by level of Java.
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

// [line, cumulative before, [lease, first seq, charges of consecutive calls], ...]
const settled = [
    [0, 0n, [1n, 0, [0n]]],
    [1, 12_999n, [7n, 0, [1_250n, 0n, 5_201n]], [7n, 4, [999n]], [7n, 9, [1n, 1n, 1n, 1n, 1n]],
        [0x7fff_ffff_ffff_ffffn, 3, [2_000n, 30n]], [0xa189_e6f9_83ce_c048n, 0x7fff_fffe, [1_000_000n, 7n]]],
    [2, 999n, [0n, 5, [1n]], [0xffff_ffff_ffff_ffffn, 0, [123_456_789n, 1n, 2n, 3n, 4n, 5n, 6n]]],
    [0x8000_0000, 0x7fff_ffff_ffff_0000n, [2n, 0, [1n, 2n]]],
    [0xffff_ffff, 5_000n, [3n, 1, [1_000n]]],
];

const lines = settled.map(([line, before, ...runs], l) => {
    let sum = before;
    const sections = runs.map(([lease, firstSeq, charges], s) => {
        const start = sum;
        const receipts = charges.map((charge, i) => {
            sum += charge;
            const version = [3, 9, 0xffff_ffff][i % 3];
            const bodyHash = hash(`body ${l} ${s} ${i}`);
            const sharesHash = keccak256("0x");
            const leaf = keccak256(encodePacked(
                ["bytes1", "uint32", "uint64", "uint32", "uint32", "uint64", "bytes32", "bytes32"],
                ["0x00", line, lease, firstSeq + i, version, charge, bodyHash, sharesHash]));
            return { seq: firstSeq + i, version, charge: `${charge}`, bodyHash, sharesHash, leaf };
        });
        const leaves = receipts.map(r => r.leaf);
        return {
            lease: `${lease}`, firstSeq, cumulativeBefore: `${start}`, cumulativeAfter: `${sum}`, receipts,
            node: keccak256(encodePacked(["bytes1", "uint64", "uint32", "uint32", "uint64", "uint64", "bytes32"],
                ["0x02", lease, firstSeq, leaves.length, start, sum, rootOf(leaves)])),
            paths: leaves.map((_, i) => pathOf(leaves, i)),
        };
    });
    const nodes = sections.map(s => s.node);
    const file = concat(sections.flatMap(s => [
        encodePacked(["uint64", "uint32", "uint32"], [BigInt(s.lease), s.firstSeq, s.receipts.length]),
        ...s.receipts.map(r => encodePacked(["uint32", "uint64", "bytes32", "bytes32"],
            [r.version, BigInt(r.charge), r.bodyHash, r.sharesHash])),
    ]));
    return {
        line, cumulativeBefore: `${before}`, cumulativeAfter: `${sum}`, debitMicros: `${sum / 1000n - before / 1000n}`,
        sections, paths: nodes.map((_, i) => pathOf(nodes, i)),
        node: keccak256(encodePacked(["bytes1", "uint32", "uint64", "uint64", "uint32", "bytes32"],
            ["0x03", line, before, sum, nodes.length, rootOf(nodes)])),
        file, sha256: sha256(file),
    };
});

const nodes = lines.map(l => l.node);
const receiptsRoot = rootOf(nodes);
const rows = concat(lines.map(l => encodePacked(["uint32", "uint64"], [l.line, BigInt(l.debitMicros)])));
// By their bytes b2 comes before Bb, by the text with EIP-55's capitals it may not.
const payees = ["0x00000000000000000000000000000000000000b2", "0xbb00000000000000000000000000000000000001",
    "0xffffffffffffffffffffffffffffffffffffffff"].map((payee, i) => ({ payee: getAddress(payee), micros: `${100 + i}` }));
const credits = concat(payees.map(c => encodePacked(["address", "uint64"], [c.payee, BigInt(c.micros)])));

const words = (...values) => encodeAbiParameters(values.map(([type]) => ({ type })), values.map(([, value]) => value));
const genesis = keccak256(words(["uint256", BigInt(chainId)], ["address", vault]));
const entry = (seq, parent) => keccak256(words(["uint256", seq], ["uint256", parent], ["bytes32", receiptsRoot],
    ["bytes32", keccak256(rows)], ["bytes32", keccak256(credits)]));
const first = keccak256(concat([genesis, entry(1n, 0n)]));
const voided = keccak256(concat([first, keccak256(words(["uint256", 2n], ["uint256", 1n]))]));

writeFileSync(new URL("../../src/test/resources/batch-vectors.json", import.meta.url), JSON.stringify({
    madeBy: "contracts/tools/batch-vectors.mjs", chainId, vault, lines, paths: nodes.map((_, i) => pathOf(nodes, i)), receiptsRoot,
    rows, payees, credits,
    history: { genesis, first, voided, third: keccak256(concat([voided, entry(3n, 0n)])) },
}, null, 2) + "\n");
