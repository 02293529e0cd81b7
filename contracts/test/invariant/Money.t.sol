// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestToken} from "../../src/TestToken.sol";
import {UsageVault} from "../../src/UsageVault.sol";
import {VM} from "../Vm.sol";
import {Handler} from "./Handler.sol";

contract MoneyInvariants {
    /// @dev As forge asks for it
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler private handler;
    UsageVault private vault;
    TestToken private token;

    function setUp() public {
        handler = new Handler();
        (address vault_, address token_) = handler.vaultOf();
        vault = UsageVault(vault_);
        token = TestToken(token_);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[13] memory calls = [
            Handler.open.selector,
            Handler.deposit.selector,
            Handler.deposit.selector,
            Handler.raise.selector,
            Handler.raise.selector,
            Handler.earnElsewhere.selector,
            Handler.post.selector,
            Handler.voidNewest.selector,
            Handler.endPause.selector,
            Handler.requestExit.selector,
            Handler.exit.selector,
            Handler.withdraw.selector,
            Handler.pass.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0].addr = address(handler);
        targets[0].selectors = new bytes4[](calls.length);
        for (uint256 i = 0; i < calls.length; i++) {
            targets[0].selectors[i] = calls[i];
        }
    }

    function invariant_EscrowCoversExactlyWhatIsOwed() public {
        VM.warp(handler.time());
        (,, uint64 owed) = vault.head();
        uint256 sum = 0;
        for (uint32 line = 1; line <= handler.lines(); line++) {
            (,, uint64 deposited,, uint64 used,,) = vault.lineOf(line);
            sum += deposited - used;
        }
        for (uint256 payee = 1; payee <= handler.PAYEES(); payee++) {
            (uint64 matured, uint64 maturing) = vault.payeeOf(handler.payeeOf(payee));
            sum += uint256(matured) + maturing;
        }
        VM.assertEq(owed, sum, "owed is the sum of what everybody has");
        VM.assertTrue(token.balanceOf(address(vault)) >= owed, "and it is there");
    }

    function invariant_NoLineExceedsMinOfCeilingAndDeposit() public view {
        for (uint32 line = 1; line <= handler.lines(); line++) {
            (,, uint64 deposited, uint64 ceiling, uint64 used,,) = vault.lineOf(line);
            VM.assertTrue(used <= deposited && used <= ceiling, "used");
        }
    }

    function invariant_EveryUnitIsWhereTheBooksSay() public {
        VM.warp(handler.time());
        uint256 held = handler.income();
        for (uint32 line = 1; line <= handler.lines(); line++) {
            (,, uint64 deposited,, uint64 used,,) = vault.lineOf(line);
            VM.assertEq(used, handler.debits(line), "used is the sum of live debits");
            VM.assertEq(deposited - used + handler.exits(line) + used, handler.deposits(line), "deposited");
            held += handler.deposits(line) - handler.exits(line);
        }
        for (uint256 payee = 1; payee <= handler.PAYEES(); payee++) {
            (uint64 matured, uint64 maturing) = vault.payeeOf(handler.payeeOf(payee));
            VM.assertEq(
                uint256(matured) + maturing + handler.withdrawals(payee), handler.credits(payee), "live credits"
            );
            held -= handler.withdrawals(payee);
        }
        VM.assertEq(token.balanceOf(address(vault)), held, "held");
    }

    /// Every deposit and every credit can leave, whatever happened, and only what nobody was credited stays.
    function afterInvariant() public {
        handler.emptyVault();
        VM.warp(handler.time());
        uint256 surplus = handler.income();
        for (uint32 line = 1; line <= handler.lines(); line++) {
            VM.assertEq(handler.exits(line) + handler.debits(line), handler.deposits(line), "a payer's rest left");
            surplus += handler.debits(line);
        }
        for (uint256 payee = 1; payee <= handler.PAYEES(); payee++) {
            VM.assertEq(handler.withdrawals(payee), handler.credits(payee), "a payee's credits left");
            surplus -= handler.credits(payee);
        }
        (,, uint64 owed) = vault.head();
        VM.assertEq(owed, 0, "owed");
        VM.assertEq(token.balanceOf(address(vault)), surplus, "surplus");
    }
}
