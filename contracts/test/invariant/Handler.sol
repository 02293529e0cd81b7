// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Fixture} from "../Fixture.sol";
import {VM} from "../Vm.sol";

/// @dev Does what payers, payees, the operator and the guardian may do at any time, and keeps its own books of it. Nothing
/// that it does may revert.
contract Handler is Fixture {
    struct Batch {
        uint40 seq;
        uint40 parent;
        uint256 epoch;
        bytes32 before;
        bytes rows;
        bytes credits;
        uint64[] debits;
        uint64[] amounts;
    }

    uint256 public constant PAYEES = 3;
    uint32 private constant MOST_LINES = 8;
    uint256 private constant MOST = 1e12;

    uint40 public time = START;
    uint32 public lines;
    uint256 public income;
    uint256 public voids;
    mapping(uint32 line => uint256) public deposits;
    mapping(uint32 line => uint256) public debits;
    mapping(uint32 line => uint256) public exits;
    mapping(uint256 payee => uint256) public credits;
    mapping(uint256 payee => uint256) public withdrawals;

    /// All entries since the first batch, and the live batches among them.
    bytes32[] private _entries;
    Batch[] private _live;
    uint40 private _pauseAllowed;

    modifier timed() {
        VM.warp(time);
        _;
    }

    constructor() {
        super.setUp();
    }

    /// @dev Done once, above.
    function setUp() public override {}

    function open() external timed {
        if (lines == MOST_LINES) return;
        lines = _open(ownerOf(lines + 1), SESSION);
    }

    function deposit(uint256 which, uint256 amount) external timed {
        uint32 line = _pick(which);
        if (line == 0 || _exitAt(line) != 0) return;
        uint64 money = _within(amount, 1, MOST);
        _deposit(line, STRANGER, money);
        deposits[line] += money;
    }

    function raise(uint256 which, uint256 by, bool asVoucher) external timed {
        uint32 line = _pick(which);
        if (line == 0) return;
        uint64 ceiling = _ceiling(line) + _within(by, 1, MOST);
        if (asVoucher) {
            vault.raise(_voucher(line, ceiling, type(uint40).max, SESSION_KEY));
        } else {
            VM.prank(ownerOf(line));
            vault.raiseCeiling(line, ceiling);
        }
    }

    function earnElsewhere(uint256 amount) external timed {
        uint256 money = _within(amount, 0, MOST);
        token.mint(address(vault), money);
        income += money;
    }

    function post(uint256 seed, bool all) external timed {
        (address current, uint40 pausedUntil,,) = vault.operator();
        VM.assertEq(current, OPERATOR, "operator");
        if (time < pausedUntil) return;
        Batch storage batch = _live.push();
        (batch.seq, batch.parent,) = vault.head();
        batch.seq++;
        batch.epoch = vault.currentEpoch();
        batch.before = vault.historyHash();
        uint256 left = token.balanceOf(address(vault)) - _owed();
        bytes memory packed = "";
        for (uint32 line = 1; line <= lines; line++) {
            (,, uint64 deposited, uint64 ceiling, uint64 used,,) = vault.lineOf(line);
            uint256 rest = (deposited < ceiling ? deposited : ceiling) - used;
            uint64 debit = _within(_draw(seed, line), all ? rest : 0, rest);
            packed = bytes.concat(packed, _row(line, debit));
            batch.debits.push(debit);
            debits[line] += debit;
            left += debit;
        }
        batch.rows = packed;
        packed = "";
        for (uint256 payee = 1; payee <= PAYEES; payee++) {
            uint64 amount = _within(_draw(seed, 100 + payee), all && payee == PAYEES ? left : 0, left);
            packed = bytes.concat(packed, _credit(payeeOf(payee), amount));
            batch.amounts.push(amount);
            credits[payee] += amount;
            left -= amount;
        }
        batch.credits = packed;
        _post(batch.rows, batch.credits);
        _entries.push(
            keccak256(
                abi.encode(batch.seq, batch.parent, _root(batch.seq), keccak256(batch.rows), keccak256(batch.credits))
            )
        );
    }

    function voidNewest(uint256 count) external timed {
        if (_live.length == 0 || _live[_live.length - 1].epoch + 2 <= vault.currentEpoch()) return;
        (, uint40 pausedUntil,,) = vault.operator();
        if (time >= pausedUntil) {
            if (time < _pauseAllowed) return;
            _pauseAllowed = time + EXIT_DELAY;
            _pause();
        }
        for (count = _within(count, 1, 3); count > 0 && _live.length > 0; count--) {
            if (_live[_live.length - 1].epoch + 2 <= vault.currentEpoch()) return;
            _voidNewest();
        }
    }

    function endPause() external timed {
        (, uint40 pausedUntil,,) = vault.operator();
        if (time >= pausedUntil) return;
        VM.prank(GUARDIAN);
        vault.endPause();
    }

    function requestExit(uint256 which) external timed {
        uint32 line = _pick(which);
        // Not every payer leaves at once.
        if (which % 3 != 0 || line == 0 || _exitAt(line) != 0) return;
        VM.prank(ownerOf(line));
        vault.requestExit(line);
    }

    function exit(uint256 which) external timed {
        uint32 line = _pick(which);
        if (line == 0 || _exitAt(line) == 0 || time < _exitAt(line) || _deposited(line) == _used(line)) return;
        _exit(line);
    }

    function withdraw(uint256 which) external timed {
        uint256 payee = _within(which, 1, PAYEES);
        if (_matured(payeeOf(payee)) > 0) _withdraw(payee);
    }

    function pass(uint256 hours_) external {
        time += 3600 * uint40(_within(hours_, 0, 30));
    }

    /// @dev Everybody goes home: payers request and leave, payees wait and withdraw.
    function emptyVault() external timed {
        for (uint32 line = 1; line <= lines; line++) {
            if (_exitAt(line) != 0) continue;
            VM.prank(ownerOf(line));
            vault.requestExit(line);
        }
        time += EXIT_DELAY;
        VM.warp(time);
        for (uint32 line = 1; line <= lines; line++) {
            if (_deposited(line) > _used(line)) _exit(line);
        }
        for (uint256 payee = 1; payee <= PAYEES; payee++) {
            if (_matured(payeeOf(payee)) > 0) _withdraw(payee);
        }
    }

    function ownerOf(uint32 line) public pure returns (address) {
        return address(uint160(0xA000) + line);
    }

    function payeeOf(uint256 payee) public pure returns (address) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return address(uint160(0xE000 + payee));
    }

    function vaultOf() external view returns (address, address) {
        return (address(vault), address(token));
    }

    function _voidNewest() private {
        Batch storage batch = _live[_live.length - 1];
        bytes32[] memory later = new bytes32[](_entries.length - batch.seq);
        for (uint256 i = 0; i < later.length; i++) {
            later[i] = _entries[batch.seq + i];
        }
        VM.prank(GUARDIAN);
        vault.voidNewest(batch.parent, batch.before, _root(batch.seq), batch.rows, batch.credits, later);
        for (uint32 line = 1; line <= batch.debits.length; line++) {
            debits[line] -= batch.debits[line - 1];
        }
        for (uint256 payee = 1; payee <= PAYEES; payee++) {
            credits[payee] -= batch.amounts[payee - 1];
        }
        _entries.push(keccak256(abi.encode(_entries.length + 1, batch.seq)));
        _live.pop();
        voids++;
    }

    function _exit(uint32 line) private {
        uint256 before = token.balanceOf(ownerOf(line));
        vault.exit(line);
        exits[line] += token.balanceOf(ownerOf(line)) - before;
    }

    function _withdraw(uint256 payee) private {
        uint256 before = token.balanceOf(payeeOf(payee));
        vault.withdraw(payeeOf(payee));
        withdrawals[payee] += token.balanceOf(payeeOf(payee)) - before;
    }

    function _pick(uint256 which) private view returns (uint32) {
        return lines == 0 ? 0 : uint32(_within(which, 1, lines));
    }

    function _exitAt(uint32 line) private view returns (uint40 exitAt) {
        (,,,,, exitAt,) = vault.lineOf(line);
    }

    function _root(uint40 seq) private pure returns (bytes32) {
        return keccak256(abi.encode("receipts", seq));
    }

    function _draw(uint256 seed, uint256 i) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, i)));
    }
}
