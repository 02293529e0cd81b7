// The key of a trial's person, in a file of its own because only a click on a trial's page needs it.
export { privateKeyToAccount } from "viem/accounts";
