// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IUsageVault} from "../src/IUsageVault.sol";
import {Fixture} from "./Fixture.sol";
import {VM} from "./Vm.sol";

contract OpenLineTest is Fixture {
    function testFuzz_OpensOneLineAfterTheOther(address owner, address session, uint8 before) public {
        VM.assume(owner != address(0));
        for (uint32 i = 1; i <= before; i++) {
            VM.assertEq(_open(STRANGER, address(0)), i, "number");
        }
        VM.expectEmit(address(vault));
        emit IUsageVault.LineOpened(uint32(before) + 1, owner, session);
        uint32 line = _open(owner, session);

        (address itsOwner, address key, uint64 deposited, uint64 ceiling, uint64 used, uint40 exitAt, bool exited) =
            vault.lineOf(line);
        VM.assertEq(itsOwner, owner, "owner");
        VM.assertEq(key, session, "session key");
        VM.assertEq(uint256(deposited) + ceiling + used + exitAt, 0, "money");
        VM.assertFalse(exited, "exited");
    }

    function testFuzz_OnlyTheOwnerReplacesTheSessionKey(address sender) public {
        VM.assume(sender != OWNER);
        uint32 line = _open(OWNER, SESSION);
        VM.prank(sender);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.NotOwner.selector, line, sender));
        vault.replaceSessionKey(line, sender);
    }

    function testFuzz_AReplacedKeySignsForOneExitDelayMore(uint40 later) public {
        later = uint40(_within(later, 0, 2 * EXIT_DELAY));
        uint32 line = _open(OWNER, SESSION);
        VM.prank(OWNER);
        vault.replaceSessionKey(line, VM.addr(OTHER_KEY));

        VM.warp(START + later);
        uint256 raised = vault.raise(_voucher(line, 7, type(uint40).max, SESSION_KEY));
        VM.assertEq(raised, later < EXIT_DELAY ? 1 : 0, "by the key before");
        VM.assertEq(vault.raise(_voucher(line, 8, type(uint40).max, OTHER_KEY)), 1, "by the new key");
    }

    function testFuzz_AKeyIsNotReplacedTwiceWithinOneExitDelay(uint40 later) public {
        later = uint40(_within(later, 0, 2 * EXIT_DELAY));
        uint32 line = _open(OWNER, SESSION);
        VM.prank(OWNER);
        vault.replaceSessionKey(line, address(0));
        VM.warp(START + later);
        if (later < EXIT_DELAY) {
            VM.expectRevert(abi.encodeWithSelector(IUsageVault.PreviousKeyStillGood.selector, line, START + EXIT_DELAY));
        }
        VM.prank(OWNER);
        vault.replaceSessionKey(line, VM.addr(OTHER_KEY));
    }
}
