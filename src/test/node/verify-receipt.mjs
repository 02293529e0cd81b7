// Checks by viem alone that a receipt stands under a root that the vault has on the chain, and that its line was debited so.
//   node verify-receipt.mjs SERVER RECEIPT RPC VAULT
import { concat, createPublicClient, decodeFunctionData, encodePacked, getAddress, http, keccak256, parseAbi, slice } from 'viem'

const [server, id, rpc, vault] = process.argv.slice(2)
const abi = parseAbi([
  'event Posted(uint40 indexed seq, bytes32 historyHash, bytes32 receiptsRoot, uint64 debited, uint64 credited)',
  'function post(uint40 seq, bytes32 prevBatchHash, bytes32 receiptsRoot, bytes rows, bytes credits)',
])

class NotProved extends Error {}
const hold = (holds, otherwise) => { if (!holds) throw new NotProved(otherwise) }
const packed = (...pairs) => keccak256(encodePacked(pairs.map(([type]) => type), pairs.map(([, value]) => value)))

/** Climbs from a node to the root; a node without a neighbour moves up unchanged. */
function climb (node, { index, path }, size) {
  const neighbours = [...path]
  for (let at = index, width = size; width > 1; at >>= 1, width = Math.ceil(width / 2)) {
    if ((at ^ 1) >= width) continue
    hold(neighbours.length > 0, 'a path is too short')
    const neighbour = neighbours.shift()
    node = keccak256(concat(at % 2 ? ['0x01', neighbour, node] : ['0x01', node, neighbour]))
  }
  hold(index < size && neighbours.length === 0, 'a path does not fit the size of its tree')
  return node
}

async function prove () {
  const answer = await fetch(`${server}/v1/receipts/${id}/proof`)
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
  const { receipt, section, line, batch } = await answer.json()

  const lease = BigInt('0x' + receipt.lease)
  const leaf = packed(['bytes1', '0x00'], ['uint32', receipt.line], ['uint64', lease], ['uint32', receipt.seq],
    ['uint32', receipt.version], ['uint64', BigInt(receipt.charge_nanos)], ['bytes32', receipt.body_hash], ['bytes32', receipt.shares_hash])
  hold(receipt.seq === section.first_seq + section.index, 'the receipt stands at another place than its sequence number says')
  const sectionNode = packed(['bytes1', '0x02'], ['uint64', lease], ['uint32', section.first_seq], ['uint32', section.count],
    ['uint64', BigInt(section.cumulative_before)], ['uint64', BigInt(section.cumulative_after)], ['bytes32', climb(leaf, section, section.count)])
  const lineNode = packed(['bytes1', '0x03'], ['uint32', receipt.line], ['uint64', BigInt(line.cumulative_before)],
    ['uint64', BigInt(line.cumulative_after)], ['uint32', line.sections], ['bytes32', climb(sectionNode, line, line.sections)])
  const root = climb(lineNode, batch, batch.rows)

  const chain = createPublicClient({ transport: http(rpc) })
  const [log] = await chain.getContractEvents({ address: getAddress(vault), abi, eventName: 'Posted', args: { seq: batch.seq }, fromBlock: 0n })
  hold(log, `the vault has no batch ${batch.seq}`)
  hold(log.args.receiptsRoot === root, `the receipt leads to the root ${root}, the vault has ${log.args.receiptsRoot}`)
  const { args: [, , , rows] } = decodeFunctionData({ abi, data: (await chain.getTransaction({ hash: log.transactionHash })).input })
  const debit = BigInt(line.cumulative_after) / 1000n - BigInt(line.cumulative_before) / 1000n
  hold((rows.length - 2) / 2 === 12 * batch.rows, 'the vault was posted another number of rows')
  hold(slice(rows, 12 * batch.index, 12 * batch.index + 12) === encodePacked(['uint32', 'uint64'], [receipt.line, debit]),
    `the vault was posted another row than ${debit} micro-units of line ${receipt.line}`)
  return `receipt ${id} (${receipt.charge_nanos} nanos) is in batch ${batch.seq}, posted by ${log.transactionHash}`
}

await prove().then(
  sentence => console.log(`proved: ${sentence}.`),
  error => {
    console.log(error instanceof NotProved ? `NOT proved: ${error.message}.` : `could not be checked: ${error.shortMessage ?? error.message}`)
    process.exitCode = error instanceof NotProved ? 1 : 2
  })
