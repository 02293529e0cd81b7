// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceiptProof, Receipt, ReceiptBody} from "./IReceiptProof.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title IReceiptProof for use inside a contract
/// @notice Promises and layouts are described there.
library ReceiptProof {
    bytes32 private constant DOMAIN_TYPE = keccak256("EIP712Domain(string name,string version,uint256 chainId)");
    bytes32 private constant COMMIT_TYPE = keccak256("ReceiptCommit(bytes32 root,uint32 size)");
    bytes32 private constant NAME = keccak256("Farthing");
    bytes32 private constant VERSION = keccak256("1");

    // RFC 6962: leaves and inner nodes are hashed under different prefixes, so that neither passes for the other.
    bytes1 private constant LEAF_PREFIX = 0x00;
    bytes1 private constant NODE_PREFIX = 0x01;

    function leafHash(Receipt memory receipt) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                LEAF_PREFIX,
                receipt.line,
                receipt.lease,
                receipt.seq,
                receipt.version,
                receipt.charge,
                receipt.bodyHash,
                receipt.sharesHash
            )
        );
    }

    function bodyHash(bytes32 salt, ReceiptBody memory body) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                salt,
                body.id,
                body.chargedAt,
                body.offer,
                body.inputTokens,
                body.outputTokens,
                body.items,
                body.requestHash,
                body.responseHash
            )
        );
    }

    function contentHash(bytes32 salt, bytes memory content) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(salt, content));
    }

    function nodeHash(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(NODE_PREFIX, left, right));
    }

    function proves(bytes32 leaf, uint32 index, uint32 size, bytes32[] memory path, bytes32 root)
        internal
        pure
        returns (bool)
    {
        if (index >= size) return false;
        bytes32 node = leaf;
        uint256 place = index;
        // Wider than size, so that rounding up cannot overflow.
        uint256 width = size;
        uint256 used = 0;
        while (width > 1) {
            if ((place ^ 1) < width) {
                if (used == path.length) return false;
                bytes32 neighbour = path[used++];
                node = place & 1 == 0 ? nodeHash(node, neighbour) : nodeHash(neighbour, node);
            }
            place >>= 1;
            width = (width + 1) / 2;
        }
        return used == path.length && node == root;
    }

    function digest(uint256 chainId, bytes32 root, uint32 size) internal pure returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPE, NAME, VERSION, chainId));
        return MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(COMMIT_TYPE, root, size)));
    }

    function signer(uint256 chainId, bytes32 root, uint32 size, bytes memory signature)
        internal
        pure
        returns (address)
    {
        (address recovered, ECDSA.RecoverError why, bytes32 detail) =
            ECDSA.tryRecover(digest(chainId, root, size), signature);
        if (why != ECDSA.RecoverError.NoError) revert IReceiptProof.MalformedSignature(why, detail);
        return recovered;
    }
}
