// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IUsageVault} from "../src/IUsageVault.sol";
import {Fixture} from "./Fixture.sol";
import {VM} from "./Vm.sol";

/// @dev What Java posts by the vectors, at the edges of its 63 bits of nanos and of the vault's 64 bits of micro-units.
contract MoneyVectorsTest is Fixture {
    uint256 private constant NANOS_PER_MICRO = 1000;

    string private json;

    function setUp() public override {
        super.setUp();
        // It may read this one file; see foundry.toml.
        // forge-lint: disable-next-line(unsafe-cheatcode)
        json = VM.readFile("../src/test/resources/money-vectors.json");
    }

    function test_DebitsOfManyBatchesAreTheDebitOfOne() public {
        uint256 count = 0;
        for (; VM.keyExistsJson(json, _item(".lines", count)); count++) {
            string memory item = _item(".lines", count);
            uint64 all = _uint64(item, ".all");
            uint32 line = _line(all, all);
            uint256 before = _uint(_item(string.concat(item, ".cumulatives"), 0));
            for (uint256 i = 0; VM.keyExistsJson(json, _item(string.concat(item, ".debits"), i)); i++) {
                uint256 next = _uint(_item(string.concat(item, ".cumulatives"), i + 1));
                uint256 debit = _uint(_item(string.concat(item, ".debits"), i));
                VM.assertEq(next / NANOS_PER_MICRO - before / NANOS_PER_MICRO, debit, item);
                // forge-lint: disable-next-line(unsafe-typecast)
                _post(_row(line, uint64(debit)), "");
                before = next;
            }
            VM.assertEq(_used(line), all, item);
            _refuses(line, all, 1, all);
        }
        VM.assertEq(count, 10, "lines read");
    }

    function test_HoldsTheLineRuleOfTheVectors() public {
        uint256 count = 0;
        for (; VM.keyExistsJson(json, _item(".rules", count)); count++) {
            string memory item = _item(".rules", count);
            // What one vault owes fits 64 bits, and some of these take them all.
            vault = _vault(address(token));
            uint32 line = _line(_uint64(item, ".deposited"), _uint64(item, ".ceiling"));
            uint64 used = 0;
            for (uint256 i = 0; VM.keyExistsJson(json, _item(string.concat(item, ".debits"), i)); i++) {
                string memory step = _item(string.concat(item, ".debits"), i);
                uint64 debit = _uint64(step, ".debit");
                if (VM.parseJsonBool(json, string.concat(step, ".taken"))) {
                    _post(_row(line, debit), "");
                } else {
                    _refuses(line, used, debit, _uint64(item, ".limit"));
                }
                used = _uint64(step, ".used");
                VM.assertEq(_used(line), used, step);
            }
        }
        VM.assertEq(count, 20, "rules read");
    }

    function test_PaysOutTheBatchesOfTheVectors() public {
        address[3] memory payees;
        for (uint256 i = 0; i < payees.length; i++) {
            payees[i] = VM.parseJsonAddress(json, _item(".settled.payees", i));
        }
        uint256 count = 0;
        while (VM.keyExistsJson(json, _item(".settled.batches", count))) count++;
        VM.assertEq(count, 6, "batches read");
        string memory last = string.concat(_item(".settled.batches", count - 1), ".after");
        uint64 owed = 0;
        for (uint256 i = 0; i < 3; i++) {
            // forge-lint: disable-next-line(unsafe-typecast)
            uint64 all = uint64(_uint(_item(last, i)) / NANOS_PER_MICRO);
            _line(all, all);
            owed += all;
        }
        uint64[3] memory credited;
        uint64 available = 0;
        for (uint256 i = 0; i < count; i++) {
            string memory item = _item(".settled.batches", i);
            _post(_bytes(item, ".rows"), _bytes(item, ".packedCredits"));
            uint64 paid = 0;
            for (uint256 j = 0; j < 3; j++) {
                uint256 settled = _uint(_item(string.concat(item, ".after"), j)) / NANOS_PER_MICRO;
                // forge-lint: disable-next-line(unsafe-typecast)
                VM.assertEq(_used(uint32(j + 1)), settled, item);
                // forge-lint: disable-next-line(unsafe-typecast)
                uint64 credit = uint64(_uint(_item(string.concat(item, ".credits"), j)));
                credited[j] += credit;
                VM.assertEq(_maturing(payees[j]), credited[j], item);
                // forge-lint: disable-next-line(unsafe-typecast)
                uint64 debit = uint64(_uint(_item(string.concat(item, ".debits"), j)));
                available += debit;
                paid += credit;
                owed = owed - debit + credit;
            }
            available -= paid;
            VM.assertEq(available, _uint(string.concat(item, ".availableAfter")), item);
            VM.assertEq(_owed(), owed, item);
        }
        // Not a micro-unit more than was debited.
        (uint40 seq,,) = vault.head();
        bytes32 history = vault.historyHash();
        uint256 held = token.balanceOf(address(vault));
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.Uncovered.selector, held + 1, held));
        vault.post(seq + 1, history, 0, "", _credit(payees[0], available + 1));
    }

    function test_PacksRowsAndCreditsAsTheVectorsDo() public view {
        bytes memory rows;
        bytes memory credits;
        for (uint256 i = 0; VM.keyExistsJson(json, _item(".packed.rows", i)); i++) {
            string memory row = _item(".packed.rows", i);
            // forge-lint: disable-next-line(unsafe-typecast)
            rows = bytes.concat(rows, _row(uint32(_uint(_item(row, 0))), uint64(_uint(_item(row, 1)))));
        }
        for (uint256 i = 0; VM.keyExistsJson(json, _item(".packed.credits", i)); i++) {
            string memory item = _item(".packed.credits", i);
            credits = bytes.concat(
                credits,
                // forge-lint: disable-next-line(unsafe-typecast)
                _credit(VM.parseJsonAddress(json, _item(item, 0)), uint64(_uint(_item(item, 1))))
            );
        }
        VM.assertEq(rows.length + credits.length, 4 * 12 + 3 * 28, "read");
        VM.assertEq(rows, _bytes(".packed", ".packedRows"), "rows");
        VM.assertEq(credits, _bytes(".packed", ".packedCredits"), "credits");
    }

    function _refuses(uint32 line, uint64 used, uint64 debit, uint64 limit) private {
        (uint40 seq,,) = vault.head();
        bytes32 history = vault.historyHash();
        VM.prank(OPERATOR);
        VM.expectRevert(abi.encodeWithSelector(IUsageVault.OverLimit.selector, line, used, debit, limit));
        vault.post(seq + 1, history, 0, _row(line, debit), "");
    }

    function _item(string memory list, uint256 i) private pure returns (string memory) {
        return string.concat(list, "[", VM.toString(i), "]");
    }

    function _uint(string memory key) private view returns (uint256) {
        return VM.parseJsonUint(json, key);
    }

    function _uint64(string memory item, string memory key) private view returns (uint64) {
        uint256 value = _uint(string.concat(item, key));
        VM.assertTrue(value <= type(uint64).max, key);
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(value);
    }

    function _bytes(string memory item, string memory key) private view returns (bytes memory) {
        return VM.parseJsonBytes(json, string.concat(item, key));
    }
}
