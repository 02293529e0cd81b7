// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Fixture} from "./Fixture.sol";
import {VM} from "./Vm.sol";

/// @dev Whole transactions, on lines and payees as they are in daily use. A limit that is missed is a failing test;
/// what it costs exactly stands in snapshots/.
contract GasTest is Fixture {
    uint64 private constant DEPOSIT = 1e9;
    uint64 private constant DEBIT = 123_456;

    /// The cap of one transaction (EIP-7825).
    uint256 private constant CAP = 16_777_216;

    function test_PostsRowsWithinTheirLimits() public {
        _linesInUse(1000);
        _snapshotPost(1, 0, "post 1 row", 72_000);
        _snapshotPost(10, 0, "post 10 rows", 127_000);
        _snapshotPost(100, 0, "post 100 rows", 680_000);
        _snapshotPost(1000, 0, "post 1000 rows", 6_200_000);
    }

    function test_CreditsPayeesWithinTheirLimits() public {
        _linesInUse(100);
        uint256 alone = _snapshotPost(100, 0, "post 100 rows beside credits", 680_000);
        uint256 first = _snapshotPost(100, 100, "post 100 rows and 100 credits, payees' first", type(uint64).max);
        VM.assertTrue((first - alone) / 100 <= 24_000, "a payee's first credit");
        for (uint256 epoch = 1; epoch <= 3; epoch++) {
            VM.warp(START + epoch * EPOCH);
            uint256 again = _snapshotPost(100, 100, "post 100 rows and 100 credits, new epoch", type(uint64).max);
            VM.assertTrue((again - alone) / 100 <= 6200, "a payee's credit in a new epoch");
        }
    }

    function test_WithdrawsWithinItsLimit() public {
        _linesInUse(1);
        _post(_row(1, DEBIT), _credit(_payee(1), DEBIT));
        VM.warp(START + 2 * EPOCH);
        vault.withdraw(_payee(1));
        _snapshot("withdraw, payee's first token", type(uint64).max);
        _post(_row(1, DEBIT), _credit(_payee(1), DEBIT));
        VM.warp(START + 4 * EPOCH);
        vault.withdraw(_payee(1));
        _snapshot("withdraw", 57_000);
    }

    function test_ExitsWithinItsLimits() public {
        _linesInUse(1);
        token.mint(OWNER, 1);
        VM.prank(OWNER);
        vault.requestExit(1);
        _snapshot("requestExit", 34_000);
        VM.warp(START + EXIT_DELAY);
        vault.exit(1);
        _snapshot("exit", 58_000);
    }

    function test_SnapshotsWhatPayersSend() public {
        _fund(OWNER, 4 * uint256(DEPOSIT));
        VM.prank(OWNER);
        vault.openLine(SESSION);
        _snapshot("openLine", type(uint64).max);
        VM.prank(OWNER);
        vault.deposit(1, DEPOSIT);
        VM.prank(OWNER);
        vault.deposit(1, DEPOSIT);
        _snapshot("deposit", type(uint64).max);
        vault.depositWithAuthorization(1, _authorization(1, DEPOSIT, "salt"));
        _snapshot("depositWithAuthorization", type(uint64).max);
        VM.prank(OWNER);
        vault.raiseCeiling(1, DEPOSIT);
        _snapshot("raiseCeiling", type(uint64).max);
        bytes memory vouchers = "";
        for (uint32 i = 2; i <= 101; i++) {
            _deposit(_open(OWNER, SESSION), OWNER, DEPOSIT);
            vouchers = bytes.concat(vouchers, _voucher(i, DEPOSIT, START, SESSION_KEY));
        }
        vault.raise(vouchers);
        _snapshot("raise 100 vouchers", type(uint64).max);
        VM.assertEq(_ceiling(101), DEPOSIT, "the last one");
    }

    function test_VoidsTheLargestBatchesInOneTransaction() public {
        _linesInUse(2700);
        _snapshotVoid(2700, 0, "void 2700 rows");
        VM.warp(START + EXIT_DELAY);
        _snapshotVoid(1350, 1350, "void 1350 rows and 1350 credits");
        VM.warp(START + 2 * EXIT_DELAY);
        token.mint(address(vault), 2700 * uint256(DEBIT));
        _snapshotVoid(0, 2700, "void 2700 credits");
    }

    /// @dev In the epoch after the post, when payees' slots are brought to another epoch as well
    function _snapshotVoid(uint32 lines, uint256 payees, string memory name) private {
        bytes memory rows = _rows(lines);
        bytes memory credits = _credits(payees);
        bytes32 before = vault.historyHash();
        (, uint40 parent,) = vault.head();
        uint40 seq = _post(rows, credits);
        VM.warp(VM.getBlockTimestamp() + EPOCH);
        _pause();
        VM.prank(GUARDIAN);
        vault.voidNewest(parent, before, keccak256(abi.encode("receipts", seq)), rows, credits, new bytes32[](0));
        _snapshot(name, CAP);
    }

    function _snapshot(string memory name, uint256 limit) private returns (uint256 used) {
        used = VM.snapshotGasLastCall("UsageVault", name);
        VM.assertTrue(used <= limit, name);
    }

    function _linesInUse(uint32 count) private {
        _fund(OWNER, uint256(DEPOSIT) * count);
        for (uint32 i = 1; i <= count; i++) {
            VM.prank(OWNER);
            vault.openLine(SESSION);
            VM.prank(OWNER);
            vault.deposit(i, DEPOSIT);
            VM.prank(OWNER);
            vault.raiseCeiling(i, DEPOSIT);
        }
        _post(_rows(count), "");
    }

    function _snapshotPost(uint32 lines, uint256 payees, string memory name, uint256 limit)
        private
        returns (uint256 used)
    {
        _post(_rows(lines), _credits(payees));
        return _snapshot(name, limit);
    }

    function _rows(uint32 count) private pure returns (bytes memory rows) {
        rows = new bytes(uint256(count) * 12);
        for (uint32 i = 0; i < count; i++) {
            _write(rows, uint256(i) * 12, _row(i + 1, DEBIT));
        }
    }

    function _credits(uint256 count) private pure returns (bytes memory credits) {
        credits = new bytes(count * 28);
        for (uint256 i = 0; i < count; i++) {
            _write(credits, i * 28, _credit(_payee(i), DEBIT));
        }
    }

    /// @dev Thousands of entries joined one by one would fill the memory.
    function _write(bytes memory all, uint256 start, bytes memory entry) private pure {
        for (uint256 i = 0; i < entry.length; i++) {
            all[start + i] = entry[i];
        }
    }

    /// @dev Addresses of nonzero bytes, as they really are, ascending
    function _payee(uint256 i) private pure returns (address) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return address(uint160(((0x1111 + i) << 144) | (uint256(keccak256(abi.encode(i))) >> 112)));
    }
}
