// Writes src/test/resources/money-vectors.json: charges, splits, what a budget affords, what a line may be debited, how debits
// are rounded and how a batch of calls becomes rows and credits, at the edges of the numbers and at random ones. Java and
// Solidity both have to agree with it; it is computed here a third time, with JavaScript's BigInt.
//   node contracts/tools/money-vectors.mjs
import { writeFileSync } from "node:fs";

const MOST = 2n ** 63n - 1n; // nanos in Java's long
const MOST_MICROS = MOST / 1000n;
const MOST_UINT64 = 2n ** 64n - 1n;

// Always the same: xorshift64*.
let state = 0x46617274_68696e67n;
function random64() {
    state ^= state >> 12n;
    state = (state ^ (state << 25n)) & MOST_UINT64;
    state ^= state >> 27n;
    return (state * 0x2545f4914f6cdd1dn) & MOST_UINT64;
}
const below = bound => random64() % bound;
// As many digits as any other, so that small and large numbers come alike.
const some = most => below(2n ** below(BigInt(most.toString(2).length + 1))) % (most + 1n);
const pick = list => list[Number(below(BigInt(list.length)))];
const times = (n, make) => Array.from({ length: n }, (_, i) => make(i));
const least = (a, b) => a < b ? a : b;
const sum = list => list.reduce((all, one) => all + one, 0n);
const hex = (value, bytes) => value.toString(16).padStart(2 * bytes, "0");

const chargeOf = ([pin, pout, call, item], [tin, tout, items]) => (tin * pin + tout * pout) / 1_000_000n + call + items * item;

// A charge that no long holds is null.
const charges = [
    [[0n, 0n, 0n, 0n], [0n, 0n, 0n]],
    [[1n, 1n, 0n, 0n], [499_999n, 500_000n, 1n]],
    [[1n, 1n, 0n, 0n], [500_000n, 500_000n, 1n]],
    [[999_999n, 1n, 0n, 0n], [1n, 0n, 0n]],
    [[MOST, 0n, 0n, 0n], [1_000_000n, 0n, 0n]],
    [[MOST, 0n, 0n, 0n], [1_000_001n, 0n, 0n]],
    [[MOST, 1n, 0n, 0n], [1_000_000n, 999_999n, 0n]],
    [[MOST, 1n, 0n, 0n], [1_000_000n, 1_000_000n, 0n]],
    [[0n, 0n, MOST, 0n], [0n, 0n, MOST]],
    [[0n, 0n, MOST, 1n], [0n, 0n, 1n]],
    [[0n, 0n, 0n, MOST], [0n, 0n, 1n]],
    [[0n, 0n, 0n, MOST], [0n, 0n, 2n]],
    [[MOST, MOST, MOST, MOST], [MOST, MOST, MOST]],
    ...times(40, () => [[some(2n ** 45n), some(2n ** 45n), some(2n ** 40n), some(2n ** 40n)],
        [some(2n ** 31n), some(2n ** 31n), some(2048n)]]),
].map(([price, units]) => {
    const charge = chargeOf(price, units);
    return { price: price.map(String), units: units.map(String), charge: charge > MOST ? null : `${charge}` };
});

// By trying, not by the inverse: the most output tokens whose charge is within the budget; -1 where not even none.
function afforded(price, budget, input, most) {
    const pays = output => chargeOf(price, [input, output, 1n]) <= budget;
    if (!pays(0n)) return -1n;
    let low = 0n;
    let high = most;
    while (low < high) {
        const middle = (low + high + 1n) / 2n;
        if (pays(middle)) low = middle; else high = middle - 1n;
    }
    return low;
}
const budgets = [
    [[1n, 1n, 0n, 0n], 0n, 999_999n, 10n], [[1n, 1n, 0n, 0n], 0n, 1_000_000n, 10n], [[0n, 0n, 5n, 0n], 4n, 0n, 10n],
    [[0n, 0n, 5n, 0n], 5n, 0n, 10n], [[0n, MOST, 0n, 0n], MOST, 0n, 2n ** 31n - 1n], [[MOST, MOST, MOST, 0n], MOST, 0n, 9n],
    [[MOST, MOST, MOST, MOST], MOST, MOST, 2n ** 31n - 1n], [[0n, 1n, 0n, 0n], MOST, 0n, 2n ** 31n - 1n],
    ...times(40, () => [[some(2n ** 40n), some(2n ** 40n), some(2n ** 20n), some(2n ** 20n)], some(2n ** 42n), some(8192n),
        some(2n ** 17n)]),
].map(([price, budget, input, most]) => ({ price: price.map(String), budget: `${budget}`, input: `${input}`, most: `${most}`,
    afforded: `${afforded(price, budget, input, most)}` }));

// Largest remainder, one nano at a time; of equal remainders the earlier part comes first.
function split(charge, basisPoints) {
    const parts = basisPoints.map(points => charge * points / 10_000n);
    const remainders = basisPoints.map(points => charge * points % 10_000n);
    while (sum(parts) < charge) {
        const first = remainders.indexOf(remainders.reduce((a, b) => b > a ? b : a));
        parts[first] += 1n;
        remainders[first] = -1n;
    }
    return parts;
}
function someSplit() {
    const cuts = [...times(4, () => pick([0n, 10_000n, below(10_001n), below(10_001n)])), 0n, 10_000n]
        .sort((a, b) => Number(a - b));
    return times(5, i => cuts[i + 1] - cuts[i]);
}
const splits = [
    ...[0n, 1n, 2n, 3n, 4n, 5n, 9_999n, 10_000n, MOST - 1n, MOST].map(charge => [charge, [2000n, 2000n, 2000n, 2000n, 2000n]]),
    ...[1n, 3n, MOST].map(charge => [charge, [5000n, 0n, 5000n, 0n, 0n]]),
    ...[7n, MOST].map(charge => [charge, [0n, 0n, 0n, 0n, 10_000n]]),
    ...[1n, 9_999n, 10_001n, MOST].map(charge => [charge, [9996n, 1n, 1n, 1n, 1n]]),
    ...times(30, () => [some(MOST), someSplit()]),
].map(([charge, basisPoints]) => ({ charge: `${charge}`, basisPoints: basisPoints.map(Number),
    parts: split(charge, basisPoints).map(String) }));

// Cumulatives of a line in nanos, and what each batch debits of it in micro-units.
const lines = [
    [0n, 0n, 999n, 1_000n, 1_001n, 1_999n, 2_000n],
    [1n, 1_000n, 1_000n, 1_999_999n],
    [MOST - 1_808n, MOST - 1_807n, MOST - 808n, MOST - 807n, MOST - 1n, MOST],
    [0n, MOST],
    ...times(6, () => {
        let cumulative = some(MOST / 2n);
        return [cumulative, ...times(6, () => cumulative = least(MOST, cumulative + pick([0n, below(3n), below(3_000n), some(MOST / 8n)])))];
    }),
].map(cumulatives => ({
    cumulatives: cumulatives.map(String),
    debits: cumulatives.slice(1).map((after, i) => `${after / 1000n - cumulatives[i] / 1000n}`),
    all: `${cumulatives.at(-1) / 1000n - cumulatives[0] / 1000n}`,
}));

// The line rule: used ≤ min(ceiling, deposited), all in micro-units. Sums beyond what Java's nanos hold stand for the most that
// they hold, so that Java posts less than the vault would take and never more.
const rules = [
    [0n, 0n, [0n, 1n]], [5n, 0n, [0n, 1n]], [0n, 5n, [0n, 1n]], [5n, 7n, [3n, 3n, 2n, 1n, 0n]], [7n, 5n, [5n, 1n, 0n]],
    [MOST_MICROS, MOST_MICROS, [MOST_MICROS - 1n, 2n, 1n, 1n]],
    [MOST_MICROS + 1n, MOST_UINT64, [MOST_MICROS, 1n]],
    [MOST_UINT64, MOST_UINT64, [MOST_MICROS, MOST_UINT64 - MOST_MICROS, 1n]],
    [MOST_UINT64, MOST_MICROS, [MOST_UINT64, MOST_MICROS, 1n]],
    [1n, MOST_UINT64, [MOST_UINT64, 2n ** 63n, 1n, MOST_UINT64]],
    ...times(10, () => {
        const [deposited, ceiling] = [some(MOST_MICROS), some(MOST_MICROS)];
        const limit = least(deposited, ceiling);
        return [deposited, ceiling, times(4, () => pick([0n, 1n, limit / 2n, limit, some(MOST_MICROS)]))];
    }),
].map(([deposited, ceiling, debits]) => {
    let used = 0n;
    const limit = least(deposited, ceiling);
    return {
        deposited: `${deposited}`, ceiling: `${ceiling}`, limit: `${limit}`, limitInJava: `${least(limit, MOST_MICROS)}`,
        debits: debits.map(debit => {
            const taken = used + debit <= limit;
            if (taken) used += debit;
            return { debit: `${debit}`, taken, used: `${used}` };
        }),
    };
});

// Calls become shares, shares become what is owed, and that becomes rows and credits: batch after batch, with what each leaves
// over. Three lines, two versions; the platform is paid last, everybody above the threshold as long as there is money.
const payees = ["0x00000000000000000000000000000000000000b2", "0x7fffffffffffffffffffffffffffffffffffffff",
    "0xffffffffffffffffffffffffffffffffffffffff"];
const platform = payees[1];
const threshold = 20_000n;
const versions = [{ developer: payees[0], basisPoints: [9000n, 0n, 0n, 0n, 1000n] },
    { developer: payees[2], basisPoints: [3333n, 0n, 0n, 0n, 6667n] }];
const cumulative = [0n, 0n, 0n];
const owed = Object.fromEntries(payees.map(payee => [payee, 0n]));
let available = 0n;
const batches = [
    [[1n, 1n, 1n], [19_999n], [0n]],
    [[25_000n, 1_500n], [1n, 999n], [9_999n]],
    [[], times(40, () => below(90_000n)), times(9, () => below(2_000n))],
    [[MOST / 4n - 1n], [MOST / 4n], [MOST / 8n, 7n]],
    [[999n], [], [1n]],
    times(3, () => times(12, () => some(2n ** 50n))),
].map(batch => {
    const before = cumulative.map(String);
    batch.forEach((calls, line) => calls.forEach((charge, i) => {
        const version = versions[(line + i) % 2];
        const [developer, , , , rest] = split(charge, version.basisPoints);
        owed[version.developer] += developer;
        owed[platform] += rest;
        cumulative[line] += charge;
    }));
    const debits = cumulative.map((after, line) => after / 1000n - BigInt(before[line]) / 1000n);
    available += sum(debits);
    const owedBefore = { ...owed };
    const credited = {};
    for (const payee of [...payees.filter(p => p !== platform), platform]) {
        const credit = least(owed[payee] / 1000n, available);
        if (owed[payee] >= threshold && credit > 0n) {
            credited[payee] = credit;
            owed[payee] -= credit * 1000n;
            available -= credit;
        }
    }
    return {
        calls: batch.map(calls => calls.map(String)), before, after: cumulative.map(String), debits: debits.map(String),
        owed: payees.map(payee => `${owedBefore[payee]}`), credits: payees.map(payee => `${credited[payee] ?? 0n}`),
        owedAfter: payees.map(payee => `${owed[payee]}`), availableAfter: `${available}`,
        rows: "0x" + debits.map((debit, line) => hex(BigInt(line + 1), 4) + hex(debit, 8)).join(""),
        packedCredits: "0x" + payees.filter(payee => credited[payee] !== undefined)
            .map(payee => payee.slice(2) + hex(credited[payee], 8)).join(""),
    };
});

// Packing alone, with the largest that fit, in the order in which it has to stand.
const packed = {
    rows: [[0n, 0n], [2n ** 31n - 1n, 2n ** 32n], [2n ** 31n, 1n], [2n ** 32n - 1n, MOST_MICROS]],
    credits: [[payees[0], 1n], [payees[1], 2n ** 32n], [payees[2], MOST_MICROS]],
};
packed.packedRows = "0x" + packed.rows.map(([line, debit]) => hex(line, 4) + hex(debit, 8)).join("");
packed.packedCredits = "0x" + packed.credits.map(([payee, micros]) => payee.slice(2) + hex(micros, 8)).join("");
packed.rows = packed.rows.map(row => row.map(String));
packed.credits = packed.credits.map(credit => credit.map(String));

const json = JSON.stringify({
    madeBy: "contracts/tools/money-vectors.mjs", charges, budgets, splits, lines, rules,
    settled: { payees, platform, threshold: `${threshold}`,
        versions: versions.map(v => ({ developer: v.developer, basisPoints: v.basisPoints.map(Number) })), batches },
    packed,
}, null, 2);
// Lists of numbers on one line.
writeFileSync(new URL("../../src/test/resources/money-vectors.json", import.meta.url),
    json.replace(/\[[^[\]{}]*\]/g, list => list.replace(/\s+/g, " ").replace("[ ", "[").replace(" ]", "]")) + "\n");
