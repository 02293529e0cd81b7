// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IUsageVault} from "../src/IUsageVault.sol";
import {Fixture} from "./Fixture.sol";
import {VM} from "./Vm.sol";

contract VoidTest is Fixture {
    struct Batch {
        uint40 seq;
        uint40 parent;
        bytes32 before;
        bytes rows;
        bytes credits;
    }

    uint32 private line;

    function setUp() public override {
        super.setUp();
        line = _line(1e6, 1e6);
    }

    function testFuzz_RestoresLinesAndTakesCreditsBack(uint64 debit, uint64 amount, uint64 before, bool nextEpoch)
        public
    {
        debit = _within(debit, 0, 5e5);
        amount = _within(amount, 0, debit);
        before = _within(before, 0, 5e5);
        _postBatch(before, before);
        Batch memory batch = _postBatch(debit, amount);
        if (nextEpoch) VM.warp(START + 2 * EPOCH - 1);
        _pause();
        _voidBatch(batch, new bytes32[](0));
        VM.assertEq(_used(line), before, "used");
        VM.assertEq(_maturing(PAYEE), before, "maturing");
        VM.assertEq(_owed(), 1e6, "owed");
        (uint40 seq, uint40 live,) = vault.head();
        VM.assertEq(seq, 3, "sequence");
        VM.assertEq(live, 1, "live");
    }

    function test_GoesBackwardsBatchByBatchAlsoPastVoids() public {
        Batch memory first = _postBatch(1, 1);
        Batch memory second = _postBatch(2, 2);
        Batch memory third = _postBatch(4, 4);
        _pause();
        _voidBatch(third, new bytes32[](0));
        bytes32[] memory later = new bytes32[](2);
        later[0] = _entry(third);
        later[1] = keccak256(abi.encode(uint256(4), uint256(3)));
        _voidBatch(second, later);
        VM.assertEq(_used(line), 1, "used");
        VM.prank(GUARDIAN);
        vault.endPause();

        Batch memory sixth = _postBatch(8, 8);
        VM.assertEq(sixth.seq, 6, "sequence");
        VM.assertEq(sixth.parent, 1, "on the first");
        VM.warp(START + EXIT_DELAY);
        _pause();
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.AlreadyMatured.selector, 6));
        _voidBatch(sixth, new bytes32[](0));
        VM.assertEq(first.seq, 1, "stays");
    }

    function test_RefusesAMaturedBatchBelowALiveOne() public {
        Batch memory first = _postBatch(1, 1);
        VM.warp(START + EPOCH);
        Batch memory second = _postBatch(2, 2);
        VM.warp(START + 2 * EPOCH);
        _pause();
        _voidBatch(second, new bytes32[](0));
        bytes32[] memory later = new bytes32[](2);
        later[0] = _entry(second);
        later[1] = keccak256(abi.encode(uint256(3), uint256(2)));
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.AlreadyMatured.selector, 1));
        _voidBatch(first, later);
        VM.warp(START + 3 * EPOCH);
        vault.withdraw(PAYEE);
        VM.assertEq(token.balanceOf(PAYEE), 1, "what stayed");
    }

    /// Whatever the epochs of the batches: exactly those younger than two epochs can be voided.
    function testFuzz_KnowsTheEpochOfEveryBatch(uint8[6] calldata waits, uint8 last) public {
        Batch[6] memory batches;
        uint256[6] memory epochs;
        uint256 epoch = START / EPOCH;
        for (uint256 i = 0; i < 6; i++) {
            epoch += waits[i] % 3;
            VM.warp(epoch * EPOCH);
            batches[i] = _postBatch(1, 1);
            epochs[i] = epoch;
        }
        epoch += last % 3;
        VM.warp(epoch * EPOCH);
        _pause();
        bytes32[] memory later = new bytes32[](0);
        for (uint256 i = 6; i > 0; i--) {
            if (epochs[i - 1] + 2 <= epoch) {
                VM.expectRevert(abi.encodeWithSelector(IUsageVault.AlreadyMatured.selector, i));
                _voidBatch(batches[i - 1], later);
                return;
            }
            _voidBatch(batches[i - 1], later);
            bytes32[] memory longer = new bytes32[](later.length + 2);
            longer[0] = _entry(batches[i - 1]);
            for (uint256 j = 0; j < later.length; j++) {
                longer[j + 1] = later[j];
            }
            longer[later.length + 1] = keccak256(abi.encode(13 - i, i));
            later = longer;
        }
        VM.expectRevert(IUsageVault.NothingToVoid.selector);
        _voidBatch(batches[0], later);
        VM.assertEq(_used(line), 0, "nothing used");
    }

    function testFuzz_RefusesWhatWasNotPosted(uint8 what) public {
        Batch memory batch = _postBatch(5, 5);
        _pause();
        bytes32[] memory later = new bytes32[](what % 5 == 4 ? 1 : 0);
        if (what % 5 == 0) batch.parent = 1;
        if (what % 5 == 1) batch.before = keccak256("other");
        if (what % 5 == 2) batch.rows = _row(line, 4);
        if (what % 5 == 3) batch.credits = "";
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.NotTheBatch.selector, 1));
        _voidBatch(batch, later);
    }

    function testFuzz_OnlyTheGuardianVoidsAndOnlyDuringAPause(address sender) public {
        VM.assume(sender != GUARDIAN);
        Batch memory batch = _postBatch(5, 5);
        VM.expectRevert(IUsageVault.NotPaused.selector);
        _voidBatch(batch, new bytes32[](0));
        _pause();
        VM.prank(sender);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.NotGuardian.selector, sender));
        vault.voidNewest(0, batch.before, 0, batch.rows, batch.credits, new bytes32[](0));
        VM.warp(START + LONGEST_PAUSE);
        VM.expectRevert(IUsageVault.NotPaused.selector);
        _voidBatch(batch, new bytes32[](0));
    }

    function _postBatch(uint64 debit, uint64 amount) private returns (Batch memory batch) {
        (, batch.parent,) = vault.head();
        batch.before = vault.historyHash();
        batch.rows = _row(line, debit);
        batch.credits = _credit(PAYEE, amount);
        batch.seq = _post(batch.rows, batch.credits);
    }

    function _voidBatch(Batch memory batch, bytes32[] memory later) private {
        bytes32 root = keccak256(abi.encode("receipts", batch.seq));
        VM.prank(GUARDIAN);
        vault.voidNewest(batch.parent, batch.before, root, batch.rows, batch.credits, later);
    }

    function _entry(Batch memory batch) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                batch.seq,
                batch.parent,
                keccak256(abi.encode("receipts", batch.seq)),
                keccak256(batch.rows),
                keccak256(batch.credits)
            )
        );
    }
}
