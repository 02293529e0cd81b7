// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IUsageVault} from "../src/IUsageVault.sol";
import {UsageVault} from "../src/UsageVault.sol";
import {Fixture} from "./Fixture.sol";
import {VM} from "./Vm.sol";
import {CoarseToken} from "./mocks/Tokens.sol";

contract DeployTest is Fixture {
    function test_BeginsEmptyWithAHistoryOfItsOwn() public {
        (uint40 seq, uint40 live, uint64 owed) = vault.head();
        VM.assertEq(uint256(seq) + live + owed, 0, "nothing yet");
        VM.assertEq(vault.historyHash(), keccak256(abi.encode(block.chainid, address(vault))), "history");
        VM.assertTrue(vault.historyHash() != _vault(address(token)).historyHash(), "two vaults, one history");
        (address operator,,,) = vault.operator();
        VM.assertEq(operator, OPERATOR, "operator");
    }

    function test_RefusesATokenThatIsNoneOrTooCoarse() public {
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.NoContract.selector, STRANGER));
        _vault(STRANGER);
        address coarse = address(new CoarseToken());
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.TooFewDecimals.selector, 5));
        _vault(coarse);
    }

    function test_RefusesRolesWithoutAddress() public {
        for (uint256 i = 0; i < 3; i++) {
            VM.expectRevert(IUsageVault.ZeroAddress.selector);
            new UsageVault(
                address(token),
                i == 0 ? address(0) : OPERATOR,
                i == 1 ? address(0) : GUARDIAN,
                i == 2 ? address(0) : COLD,
                EPOCH,
                LONGEST_PAUSE,
                EXIT_DELAY,
                OPERATOR_NOTICE
            );
        }
    }

    function testFuzz_AcceptsOnlyDelaysThatLeaveTimeToPostAgain(uint40 epoch, uint40 pause, uint40 exit, uint40 notice)
        public
    {
        epoch = uint40(_within(epoch, 0, 3 days));
        pause = uint40(_within(pause, 0, 2 days));
        exit = uint40(_within(exit, 0, 10 days));
        notice = uint40(_within(notice, 0, 2 days));
        bool good = epoch > 0 && pause <= 1 days && notice < pause && exit >= 2 * epoch + pause + 1 days;
        if (!good) {
            VM.expectRevert(abi.encodeWithSelector(IUsageVault.DelaysInconsistent.selector, epoch, pause, exit, notice));
        }
        new UsageVault(address(token), OPERATOR, GUARDIAN, COLD, epoch, pause, exit, notice);
    }
}
