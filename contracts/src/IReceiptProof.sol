// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice What anyone may see of one call.
struct Receipt {
    uint32 line;
    uint64 lease;
    uint32 seq;
    uint32 version;
    /// In nanos: 1e-9 of the settlement token.
    uint64 charge;
    bytes32 bodyHash;
    bytes32 sharesHash;
}

/// @notice What only the payer opens of one call.
struct ReceiptBody {
    bytes16 id;
    /// In microseconds since 1970.
    uint64 chargedAt;
    uint64 offer;
    uint32 inputTokens;
    uint32 outputTokens;
    uint32 items;
    bytes32 requestHash;
    bytes32 responseHash;
}

/// @title Checks of what the server signs for every call
/// @notice Receipts of one group commit are the leaves of a Merkle tree, and one signature covers its root and size. To
/// check a receipt, compute its leaf from its fields (never take a leaf as given: an inner node is 32 bytes too), prove it
/// against a root, and recover who signed that root with that size. The tree alone does not fix its size; the signature
/// does.
interface IReceiptProof {
    /// @notice The bytes are no signature that one key could have made in one way only.
    /// @param detail The length, or the s in the upper half; zero otherwise
    error MalformedSignature(ECDSA.RecoverError why, bytes32 detail);

    /// @notice keccak256(0x00 ‖ line(4) ‖ lease(8) ‖ seq(4) ‖ version(4) ‖ charge(8) ‖ bodyHash(32) ‖ sharesHash(32))
    function leafHash(Receipt calldata receipt) external pure returns (bytes32);

    /// @notice keccak256(salt(32) ‖ id(16) ‖ chargedAt(8) ‖ offer(8) ‖ inputTokens(4) ‖ outputTokens(4) ‖ items(4) ‖
    /// requestHash(32) ‖ responseHash(32))
    function bodyHash(bytes32 salt, ReceiptBody calldata body) external pure returns (bytes32);

    /// @notice keccak256(salt(32) ‖ content), for the bytes of a request or an answer
    function contentHash(bytes32 salt, bytes calldata content) external pure returns (bytes32);

    /// @notice keccak256(0x01 ‖ left(32) ‖ right(32))
    function nodeHash(bytes32 left, bytes32 right) external pure returns (bytes32);

    /// @notice Whether the leaf stands at the index in a tree of that size with that root. A node without a neighbour moves
    /// up unchanged.
    /// @param index From 0
    /// @param path The neighbours from the leaf up; levels where the node has none are left out
    function proves(bytes32 leaf, uint32 index, uint32 size, bytes32[] calldata path, bytes32 root)
        external
        pure
        returns (bool);

    /// @notice What is signed for a commit: the EIP-712 digest of ReceiptCommit(bytes32 root,uint32 size) in the domain
    /// (name "Farthing", version "1", chainId)
    function digest(uint256 chainId, bytes32 root, uint32 size) external pure returns (bytes32);

    /// @notice Who signed that root and size. It is an address for every well-formed signature: compare it.
    /// @param signature 65 bytes r ‖ s ‖ v
    function signer(uint256 chainId, bytes32 root, uint32 size, bytes calldata signature)
        external
        pure
        returns (address);
}
