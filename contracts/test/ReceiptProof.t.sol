// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceiptProof, Receipt, ReceiptBody} from "../src/IReceiptProof.sol";
import {Checker} from "./Checker.sol";
import {VM} from "./Vm.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

contract ReceiptProofTest {
    string private constant VECTORS = "../src/test/resources/receipt-vectors.json";
    uint256 private constant KEY_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    uint256 private constant MOST_LEAVES = 64;

    IReceiptProof private checker;
    string private json;

    function setUp() public {
        checker = new Checker();
        // It may read this one file; see foundry.toml.
        // forge-lint: disable-next-line(unsafe-cheatcode)
        json = VM.readFile(VECTORS);
    }

    function test_HashesReceiptsAsTheVectorsDo() public view {
        VM.assertEq(keccak256(""), VM.parseJsonBytes32(json, ".noSharesHash"), "hash of no shares");
        uint256 count = 0;
        for (; VM.keyExistsJson(json, _item(".receipts", count)); count++) {
            string memory item = _item(".receipts", count);
            bytes32 salt = _bytes32(item, ".salt");
            ReceiptBody memory body = _body(item);
            VM.assertEq(
                checker.contentHash(salt, VM.parseJsonBytes(json, string.concat(item, ".request"))),
                body.requestHash,
                item
            );
            VM.assertEq(
                checker.contentHash(salt, VM.parseJsonBytes(json, string.concat(item, ".response"))),
                body.responseHash,
                item
            );
            Receipt memory receipt = _receipt(item);
            VM.assertEq(checker.bodyHash(salt, body), receipt.bodyHash, item);
            VM.assertEq(checker.leafHash(receipt), _bytes32(item, ".leaf"), item);
        }
        VM.assertEq(count, 7, "receipts read");
    }

    function test_BuildsProvesAndSignsCommitsAsTheVectorsDo() public view {
        uint256 chainId = VM.parseJsonUint(json, ".chainId");
        uint256 key = uint256(keccak256(bytes(VM.parseJsonString(json, ".keyIsKeccakOf"))));
        address signer = VM.parseJsonAddress(json, ".signer");
        for (uint32 size = 1; size <= 7; size++) {
            string memory item = _item(".commits", size - 1);
            bytes32[] memory leaves = new bytes32[](size);
            for (uint256 i = 0; i < size; i++) {
                leaves[i] = _bytes32(_item(".receipts", i), ".leaf");
            }
            bytes32 root = _root(leaves);
            VM.assertEq(root, _bytes32(item, ".root"), item);
            for (uint32 i = 0; i < size; i++) {
                bytes32[] memory path = VM.parseJsonBytes32Array(json, _item(string.concat(item, ".paths"), i));
                VM.assertEq(keccak256(abi.encode(_path(leaves, i))), keccak256(abi.encode(path)), item);
                VM.assertTrue(checker.proves(leaves[i], i, size, path, root), item);
            }
            bytes memory signature = VM.parseJsonBytes(json, string.concat(item, ".signature"));
            VM.assertEq(checker.digest(chainId, root, size), _bytes32(item, ".digest"), item);
            VM.assertEq(_sign(key, chainId, root, size), signature, item);
            VM.assertEq(checker.signer(chainId, root, size, signature), signer, item);
        }
        VM.assertFalse(VM.keyExistsJson(json, ".commits[7]"), "commits not read");
    }

    function test_JudgesProofsAsTheVectorsDo() public view {
        uint256 count = 0;
        for (; VM.keyExistsJson(json, _item(".proofs", count)); count++) {
            string memory item = _item(".proofs", count);
            bool proved = checker.proves(
                _bytes32(item, ".leaf"),
                uint32(_uint(item, ".index")),
                uint32(_uint(item, ".size")),
                VM.parseJsonBytes32Array(json, string.concat(item, ".path")),
                _bytes32(item, ".root")
            );
            VM.assertEq(proved, VM.parseJsonBool(json, string.concat(item, ".proves")), _string(item, ".why"));
        }
        VM.assertTrue(count > 15, "proofs read");
    }

    function test_RecoversAndRefusesSignaturesAsTheVectorsDo() public view {
        uint256 count = 0;
        for (; VM.keyExistsJson(json, _item(".signatures", count)); count++) {
            string memory item = _item(".signatures", count);
            address expected = bytes(_string(item, ".signer")).length == 0
                ? address(0)
                : VM.parseJsonAddress(json, string.concat(item, ".signer"));
            try checker.signer(
                _uint(item, ".chainId"),
                _bytes32(item, ".root"),
                uint32(_uint(item, ".size")),
                VM.parseJsonBytes(json, string.concat(item, ".signature"))
            ) returns (
                address signer
            ) {
                VM.assertEq(signer, expected, _string(item, ".why"));
            } catch (bytes memory reason) {
                VM.assertEq(address(0), expected, _string(item, ".why"));
                // The first four bytes of what was thrown are its selector.
                // forge-lint: disable-next-line(unsafe-typecast)
                VM.assertEq(bytes4(reason), IReceiptProof.MalformedSignature.selector, _string(item, ".why"));
            }
        }
        VM.assertTrue(count > 15, "signatures read");
    }

    function testFuzz_ProvesEveryLeafOfAnySet(bytes32 seed, uint256 count) public view {
        bytes32[] memory leaves = _leaves(seed, count);
        bytes32 root = _root(leaves);
        for (uint32 i = 0; i < leaves.length; i++) {
            VM.assertTrue(checker.proves(leaves[i], i, uint32(leaves.length), _path(leaves, i), root), "proved");
        }
    }

    function testFuzz_RefusesABentPath(bytes32 seed, uint256 count, uint32 which, uint256 where, uint256 bit)
        public
        view
    {
        bytes32[] memory leaves = _leaves(seed, count);
        VM.assume(leaves.length > 1);
        uint32 size = uint32(leaves.length);
        uint32 index = which % size;
        bytes32 root = _root(leaves);
        bytes32[] memory path = _path(leaves, index);
        path[where % path.length] ^= bytes32(2 ** (bit % 256));
        VM.assertFalse(checker.proves(leaves[index], index, size, path, root), "bent path");
    }

    function testFuzz_RefusesAPathOfAnotherLength(bytes32 seed, uint256 count, uint32 which, bytes32 more) public view {
        bytes32[] memory leaves = _leaves(seed, count);
        uint32 size = uint32(leaves.length);
        uint32 index = which % size;
        bytes32 root = _root(leaves);
        bytes32[] memory path = _path(leaves, index);
        VM.assertFalse(
            checker.proves(leaves[index], index, size, _resized(path, path.length + 1, more), root), "longer"
        );
        if (path.length > 0) {
            VM.assertFalse(
                checker.proves(leaves[index], index, size, _resized(path, path.length - 1, more), root), "shorter"
            );
        }
    }

    function testFuzz_RefusesAnotherLeafIndexOrRoot(bytes32 seed, uint256 count, uint32 which, uint32 other)
        public
        view
    {
        bytes32[] memory leaves = _leaves(seed, count);
        uint32 size = uint32(leaves.length);
        uint32 index = which % size;
        bytes32 root = _root(leaves);
        bytes32[] memory path = _path(leaves, index);
        VM.assertFalse(checker.proves(~leaves[index], index, size, path, root), "another leaf");
        VM.assertFalse(checker.proves(leaves[index], index, size, path, ~root), "another root");
        VM.assertFalse(checker.proves(leaves[index], index + size, size, path, root), "an index outside");
        VM.assume(other % size != index);
        VM.assertFalse(checker.proves(leaves[index], other % size, size, path, root), "another index");
    }

    function testFuzz_RefusesAnInnerNodeAsALeaf(bytes32 seed, uint256 count, uint32 which) public view {
        bytes32[] memory leaves = _leaves(seed, count);
        VM.assume(leaves.length > 1);
        uint32 size = uint32(leaves.length);
        uint32 pair = which % (size / 2);
        bytes32 node = checker.nodeHash(leaves[2 * pair], leaves[2 * pair + 1]);
        bytes32[] memory path = _path(leaves, 2 * pair);
        bytes32[] memory upper = new bytes32[](path.length - 1);
        for (uint256 i = 0; i < upper.length; i++) {
            upper[i] = path[i + 1];
        }
        bytes32 root = _root(leaves);
        VM.assertFalse(checker.proves(node, pair, size, upper, root), "inner node");
        VM.assertFalse(checker.proves(node, 2 * pair, size, upper, root), "inner node");
    }

    function testFuzz_RecoversTheSignerOfThisRootSizeAndChainOnly(
        uint256 any,
        uint256 chainId,
        bytes32 root,
        uint32 size,
        uint8 bit
    ) public view {
        uint256 key = 1 + any % (KEY_ORDER - 1);
        address signer = VM.addr(key);
        bytes memory signature = _sign(key, chainId, root, size);
        uint256 flip = 2 ** bit;
        VM.assertEq(checker.signer(chainId, root, size, signature), signer, "signer");
        VM.assertTrue(checker.signer(chainId, root ^ bytes32(flip), size, signature) != signer, "another root");
        VM.assertTrue(checker.signer(chainId ^ flip, root, size, signature) != signer, "another chain");
        VM.assertTrue(
            checker.signer(chainId, root, size ^ uint32(2 ** (bit % 32)), signature) != signer, "another size"
        );
    }

    function testFuzz_NamesTheLengthOfASignatureThatIsNone(bytes memory signature) public {
        VM.assume(signature.length != 65);
        VM.expectRevert(
            abi.encodeWithSelector(
                IReceiptProof.MalformedSignature.selector,
                ECDSA.RecoverError.InvalidSignatureLength,
                bytes32(signature.length)
            )
        );
        checker.signer(31_337, bytes32(0), 1, signature);
    }

    function testFuzz_RefusesTheUpperHalfOfS(uint256 any, bytes32 root) public {
        uint256 key = 1 + any % (KEY_ORDER - 1);
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, checker.digest(31_337, root, 1));
        bytes32 upper = bytes32(KEY_ORDER - uint256(s));
        VM.expectRevert(
            abi.encodeWithSelector(
                IReceiptProof.MalformedSignature.selector, ECDSA.RecoverError.InvalidSignatureS, upper
            )
        );
        checker.signer(31_337, root, 1, abi.encodePacked(r, upper, v == 27 ? uint8(28) : uint8(27)));
    }

    // The tree by recursion, unlike the climbing that is tested.

    function _root(bytes32[] memory leaves) private view returns (bytes32) {
        return _root(leaves, 0, leaves.length);
    }

    function _root(bytes32[] memory leaves, uint256 from, uint256 count) private view returns (bytes32) {
        if (count == 1) return leaves[from];
        uint256 left = _leftOf(count);
        return checker.nodeHash(_root(leaves, from, left), _root(leaves, from + left, count - left));
    }

    function _path(bytes32[] memory leaves, uint256 index) private view returns (bytes32[] memory path) {
        bytes32[] memory down = new bytes32[](6);
        uint256 used = 0;
        uint256 from = 0;
        uint256 count = leaves.length;
        while (count > 1) {
            uint256 left = _leftOf(count);
            if (index < from + left) {
                down[used++] = _root(leaves, from + left, count - left);
                count = left;
            } else {
                down[used++] = _root(leaves, from, left);
                from += left;
                count -= left;
            }
        }
        path = new bytes32[](used);
        for (uint256 i = 0; i < used; i++) {
            path[i] = down[used - 1 - i];
        }
    }

    /// @dev The largest power of two below the count.
    function _leftOf(uint256 count) private pure returns (uint256 left) {
        left = 1;
        while (left * 2 < count) {
            left *= 2;
        }
    }

    /// @dev Leaves that differ, as receipts do: two equal ones could stand in for each other.
    function _leaves(bytes32 seed, uint256 count) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](1 + count % MOST_LEAVES);
        for (uint256 i = 0; i < leaves.length; i++) {
            leaves[i] = keccak256(abi.encode(seed, i));
        }
    }

    function _resized(bytes32[] memory from, uint256 length, bytes32 filler)
        private
        pure
        returns (bytes32[] memory to)
    {
        to = new bytes32[](length);
        for (uint256 i = 0; i < length; i++) {
            to[i] = i < from.length ? from[i] : filler;
        }
    }

    function _sign(uint256 key, uint256 chainId, bytes32 root, uint32 size) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, checker.digest(chainId, root, size));
        return abi.encodePacked(r, s, v);
    }

    function _receipt(string memory item) private view returns (Receipt memory) {
        return Receipt({
            line: uint32(_uint(item, ".line")),
            lease: uint64(_uint(item, ".lease")),
            seq: uint32(_uint(item, ".seq")),
            version: uint32(_uint(item, ".version")),
            charge: uint64(_uint(item, ".charge")),
            bodyHash: _bytes32(item, ".bodyHash"),
            sharesHash: _bytes32(item, ".sharesHash")
        });
    }

    function _body(string memory item) private view returns (ReceiptBody memory) {
        return ReceiptBody({
            id: bytes16(VM.parseJsonBytes(json, string.concat(item, ".id"))),
            chargedAt: uint64(_uint(item, ".chargedAt")),
            offer: uint64(_uint(item, ".offer")),
            inputTokens: uint32(_uint(item, ".inputTokens")),
            outputTokens: uint32(_uint(item, ".outputTokens")),
            items: uint32(_uint(item, ".items")),
            requestHash: _bytes32(item, ".requestHash"),
            responseHash: _bytes32(item, ".responseHash")
        });
    }

    function _item(string memory list, uint256 index) private pure returns (string memory) {
        return string.concat(list, "[", VM.toString(index), "]");
    }

    function _bytes32(string memory item, string memory key) private view returns (bytes32) {
        return VM.parseJsonBytes32(json, string.concat(item, key));
    }

    function _string(string memory item, string memory key) private view returns (string memory) {
        return VM.parseJsonString(json, string.concat(item, key));
    }

    function _uint(string memory item, string memory key) private view returns (uint256) {
        return VM.parseJsonUint(json, string.concat(item, key));
    }
}
