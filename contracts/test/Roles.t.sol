// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IUsageVault} from "../src/IUsageVault.sol";
import {Fixture} from "./Fixture.sol";
import {VM} from "./Vm.sol";

contract RolesTest is Fixture {
    function testFuzz_APauseStopsPostingForAWhileAndNothingElse(uint40 later) public {
        later = uint40(_within(later, 0, 2 * LONGEST_PAUSE));
        uint32 line = _line(10, 10);
        _pause();
        VM.warp(START + later);
        _deposit(line, STRANGER, 5);
        vault.raise(_voucher(line, 15, type(uint40).max, SESSION_KEY));
        VM.prank(OWNER);
        vault.requestExit(line);
        bytes32 history = vault.historyHash();
        if (later < LONGEST_PAUSE) {
            VM.expectRevert(abi.encodeWithSelector(IUsageVault.PostingPaused.selector, START + LONGEST_PAUSE));
        }
        VM.prank(OPERATOR);
        vault.post(1, history, 0, _row(line, 15), "");
    }

    function testFuzz_APauseBeginsNoSoonerThanOneExitDelayAfterTheLastBegan(uint40 later, bool endedEarly) public {
        later = uint40(_within(later, 0, 2 * EXIT_DELAY));
        _pause();
        if (endedEarly) {
            VM.prank(GUARDIAN);
            vault.endPause();
            _post("", "");
        }
        VM.warp(START + later);
        if (later < EXIT_DELAY) {
            VM.expectRevert(abi.encodeWithSelector(IUsageVault.PauseTooSoon.selector, START + EXIT_DELAY));
        }
        _pause();
    }

    function testFuzz_OnlyTheGuardianPausesAndOnlyAPauseEnds(address sender) public {
        VM.assume(sender != GUARDIAN);
        VM.prank(sender);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.NotGuardian.selector, sender));
        vault.pause();
        VM.prank(sender);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.NotGuardian.selector, sender));
        vault.endPause();
        VM.prank(GUARDIAN);
        VM.expectRevert(IUsageVault.NotPaused.selector);
        vault.endPause();
    }

    function testFuzz_TheColdKeyReplacesTheOperatorAfterItsNotice(address next, uint40 later) public {
        VM.assume(next != address(0) && next != OPERATOR);
        later = uint40(_within(later, 0, 2 * OPERATOR_NOTICE));
        VM.prank(COLD);
        vault.announceOperator(next);
        _post("", "");
        VM.warp(START + later);
        if (later < OPERATOR_NOTICE) {
            VM.expectRevert(abi.encodeWithSelector(IUsageVault.NoticeRuns.selector, START + OPERATOR_NOTICE));
            vault.replaceOperator();
            return;
        }
        vault.replaceOperator();
        bytes32 history = vault.historyHash();
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.NotOperator.selector, OPERATOR));
        vault.post(2, history, 0, "", "");
        VM.prank(next);
        vault.post(2, history, 0, "", "");
        VM.expectRevert(IUsageVault.NoOperatorAnnounced.selector);
        vault.replaceOperator();
    }

    function testFuzz_OnlyTheColdKeyAnnounces(address sender) public {
        VM.assume(sender != COLD);
        VM.prank(sender);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.NotColdKey.selector, sender));
        vault.announceOperator(sender);
        VM.prank(COLD);
        VM.expectRevert(IUsageVault.ZeroAddress.selector);
        vault.announceOperator(address(0));
    }

    function test_AThiefOfTheOperatorKeyIsReplacedBeforeAPauseEnds() public {
        _pause();
        VM.prank(COLD);
        vault.announceOperator(STRANGER);
        VM.warp(START + OPERATOR_NOTICE);
        vault.replaceOperator();
        (address operator, uint40 pausedUntil,,) = vault.operator();
        VM.assertEq(operator, STRANGER, "operator");
        VM.assertTrue(pausedUntil > block.timestamp, "still paused");
    }
}
