// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Authorization, IUsageVault} from "../src/IUsageVault.sol";
import {TestToken} from "../src/TestToken.sol";
import {UsageVault} from "../src/UsageVault.sol";
import {Fixture} from "./Fixture.sol";
import {VM} from "./Vm.sol";
import {CallbackToken, FalseToken, FeeToken, FineToken} from "./mocks/Tokens.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

contract DepositTest is Fixture {
    function testFuzz_TakesExactlyWhatIsDepositedByAnyone(uint64 first, uint64 second) public {
        first = _within(first, 1, type(uint64).max - 1);
        second = _within(second, 1, type(uint64).max - first);
        uint32 line = _open(OWNER, SESSION);
        _deposit(line, OWNER, first);
        _fund(STRANGER, second);
        VM.expectEmit(address(vault));
        emit IUsageVault.Deposited(line, STRANGER, second);
        VM.prank(STRANGER);
        vault.deposit(line, second);

        VM.assertEq(_deposited(line), first + second, "deposited");
        VM.assertEq(_owed(), first + second, "owed");
        VM.assertEq(token.balanceOf(address(vault)), first + second, "held");
    }

    function test_RefusesMoreThanItCounts() public {
        uint32 line = _open(OWNER, SESSION);
        _deposit(line, OWNER, type(uint64).max);
        uint32 other = _open(OWNER, SESSION);
        _fund(OWNER, 1);
        VM.prank(OWNER);
        VM.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        vault.deposit(other, 1);
    }

    function test_RefusesNothingAnUnknownLineAndAFrozenOne() public {
        uint32 line = _line(5, 0);
        VM.expectRevert(IUsageVault.ZeroAmount.selector);
        vault.deposit(line, 0);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.NoSuchLine.selector, line + 1));
        vault.deposit(line + 1, 1);
        VM.prank(OWNER);
        vault.requestExit(line);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.LineFrozen.selector, line, START + EXIT_DELAY));
        vault.deposit(line, 1);
    }

    function testFuzz_TakesAnAuthorizationThatNamesTheLine(uint64 amount, bytes32 salt, address sender) public {
        VM.assume(sender != address(0));
        amount = _within(amount, 1, type(uint64).max / 2);
        uint32 line = _open(STRANGER, address(0));
        token.mint(OWNER, amount);
        Authorization memory signed = _authorization(line, amount, salt);
        VM.prank(sender);
        vault.depositWithAuthorization(line, signed);
        VM.assertEq(_deposited(line), amount, "deposited");
        VM.assertEq(token.balanceOf(OWNER), 0, "payer's rest");
        VM.assertTrue(token.authorizationState(OWNER, vault.depositNonce(line, salt)), "spent");

        VM.expectRevert(
            abi.encodeWithSelector(TestToken.AuthorizationSpent.selector, OWNER, vault.depositNonce(line, salt))
        );
        vault.depositWithAuthorization(line, signed);
    }

    function test_AnAuthorizationCountsForNoOtherLineAmountOrReceiver() public {
        uint32 line = _open(OWNER, SESSION);
        uint32 other = _open(OWNER, SESSION);
        token.mint(OWNER, 10);
        Authorization memory signed = _authorization(line, 5, "salt");
        VM.expectPartialRevert(TestToken.NotTheSigner.selector);
        vault.depositWithAuthorization(other, signed);
        bytes32 nonce = vault.depositNonce(line, "salt");
        VM.expectRevert(abi.encodeWithSelector(TestToken.NotTheReceiver.selector, vault, address(this)));
        token.receiveWithAuthorization(
            OWNER, address(vault), 5, signed.validAfter, signed.validBefore, nonce, signed.v, signed.r, signed.s
        );
        signed.amount = 6;
        VM.expectPartialRevert(TestToken.NotTheSigner.selector);
        vault.depositWithAuthorization(line, signed);
        signed.amount = 5;
        VM.warp(START + 1 hours);
        VM.expectPartialRevert(TestToken.AuthorizationNotInTime.selector);
        vault.depositWithAuthorization(line, signed);
    }

    function testFuzz_TakesAPermitAlsoWhenSomebodyUsedItBefore(uint64 amount, bool usedBefore) public {
        amount = _within(amount, 1, type(uint64).max);
        uint32 line = _open(OWNER, SESSION);
        token.mint(OWNER, amount);
        (uint8 v, bytes32 r, bytes32 s) = _permit(amount, START);
        if (usedBefore) token.permit(OWNER, address(vault), amount, START, v, r, s);
        VM.prank(OWNER);
        vault.depositWithPermit(line, amount, START, v, r, s);
        VM.assertEq(_deposited(line), amount, "deposited");
    }

    function test_APermitOfSomebodyElseMovesNothing() public {
        uint32 line = _open(OWNER, SESSION);
        token.mint(OWNER, 5);
        (uint8 v, bytes32 r, bytes32 s) = _permit(5, START);
        VM.prank(STRANGER);
        VM.expectRevert(abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", vault, 0, 5));
        vault.depositWithPermit(line, 5, START, v, r, s);
    }

    function testFuzz_CountsMicroUnitsOfAFinerToken(uint64 amount) public {
        amount = _within(amount, 1, type(uint64).max);
        FineToken fine = new FineToken();
        UsageVault its = _vault(address(fine));
        uint32 line = its.openLine(address(0));
        uint256 value = uint256(amount) * 1e12;
        fine.mint(address(this), value);
        fine.approve(address(its), value);
        its.deposit(line, amount);
        VM.assertEq(fine.balanceOf(address(its)), value, "held");
        its.requestExit(line);
        VM.warp(START + EXIT_DELAY);
        its.exit(line);
        VM.assertEq(fine.balanceOf(address(this)), value, "back");
    }

    function test_RefusesATokenThatKeepsAFee() public {
        FeeToken fee = new FeeToken();
        UsageVault its = _vault(address(fee));
        uint32 line = its.openLine(address(0));
        fee.mint(address(this), 10);
        fee.approve(address(its), 10);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.InexactDeposit.selector, 10, 9));
        its.deposit(line, 10);
    }

    function test_RefusesATokenThatSaysNo() public {
        FalseToken no = new FalseToken();
        UsageVault its = _vault(address(no));
        uint32 line = its.openLine(address(0));
        no.mint(address(this), 10);
        no.approve(address(its), 10);
        its.deposit(line, 5);
        its.requestExit(line);
        uint32 other = its.openLine(address(0));
        no.refuse();
        VM.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, no));
        its.deposit(other, 5);
        VM.warp(START + EXIT_DELAY);
        VM.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, no));
        its.exit(line);
    }

    function test_IsNotEnteredAgainWhileMoneyMoves() public {
        CallbackToken token_ = new CallbackToken();
        UsageVault its = _vault(address(token_));
        uint32 line = its.openLine(address(0));
        token_.mint(address(this), 10);
        token_.approve(address(its), 10);
        bytes[3] memory calls = [
            abi.encodeCall(IUsageVault.deposit, (line, 1)),
            abi.encodeCall(IUsageVault.exit, (line)),
            abi.encodeCall(IUsageVault.withdraw, (address(this)))
        ];
        for (uint256 i = 0; i < calls.length; i++) {
            token_.callBack(its, calls[i]);
            VM.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
            its.deposit(line, 5);
        }
        token_.callBack(its, abi.encodeCall(IUsageVault.openLine, (address(0))));
        its.deposit(line, 5);
        its.requestExit(line);
        VM.warp(START + EXIT_DELAY);
        token_.callBack(its, calls[1]);
        VM.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        its.exit(line);
    }
}
