// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IUsageVault} from "../src/IUsageVault.sol";
import {Fixture} from "./Fixture.sol";
import {VM} from "./Vm.sol";

contract PostTest is Fixture {
    function testFuzz_MovesDebitsToCreditsUpToMinOfCeilingAndDeposit(
        uint64 deposited,
        uint64 ceiling,
        uint64 debit,
        uint64 credited
    ) public {
        uint32 line = _line(deposited, ceiling);
        uint64 limit = deposited < ceiling ? deposited : ceiling;
        debit = _within(debit, 0, limit);
        credited = _within(credited, 0, debit);
        _post(_row(line, debit), _credit(PAYEE, credited));
        VM.assertEq(_used(line), debit, "used");
        VM.assertEq(_maturing(PAYEE), credited, "credited");
        VM.assertEq(_owed(), deposited - debit + credited, "owed");
        VM.assertEq(token.balanceOf(address(vault)), deposited, "held");

        if (limit == type(uint64).max) return;
        uint64 over = limit - debit + 1;
        bytes32 history = vault.historyHash();
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.OverLimit.selector, line, debit, over, limit));
        vault.post(2, history, 0, _row(line, over), "");
    }

    function testFuzz_CreditsOnlyWhatTheVaultHoldsBeyondWhatItOwes(uint64 kept, uint64 income, uint64 credited) public {
        kept = _within(kept, 0, 1e15);
        income = _within(income, 0, 1e15);
        credited = _within(credited, 0, 3e15);
        uint32 line = _line(2e15, 1e15);
        _post(_row(line, kept), "");
        token.mint(address(vault), income);
        bytes32 history = vault.historyHash();
        if (credited > kept + income) {
            VM.expectRevert(
                abi.encodeWithSelector(IUsageVault.Uncovered.selector, 2e15 - kept + credited, 2e15 + income)
            );
        }
        VM.prank(OPERATOR);
        vault.post(2, history, 0, "", _credit(PAYEE, credited));
    }

    function test_DebitsOfOneBatchDoNotCoverMoreCreditsThanThereAre() public {
        uint32 line = _line(10, 10);
        bytes32 history = vault.historyHash();
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.Uncovered.selector, 11, 10));
        vault.post(1, history, 0, _row(line, 5), _credit(PAYEE, 6));
    }

    function testFuzz_KeepsEveryLineAndPayeeApart(uint64[20] calldata debits, uint64[20] calldata amounts) public {
        bytes memory rows;
        bytes memory credits;
        uint64[20] memory paid;
        for (uint32 i = 0; i < debits.length; i++) {
            uint64 debit = debits[i] >> 5;
            paid[i] = _within(amounts[i], 0, debit);
            rows = bytes.concat(rows, _row(_line(debit, debit), debit));
            credits = bytes.concat(credits, _credit(address(uint160(i + 1)), paid[i]));
        }
        _post(rows, credits);
        for (uint32 i = 0; i < debits.length; i++) {
            VM.assertEq(_used(i + 1), debits[i] >> 5, "used");
            VM.assertEq(_maturing(address(uint160(i + 1))), paid[i], "credited");
        }
    }

    function test_ALineThatNobodyOpenedMayDebitNothing() public {
        _post(bytes.concat(_row(0, 0), _row(7, 0)), "");
        bytes32 history = vault.historyHash();
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.OverLimit.selector, 7, 0, 1, 0));
        vault.post(2, history, 0, _row(7, 1), "");
    }

    function testFuzz_ChainsTheHistoryOfWhatWasPosted(bytes32 root, uint64 debit, uint64 amount) public {
        amount = _within(amount, 0, debit);
        uint32 line = _line(debit, debit);
        bytes memory rows = _row(line, debit);
        bytes memory credits = _credit(PAYEE, amount);
        bytes32 before = vault.historyHash();
        bytes32 entry = keccak256(abi.encode(uint256(1), uint256(0), root, keccak256(rows), keccak256(credits)));
        bytes32 then = keccak256(abi.encode(before, entry));
        VM.expectEmit(address(vault));
        emit IUsageVault.Posted(1, then, root, debit, amount);
        VM.prank(OPERATOR);
        vault.post(1, before, root, rows, credits);
        VM.assertEq(vault.historyHash(), then, "history");

        VM.prank(OPERATOR);
        vault.post(2, then, root, "", "");
        entry = keccak256(abi.encode(uint256(2), uint256(1), root, keccak256(""), keccak256("")));
        VM.assertEq(vault.historyHash(), keccak256(abi.encode(then, entry)), "next");
    }

    function testFuzz_OnlyTheOperatorPostsTheNextBatchOnTheRightHistory(address sender, uint40 seq, bytes32 before)
        public
    {
        bytes32 history = vault.historyHash();
        VM.assume(sender != OPERATOR && seq != 1 && before != history);
        VM.prank(sender);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.NotOperator.selector, sender));
        vault.post(1, history, 0, "", "");
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.WrongSequence.selector, 1, seq));
        vault.post(seq, history, 0, "", "");
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.WrongHistory.selector, history, before));
        vault.post(1, before, 0, "", "");
    }

    function testFuzz_RefusesEntriesThatDoNotAscend(uint32 first, uint32 second, uint160 payee, uint160 other) public {
        bytes32 history = vault.historyHash();
        second = uint32(_within(second, 0, first));
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.RowsNotAscending.selector, second));
        vault.post(1, history, 0, bytes.concat(_row(first, 0), _row(second, 0)), "");
        if (payee == 0) payee = 1;
        other %= payee + (payee == type(uint160).max ? 0 : 1);
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.CreditsNotAscending.selector, other));
        vault.post(1, history, 0, "", bytes.concat(_credit(address(payee), 0), _credit(address(other), 0)));
    }

    function test_RefusesACreditToNobody() public {
        bytes32 history = vault.historyHash();
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.CreditsNotAscending.selector, address(0)));
        vault.post(1, history, 0, "", _credit(address(0), 0));
    }

    function testFuzz_RefusesPartsOfEntries(uint8 rowBytes, uint8 creditBytes) public {
        VM.assume(rowBytes % 12 != 0 || creditBytes % 28 != 0);
        bytes32 history = vault.historyHash();
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.MalformedBatch.selector, rowBytes, creditBytes));
        vault.post(1, history, 0, new bytes(rowBytes), new bytes(creditBytes));
    }

    function test_RefusesABatchTooLargeToBeVoided() public {
        bytes32 history = vault.historyHash();
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.BatchTooLarge.selector, 2701, 2700));
        vault.post(1, history, 0, new bytes(1350 * 12), new bytes(1351 * 28));
    }

    function test_DebitsAFrozenLineUntilItIsLeft() public {
        uint32 line = _line(10, 10);
        VM.prank(OWNER);
        vault.requestExit(line);
        VM.warp(START + EXIT_DELAY);
        _post(_row(line, 4), "");
        vault.exit(line);
        VM.assertEq(token.balanceOf(OWNER), 6, "left");
        bytes32 history = vault.historyHash();
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.OverLimit.selector, line, 4, 1, 4));
        vault.post(2, history, 0, _row(line, 1), "");
    }
}
