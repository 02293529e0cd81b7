// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IModelRegistry, Prices, SnapshotRecord, VersionRecord} from "../src/IModelRegistry.sol";
import {ModelRegistry} from "../src/ModelRegistry.sol";
import {VM} from "./Vm.sol";
import {Wallet} from "./mocks/Wallets.sol";

contract RegistryTest {
    uint256 private constant KEY = 0xDE7;
    uint40 private constant START = 20_000 * 1 days;

    address private immutable DEVELOPER = VM.addr(KEY);
    ModelRegistry private registry;

    function setUp() public {
        VM.warp(START);
        registry = new ModelRegistry();
    }

    function testFuzz_RecordsAVersionOfItsSenderOnce(bytes32 artefact, address sender) public {
        VM.assume(sender != DEVELOPER);
        VersionRecord memory version = _version("kjv@1", artefact, 0);
        VM.prank(sender);
        VM.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOwner.selector, DEVELOPER, sender));
        registry.registerVersion(version);

        bytes32 id = keccak256(abi.encodePacked(DEVELOPER, "kjv@1"));
        VM.expectEmit(address(registry));
        emit IModelRegistry.VersionRegistered(id, DEVELOPER, "kjv@1", artefact, "provenance", 0, "snapshots", "split");
        VM.prank(DEVELOPER);
        registry.registerVersion(version);
        (address owner, uint40 since, bytes32 recordHash) = registry.recordOf(id);
        VM.assertEq(owner, DEVELOPER, "owner");
        VM.assertEq(since, START, "time");
        VM.assertTrue(recordHash != 0, "hash");

        version.artefactHash = "another";
        VM.prank(DEVELOPER);
        VM.expectRevert(abi.encodeWithSelector(IModelRegistry.AlreadyRegistered.selector, id));
        registry.registerVersion(version);
    }

    function test_KnowsTheBaseOfAVersion() public {
        bytes32 base = registry.idOf(DEVELOPER, "kjv@1");
        VersionRecord memory tuned = _version("kjv-tuned@1", "artefact", base);
        VM.prank(DEVELOPER);
        VM.expectRevert(abi.encodeWithSelector(IModelRegistry.NotRegistered.selector, base));
        registry.registerVersion(tuned);
        _register("kjv@1");
        VM.prank(DEVELOPER);
        registry.registerVersion(tuned);
    }

    function test_RefusesARecordWithoutAName() public {
        VM.prank(DEVELOPER);
        VM.expectRevert(IModelRegistry.NoName.selector);
        registry.registerVersion(_version("", "artefact", 0));
    }

    function testFuzz_AnyoneRelaysWhatTheDeveloperSigned(address sender, uint256 key, uint40 deadline) public {
        key = 1 + key % type(uint128).max;
        VM.assume(key != KEY);
        VersionRecord memory version = _version("kjv@1", "artefact", 0);
        bytes32 digest = registry.versionDigest(version, deadline);
        if (deadline < START) {
            VM.expectRevert(abi.encodeWithSelector(IModelRegistry.SignatureExpired.selector, deadline));
        } else {
            VM.prank(sender);
            VM.expectRevert(abi.encodeWithSelector(IModelRegistry.NotSigned.selector, DEVELOPER));
            registry.relayVersion(version, deadline, _sign(key, digest));
            VM.prank(sender);
        }
        registry.relayVersion(version, deadline, _sign(KEY, digest));
        (address owner,, bytes32 relayed) = registry.recordOf(registry.idOf(DEVELOPER, "kjv@1"));
        VM.assertEq(owner, deadline < START ? address(0) : DEVELOPER, "owner");

        ModelRegistry other = new ModelRegistry();
        VM.prank(DEVELOPER);
        other.registerVersion(version);
        (,, bytes32 sent) = other.recordOf(registry.idOf(DEVELOPER, "kjv@1"));
        if (deadline >= START) VM.assertEq(relayed, sent, "the same record, however it came");
    }

    function testFuzz_RecordsASnapshotSentOrRelayed(bytes32 root, bool relayed) public {
        SnapshotRecord memory snapshot =
            SnapshotRecord({owner: DEVELOPER, name: "bible/2026-11", root: root, licenceHash: "licence"});
        bytes32 id = registry.idOf(DEVELOPER, "bible/2026-11");
        bytes memory signature = _sign(KEY, registry.snapshotDigest(snapshot, START));
        VM.expectEmit(address(registry));
        emit IModelRegistry.SnapshotRegistered(id, DEVELOPER, "bible/2026-11", root, "licence");
        if (relayed) {
            registry.relaySnapshot(snapshot, START, signature);
        } else {
            VM.prank(DEVELOPER);
            registry.registerSnapshot(snapshot);
        }
        VM.expectRevert(abi.encodeWithSelector(IModelRegistry.AlreadyRegistered.selector, id));
        registry.relaySnapshot(snapshot, START, signature);
    }

    function testFuzz_ARiseOfAnyPriceNeedsANoticeOf24Hours(
        uint64[4] calldata first,
        uint64[4] calldata next,
        uint40 wait
    ) public {
        wait = uint40(wait % 2 days);
        bytes32 version = _register("kjv@1");
        _offer(version, 1, _prices(first), 0);
        VM.warp(START + 10);
        bool rises = next[0] > first[0] || next[1] > first[1] || next[2] > first[2] || next[3] > first[3];
        if (rises && wait < 24 hours) {
            VM.expectRevert(
                abi.encodeWithSelector(IModelRegistry.NoticeTooShort.selector, START + 10 + wait, START + 10 + 24 hours)
            );
            _offer(version, 2, _prices(next), START + 10 + wait);
            return;
        }
        _offer(version, 2, _prices(next), START + 10 + wait);
        (uint32 newest,, uint40 from) = registry.newestOfferOf(version);
        VM.assertEq(newest, 2, "newest");
        VM.assertEq(from, START + 10 + wait, "from");
        if (wait > 0) {
            VM.warp(START + 10 + wait - 1);
            VM.assertEq(_inForce(version), 1, "before");
        }
        VM.warp(START + 10 + wait);
        VM.assertEq(_inForce(version), 2, "from then on");
    }

    function test_ARiseIsMeasuredAgainstThePriceInForceNotAPendingOne() public {
        bytes32 version = _register("kjv@1");
        _offer(version, 1, _prices([uint64(5), 5, 5, 5]), 0);
        _offer(version, 2, _prices([uint64(9), 5, 5, 5]), START + 24 hours);
        VM.expectRevert(
            abi.encodeWithSelector(IModelRegistry.NoticeTooShort.selector, START + 1 hours, START + 24 hours)
        );
        _offer(version, 3, _prices([uint64(8), 5, 5, 5]), START + 1 hours);
        _offer(version, 3, _prices([uint64(5), 4, 5, 5]), START + 1 hours);
        VM.assertEq(_inForce(version), 1, "now");
        VM.warp(START + 25 hours);
        VM.assertEq(_inForce(version), 3, "the pending one was replaced");
    }

    function testFuzz_OffersAreSetByTheDeveloperInTheirOrder(address sender, uint32 number) public {
        VM.assume(sender != DEVELOPER && number != 1);
        Prices memory prices = _prices([uint64(1), 2, 3, 4]);
        bytes32 version = registry.idOf(DEVELOPER, "kjv@1");
        VM.expectRevert(abi.encodeWithSelector(IModelRegistry.NotRegistered.selector, version));
        registry.setOffer(version, 1, prices, 0);
        _register("kjv@1");
        VM.prank(sender);
        VM.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOwner.selector, DEVELOPER, sender));
        registry.setOffer(version, 1, prices, 0);
        VM.prank(DEVELOPER);
        VM.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongOffer.selector, 1, number));
        registry.setOffer(version, number, prices, 0);

        bytes memory signature = _sign(KEY, registry.offerDigest(version, 1, prices, 0, START));
        VM.prank(sender);
        registry.relayOffer(version, 1, prices, 0, START, signature);
        VM.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongOffer.selector, 2, 1));
        registry.relayOffer(version, 1, prices, 0, START, signature);
        (uint32 inForce, Prices memory its, uint40 since) = registry.offerOf(version);
        VM.assertEq(inForce, 1, "number");
        VM.assertEq(keccak256(abi.encode(its)), keccak256(abi.encode(prices)), "prices");
        VM.assertEq(since, START, "since");
    }

    function test_AWalletSignsForItself() public {
        Wallet wallet = new Wallet();
        VersionRecord memory version = _version("kjv@1", "artefact", 0);
        version.owner = address(wallet);
        wallet.accept(registry.versionDigest(version, START));
        registry.relayVersion(version, START, "any");
        (address owner,,) = registry.recordOf(registry.idOf(address(wallet), "kjv@1"));
        VM.assertEq(owner, address(wallet), "owner");
    }

    function _register(string memory name) private returns (bytes32) {
        VM.prank(DEVELOPER);
        registry.registerVersion(_version(name, "artefact", 0));
        return registry.idOf(DEVELOPER, name);
    }

    function _offer(bytes32 version, uint32 number, Prices memory prices, uint40 from) private {
        VM.prank(DEVELOPER);
        registry.setOffer(version, number, prices, from);
    }

    function _inForce(bytes32 version) private view returns (uint32 number) {
        (number,,) = registry.offerOf(version);
    }

    function _version(string memory name, bytes32 artefact, bytes32 base) private view returns (VersionRecord memory) {
        return VersionRecord({
            owner: DEVELOPER,
            name: name,
            artefactHash: artefact,
            provenanceHash: "provenance",
            baseVersion: base,
            snapshotsHash: "snapshots",
            splitHash: "split"
        });
    }

    function _prices(uint64[4] memory all) private pure returns (Prices memory) {
        return Prices({perMillionInputTokens: all[0], perMillionOutputTokens: all[1], perCall: all[2], perItem: all[3]});
    }

    function _sign(uint256 key, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}
