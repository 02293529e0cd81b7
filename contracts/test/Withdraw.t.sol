// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IUsageVault} from "../src/IUsageVault.sol";
import {Fixture} from "./Fixture.sol";
import {VM} from "./Vm.sol";

contract WithdrawTest is Fixture {
    function testFuzz_PaysACreditWhenTheEpochAfterItsOwnHasPassed(uint64 amount, uint40 into, uint40 later, address by)
        public
    {
        amount = _within(amount, 1, type(uint64).max);
        into = uint40(_within(into, 0, EPOCH - 1));
        later = uint40(_within(later, 0, 4 * EPOCH));
        uint32 line = _line(amount, amount);
        VM.warp(START + into);
        _post(_row(line, amount), _credit(PAYEE, amount));
        VM.warp(START + into + later);
        // START begins an epoch.
        bool matured = into + later >= 2 * EPOCH;
        VM.assertEq(_matured(PAYEE), matured ? amount : 0, "matured");
        VM.assertEq(_maturing(PAYEE), matured ? 0 : amount, "maturing");
        if (!matured) {
            VM.expectRevert(abi.encodeWithSelector(IUsageVault.NothingMatured.selector, PAYEE));
        } else {
            VM.expectEmit(address(vault));
            emit IUsageVault.Withdrawn(PAYEE, PAYEE, amount);
        }
        VM.prank(by);
        vault.withdraw(PAYEE);
        VM.assertEq(token.balanceOf(PAYEE), matured ? amount : 0, "paid");
        VM.assertEq(_owed(), matured ? 0 : amount, "owed");
    }

    /// Against a plain list of credits, each with its epoch.
    function testFuzz_CountsCreditsOfManyEpochs(uint32[12] calldata amounts, uint8[12] calldata waits) public {
        uint32 line = _line(type(uint64).max, type(uint64).max);
        uint256[12] memory epochs;
        uint256 paid = 0;
        uint256 epoch = START / EPOCH;
        for (uint256 i = 0; i < amounts.length; i++) {
            epoch += waits[i] % 4;
            VM.warp(epoch * EPOCH);
            epochs[i] = epoch;
            _post(_row(line, amounts[i]), _credit(PAYEE, amounts[i]));
            uint256 matured = 0;
            uint256 sum = 0;
            for (uint256 j = 0; j <= i; j++) {
                sum += amounts[j];
                if (epochs[j] + 2 <= epoch) matured += amounts[j];
            }
            VM.assertEq(_matured(PAYEE), matured - paid, "matured");
            VM.assertEq(_maturing(PAYEE), sum - matured, "maturing");
            if (waits[i] % 3 == 0 && matured > paid) {
                vault.withdraw(PAYEE);
                paid = matured;
            }
            VM.assertEq(token.balanceOf(PAYEE), paid, "paid");
        }
    }

    function testFuzz_PaysTheAddressThatThePayeeChose(address to) public {
        VM.assume(to != address(0) && to != address(vault));
        uint32 line = _line(10, 10);
        _post(_row(line, 10), _credit(PAYEE, 10));
        VM.prank(PAYEE);
        vault.choosePayout(to);
        VM.assertEq(vault.payoutOf(PAYEE), to, "chosen");
        VM.warp(START + 2 * EPOCH);
        vault.withdraw(PAYEE);
        VM.assertEq(token.balanceOf(to), 10, "paid");
        VM.prank(PAYEE);
        vault.choosePayout(address(0));
        VM.assertEq(vault.payoutOf(PAYEE), PAYEE, "itself again");
    }
}
