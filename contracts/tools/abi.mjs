// abi/*.json holds the ABI and the bytecode of what is deployed, so that building the server needs neither forge nor solc;
// a wallet that is a contract is there for the server's tests.
//   node tools/abi.mjs         writes them from forge's last build
//   node tools/abi.mjs check   fails when they are not what that build gave
import { readFileSync, writeFileSync, mkdirSync } from "node:fs";

const contracts = [
    { name: "UsageVault", source: "UsageVault.sol", to: "abi" },
    { name: "ModelRegistry", source: "ModelRegistry.sol", to: "abi" },
    { name: "TestToken", source: "TestToken.sol", to: "abi" },
    { name: "Wallet", source: "Wallets.sol", to: "../src/test/resources" },
];
const at = path => new URL(`../${path}`, import.meta.url);
const checking = process.argv[2] === "check";

mkdirSync(at("abi/"), { recursive: true });
for (const { name, source, to } of contracts) {
    const { abi, bytecode } = JSON.parse(readFileSync(at(`out/${source}/${name}.json`), "utf8"));
    const built = JSON.stringify({ abi, bytecode: bytecode.object }, null, 1) + "\n";
    const file = at(`${to}/${name}.json`);
    if (!checking) {
        writeFileSync(file, built);
    } else if (readFileSync(file, { encoding: "utf8", flag: "r" }) !== built) {
        console.error(`contracts/check: ${to}/${name}.json is not what its sources give. Run node contracts/tools/abi.mjs and commit it.`);
        process.exitCode = 1;
    }
}
