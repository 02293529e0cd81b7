// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IUsageVault} from "../src/IUsageVault.sol";
import {Fixture} from "./Fixture.sol";
import {VM} from "./Vm.sol";

contract ExitTest is Fixture {
    function testFuzz_PaysTheRestAfterTheDelayWhoeverAsks(uint64 deposited, uint64 debit, address sender) public {
        deposited = _within(deposited, 1, type(uint64).max);
        debit = _within(debit, 0, deposited - 1);
        uint32 line = _line(deposited, deposited);
        _post(_row(line, debit), "");
        uint40 exitAt = START + EXIT_DELAY;
        VM.expectEmit(address(vault));
        emit IUsageVault.ExitRequested(line, exitAt);
        VM.prank(OWNER);
        vault.requestExit(line);

        VM.warp(exitAt - 1);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.ExitTooEarly.selector, line, exitAt));
        vault.exit(line);
        VM.warp(exitAt);
        VM.expectEmit(address(vault));
        emit IUsageVault.Exited(line, OWNER, deposited - debit);
        VM.prank(sender);
        vault.exit(line);
        VM.assertEq(token.balanceOf(OWNER), deposited - debit, "rest");
        VM.assertEq(_used(line), debit, "used stays");
        VM.assertEq(_owed(), 0, "owed");

        VM.expectRevert(abi.encodeWithSelector(IUsageVault.NothingLeft.selector, line));
        vault.exit(line);
    }

    function testFuzz_OnlyTheOwnerRequestsItAndOnce(address sender) public {
        VM.assume(sender != OWNER);
        uint32 line = _line(10, 0);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.ExitNotRequested.selector, line));
        vault.exit(line);
        VM.prank(sender);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.NotOwner.selector, line, sender));
        vault.requestExit(line);
        VM.prank(OWNER);
        vault.requestExit(line);
        VM.warp(START + 1);
        VM.prank(OWNER);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.LineFrozen.selector, line, START + EXIT_DELAY));
        vault.requestExit(line);
    }

    function test_MayBeRepeatedAfterAVoidAndTheLineNeverReopens() public {
        uint32 line = _line(10, 10);
        VM.prank(OWNER);
        vault.requestExit(line);
        VM.warp(START + EXIT_DELAY);
        bytes32 history = vault.historyHash();
        _post(_row(line, 4), _credit(PAYEE, 4));
        vault.exit(line);
        _pause();
        VM.prank(GUARDIAN);
        vault.voidNewest(
            0, history, keccak256(abi.encode("receipts", uint40(1))), _row(line, 4), _credit(PAYEE, 4), new bytes32[](0)
        );
        vault.exit(line);
        VM.assertEq(token.balanceOf(OWNER), 10, "all of it");
        VM.assertEq(_owed(), 0, "owed");
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.LineFrozen.selector, line, START + EXIT_DELAY));
        vault.deposit(line, 1);
    }

    function test_PaysTheAddressThatTheOwnerChose() public {
        uint32 line = _line(10, 0);
        VM.prank(OWNER);
        vault.choosePayout(STRANGER);
        VM.prank(OWNER);
        vault.requestExit(line);
        VM.warp(START + EXIT_DELAY);
        vault.exit(line);
        VM.assertEq(token.balanceOf(STRANGER), 10, "chosen");
    }
}
