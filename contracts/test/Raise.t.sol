// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IUsageVault} from "../src/IUsageVault.sol";
import {UsageVault} from "../src/UsageVault.sol";
import {Fixture} from "./Fixture.sol";
import {VM} from "./Vm.sol";
import {GreedyWallet, RevertingWallet, Wallet} from "./mocks/Wallets.sol";

contract RaiseTest is Fixture {
    uint40 private constant DEADLINE = START + 1 days;

    function testFuzz_OnlyTheOwnerRaisesByTransactionAndOnlyUpwards(address sender, uint64 first, uint64 second)
        public
    {
        VM.assume(sender != OWNER);
        first = _within(first, 1, type(uint64).max);
        uint32 line = _line(0, first);
        VM.prank(sender);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.NotOwner.selector, line, sender));
        vault.raiseCeiling(line, type(uint64).max);
        if (second <= first) {
            VM.expectRevert(abi.encodeWithSelector(IUsageVault.NotRaised.selector, line, second, first));
        }
        VM.prank(OWNER);
        vault.raiseCeiling(line, second);
        VM.assertEq(_ceiling(line), second > first ? second : first, "ceiling");
    }

    function testFuzz_CountsVouchersByTheSessionKeyAndTheOwnerInTime(
        uint64 ceiling,
        uint40 deadline,
        bool byOwner,
        address sender
    ) public {
        ceiling = _within(ceiling, 1, type(uint64).max);
        uint32 line = _open(OWNER, SESSION);
        VM.prank(sender);
        uint256 raised = vault.raise(_voucher(line, ceiling, deadline, byOwner ? OWNER_KEY : SESSION_KEY));
        VM.assertEq(raised, deadline >= START ? 1 : 0, "counted");
        VM.assertEq(_ceiling(line), deadline >= START ? ceiling : 0, "ceiling");
    }

    function testFuzz_SkipsVouchersOfAnyOtherKey(uint256 key) public {
        uint32 line = _open(OWNER, SESSION);
        key = 1 + key % (type(uint128).max);
        VM.assume(key != OWNER_KEY && key != SESSION_KEY);
        VM.assertEq(vault.raise(_voucher(line, 7, DEADLINE, key)), 0, "counted");
        uint32 keyless = _open(OWNER, address(0));
        VM.assertEq(vault.raise(_voucher(keyless, 7, DEADLINE, new bytes(65))), 0, "no signature, no key");
    }

    function test_AVoucherCountsOnNoOtherLineVaultOrChain() public {
        uint32 line = _open(OWNER, SESSION);
        uint32 other = _open(OWNER, SESSION);
        bytes memory signature = _sign(SESSION_KEY, vault.voucherDigest(line, 7, DEADLINE));
        VM.assertEq(vault.raise(_voucher(other, 7, DEADLINE, signature)), 0, "other line");
        VM.assertEq(vault.raise(_voucher(line, 8, DEADLINE, signature)), 0, "other ceiling");
        VM.assertEq(vault.raise(_voucher(line, 7, DEADLINE + 1, signature)), 0, "other deadline");
        UsageVault elsewhere = _vault(address(token));
        VM.prank(OWNER);
        VM.assertEq(elsewhere.openLine(SESSION), line, "the same line");
        VM.assertEq(elsewhere.raise(_voucher(line, 7, DEADLINE, signature)), 0, "other vault");
        uint256 here = block.chainid;
        VM.chainId(here + 1);
        VM.assertEq(vault.raise(_voucher(line, 7, DEADLINE, signature)), 0, "other chain");
        VM.chainId(here);
        VM.assertEq(vault.raise(_voucher(line, 7, DEADLINE, signature)), 1, "here");
        VM.assertEq(vault.raise(_voucher(line, 7, DEADLINE, signature)), 0, "again");
    }

    function test_SkipsWhatIsBadAndTakesTheRest() public {
        uint32[4] memory lines;
        for (uint256 i = 0; i < lines.length; i++) {
            lines[i] = _open(OWNER, SESSION);
        }
        bytes memory packed = bytes.concat(
            _voucher(lines[0], 10, DEADLINE, SESSION_KEY),
            _voucher(lines[1], 11, DEADLINE, OTHER_KEY),
            _voucher(99, 12, DEADLINE, SESSION_KEY),
            _voucher(lines[2], 13, DEADLINE, "")
        );
        packed = bytes.concat(
            packed,
            _voucher(lines[0], 9, DEADLINE, SESSION_KEY),
            _voucher(lines[3], 14, START - 1, SESSION_KEY),
            _voucher(lines[3], 15, DEADLINE, OWNER_KEY),
            _voucher(lines[2], 16, DEADLINE, new bytes(300))
        );
        VM.expectEmit(address(vault));
        emit IUsageVault.CeilingRaised(lines[0], 10);
        VM.assertEq(vault.raise(packed), 2, "counted");
        VM.assertEq(_ceiling(lines[0]), 10, "first");
        VM.assertEq(uint256(_ceiling(lines[1])) + _ceiling(lines[2]), 0, "bad ones");
        VM.assertEq(_ceiling(lines[3]), 15, "last good one");
    }

    function testFuzz_NeverFailsOnBytesOfAnyKind(bytes calldata anything, uint8 cut) public {
        uint32 line = _open(OWNER, SESSION);
        vault.raise(anything);
        bytes memory voucher = _voucher(line, 7, DEADLINE, SESSION_KEY);
        bytes memory shorter = new bytes(cut % voucher.length);
        for (uint256 i = 0; i < shorter.length; i++) {
            shorter[i] = voucher[i];
        }
        VM.assertEq(vault.raise(shorter), 0, "cut off");
        VM.assertEq(vault.raise(bytes.concat(voucher, shorter)), 1, "the whole one");
    }

    function test_AsksAnOwnerThatIsAWallet() public {
        Wallet wallet = new Wallet();
        uint32 line = wallet.openLine(vault);
        wallet.accept(vault.voucherDigest(line, 7, DEADLINE));
        VM.assertEq(vault.raise(_voucher(line, 8, DEADLINE, "any")), 0, "not accepted");
        VM.assertEq(vault.raise(_voucher(line, 7, DEADLINE, "any")), 1, "accepted");
    }

    function test_AWalletSpoilsItsOwnVoucherOnly() public {
        uint32 greedy = new GreedyWallet().openLine(vault);
        uint32 reverting = new RevertingWallet().openLine(vault);
        uint32 line = _open(OWNER, SESSION);
        uint256 raised = vault.raise{gas: 1_000_000}(
            bytes.concat(
                _voucher(greedy, 7, DEADLINE, "any"),
                _voucher(reverting, 7, DEADLINE, "any"),
                _voucher(line, 7, DEADLINE, SESSION_KEY)
            )
        );
        VM.assertEq(raised, 1, "counted");
        VM.assertEq(_ceiling(line), 7, "ceiling");
    }

    function test_AsksTheKeyOfAnOwnerWithCodeFirst() public {
        uint32 line = _open(OWNER, address(0));
        VM.etch(OWNER, address(new RevertingWallet()).code);
        VM.assertEq(vault.raise(_voucher(line, 7, DEADLINE, OWNER_KEY)), 1, "by key (EIP-7702)");
    }

    function test_CountsOnAFrozenLineUntilItIsLeft() public {
        uint32 line = _line(10, 0);
        VM.prank(OWNER);
        vault.requestExit(line);
        VM.warp(START + EXIT_DELAY);
        VM.assertEq(vault.raise(_voucher(line, 7, type(uint40).max, SESSION_KEY)), 1, "frozen");
        vault.exit(line);
        VM.assertEq(vault.raise(_voucher(line, 8, type(uint40).max, SESSION_KEY)), 0, "left");
    }
}
