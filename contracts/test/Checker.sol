// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceiptProof, Receipt, ReceiptBody} from "../src/IReceiptProof.sol";
import {ReceiptProof} from "../src/ReceiptProof.sol";

/// @dev The library as a contract, since only a call from outside can be expected to revert.
contract Checker is IReceiptProof {
    function leafHash(Receipt calldata receipt) external pure returns (bytes32) {
        return ReceiptProof.leafHash(receipt);
    }

    function bodyHash(bytes32 salt, ReceiptBody calldata body) external pure returns (bytes32) {
        return ReceiptProof.bodyHash(salt, body);
    }

    function contentHash(bytes32 salt, bytes calldata content) external pure returns (bytes32) {
        return ReceiptProof.contentHash(salt, content);
    }

    function nodeHash(bytes32 left, bytes32 right) external pure returns (bytes32) {
        return ReceiptProof.nodeHash(left, right);
    }

    function proves(bytes32 leaf, uint32 index, uint32 size, bytes32[] calldata path, bytes32 root)
        external
        pure
        returns (bool)
    {
        return ReceiptProof.proves(leaf, index, size, path, root);
    }

    function digest(uint256 chainId, bytes32 root, uint32 size) external pure returns (bytes32) {
        return ReceiptProof.digest(chainId, root, size);
    }

    function signer(uint256 chainId, bytes32 root, uint32 size, bytes calldata signature)
        external
        pure
        returns (address)
    {
        return ReceiptProof.signer(chainId, root, size, signature);
    }
}
