// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Prices, SnapshotRecord, VersionRecord} from "../src/IModelRegistry.sol";
import {Authorization} from "../src/IUsageVault.sol";
import {ModelRegistry} from "../src/ModelRegistry.sol";
import {TestToken} from "../src/TestToken.sol";
import {UsageVault} from "../src/UsageVault.sol";
import {Fixture} from "./Fixture.sol";
import {VM} from "./Vm.sol";

/// @dev The contracts at the addresses that the vectors name take what the vectors sign and pack.
contract VaultVectorsTest is Fixture {
    string private constant VECTORS = "../src/test/resources/vault-vectors.json";

    address private signer;
    ModelRegistry private registry;
    string private json;

    function setUp() public override {
        VM.warp(START);
        // It may read this one file; see foundry.toml.
        // forge-lint: disable-next-line(unsafe-cheatcode)
        json = VM.readFile(VECTORS);
        VM.chainId(VM.parseJsonUint(json, ".chainId"));
        signer = VM.parseJsonAddress(json, ".signer");
        token = TestToken(_at(".token", type(TestToken).creationCode, ""));
        vault = UsageVault(
            _at(
                ".vault",
                type(UsageVault).creationCode,
                abi.encode(token, OPERATOR, GUARDIAN, COLD, EPOCH, LONGEST_PAUSE, EXIT_DELAY, OPERATOR_NOTICE)
            )
        );
        registry = ModelRegistry(_at(".registry", type(ModelRegistry).creationCode, ""));
    }

    function test_HashesVouchersAsTheVectorsDo() public {
        uint256 count = 0;
        for (; VM.keyExistsJson(json, _item(".vouchers", count)); count++) {
            string memory item = _item(".vouchers", count);
            bytes memory signature = _bytes(item, ".signature");
            (uint32 line, uint64 ceiling, uint40 deadline) =
                (uint32(_uint(item, ".line")), uint64(_uint(item, ".ceiling")), uint40(_uint(item, ".deadline")));
            VM.assertEq(vault.voucherDigest(line, ceiling, deadline), _bytes32(item, ".digest"), item);
            VM.assertEq(_voucher(line, ceiling, deadline, signature), _bytes(item, ".packed"), item);
        }
        VM.assertEq(count, 3, "vouchers read");
        uint32 line1 = _open(signer, address(0));
        VM.assertEq(vault.raise(_bytes(".vouchers[0]", ".packed")), 1, "counted");
        VM.assertEq(_ceiling(line1), 5_000_000, "ceiling");
    }

    function test_TakesAuthorizationsAndPermitsOfTheVectors() public {
        VM.assertEq(
            vault.depositNonce(type(uint32).max, _bytes32(".authorizations[1]", ".salt")),
            _bytes32(".authorizations[1]", ".nonce"),
            "nonce"
        );
        uint32 line = _open(signer, address(0));
        _depositByVectors(line);
        (bytes32 r, bytes32 s, uint8 v) = _split(_bytes(".permits[0]", ".signature"));
        token.mint(signer, 2_500_000);
        VM.prank(signer);
        vault.depositWithPermit(line, 2_500_000, _uint(".permits[0]", ".deadline"), v, r, s);
        VM.assertEq(_deposited(line), 5_000_000, "deposited");
    }

    function test_ChainsTheHistoryOfTheVectors() public {
        VM.assertEq(vault.historyHash(), VM.parseJsonBytes32(json, ".genesis"), "genesis");
        uint32 line = _open(signer, address(0));
        _depositByVectors(line);
        vault.raise(_bytes(".vouchers[0]", ".packed"));
        VM.assertEq(_line(300, 300), 2, "the second line");

        _postOfVectors(0);
        _postOfVectors(1);
        string memory voided = _item(".history", 1);
        _pause();
        VM.prank(GUARDIAN);
        vault.voidNewest(
            uint40(_uint(voided, ".parent")),
            _bytes32(voided, ".before"),
            _bytes32(voided, ".receiptsRoot"),
            _bytes(voided, ".rows"),
            _bytes(voided, ".credits"),
            new bytes32[](0)
        );
        VM.assertEq(vault.historyHash(), _bytes32(_item(".history", 2), ".after"), "void");
        VM.prank(GUARDIAN);
        vault.endPause();
        _postOfVectors(3);
        VM.assertFalse(VM.keyExistsJson(json, ".history[4]"), "history not read");
    }

    function test_RegistersTheRecordsOfTheVectors() public {
        string memory item = ".records.version";
        VersionRecord memory version = VersionRecord({
            owner: signer,
            name: VM.parseJsonString(json, string.concat(item, ".name")),
            artefactHash: _bytes32(item, ".artefactHash"),
            provenanceHash: _bytes32(item, ".provenanceHash"),
            baseVersion: _bytes32(item, ".baseVersion"),
            snapshotsHash: _bytes32(item, ".snapshotsHash"),
            splitHash: _bytes32(item, ".splitHash")
        });
        uint40 deadline = uint40(_uint(item, ".deadline"));
        VM.assertEq(registry.versionDigest(version, deadline), _bytes32(item, ".digest"), item);
        VM.assertEq(registry.idOf(signer, version.name), _bytes32(item, ".id"), item);
        registry.relayVersion(version, deadline, _bytes(item, ".signature"));

        item = ".records.snapshot";
        SnapshotRecord memory snapshot = SnapshotRecord({
            owner: signer,
            name: VM.parseJsonString(json, string.concat(item, ".name")),
            root: _bytes32(item, ".root"),
            licenceHash: _bytes32(item, ".licenceHash")
        });
        VM.assertEq(registry.snapshotDigest(snapshot, deadline), _bytes32(item, ".digest"), item);
        VM.assertEq(registry.idOf(signer, snapshot.name), _bytes32(item, ".id"), item);
        registry.relaySnapshot(snapshot, deadline, _bytes(item, ".signature"));

        item = ".records.offer";
        Prices memory prices = Prices({
            perMillionInputTokens: uint64(_uint(item, ".perMillionInputTokens")),
            perMillionOutputTokens: uint64(_uint(item, ".perMillionOutputTokens")),
            perCall: uint64(_uint(item, ".perCall")),
            perItem: uint64(_uint(item, ".perItem"))
        });
        registry.relayOffer(
            _bytes32(item, ".version"),
            uint32(_uint(item, ".number")),
            prices,
            uint40(_uint(item, ".from")),
            deadline,
            _bytes(item, ".signature")
        );
    }

    function _postOfVectors(uint256 i) private {
        string memory item = _item(".history", i);
        VM.prank(OPERATOR);
        vault.post(
            uint40(_uint(item, ".seq")),
            _bytes32(item, ".before"),
            _bytes32(item, ".receiptsRoot"),
            _bytes(item, ".rows"),
            _bytes(item, ".credits")
        );
        VM.assertEq(vault.historyHash(), _bytes32(item, ".after"), item);
    }

    function _depositByVectors(uint32 line) private {
        string memory item = ".authorizations[0]";
        (bytes32 r, bytes32 s, uint8 v) = _split(_bytes(item, ".signature"));
        token.mint(signer, _uint(item, ".value"));
        vault.depositWithAuthorization(
            line,
            Authorization({
                from: signer,
                amount: uint64(_uint(item, ".value")),
                validAfter: _uint(item, ".validAfter"),
                validBefore: _uint(item, ".validBefore"),
                salt: _bytes32(item, ".salt"),
                v: v,
                r: r,
                s: s
            })
        );
        VM.assertEq(_deposited(line), 2_500_000, "deposited");
    }

    /// @dev Runs a constructor at the address that the vectors name.
    function _at(string memory key, bytes memory creationCode, bytes memory arguments) private returns (address where) {
        where = VM.parseJsonAddress(json, key);
        VM.etch(where, bytes.concat(creationCode, arguments));
        (bool done, bytes memory code) = where.call("");
        VM.assertTrue(done, key);
        VM.etch(where, code);
    }

    function _item(string memory list, uint256 i) private pure returns (string memory) {
        return string.concat(list, "[", VM.toString(i), "]");
    }

    function _uint(string memory item, string memory key) private view returns (uint256) {
        return VM.parseJsonUint(json, string.concat(item, key));
    }

    function _bytes32(string memory item, string memory key) private view returns (bytes32) {
        return VM.parseJsonBytes32(json, string.concat(item, key));
    }

    function _bytes(string memory item, string memory key) private view returns (bytes memory) {
        return VM.parseJsonBytes(json, string.concat(item, key));
    }

    function _split(bytes memory signature) private pure returns (bytes32 r, bytes32 s, uint8 v) {
        (r, s) = abi.decode(signature, (bytes32, bytes32));
        v = uint8(signature[64]);
    }
}
