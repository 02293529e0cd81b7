// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice A line's money in one storage slot: used(64) | deposited(64) | ceiling(64) | exitAt(40) | exited(1), the first
/// in the lowest bits. Amounts in micro-units of the token; 23 bits are free.
type Line is uint256;

using Lines for Line global;

library Lines {
    uint256 private constant AMOUNT = type(uint64).max;
    uint256 private constant DEPOSITED = 64;
    uint256 private constant CEILING = 128;
    uint256 private constant EXIT_AT = 192;
    uint256 private constant EXITED = 232;
    uint256 private constant EXITED_BIT = 2 ** EXITED;

    function used(Line line) internal pure returns (uint256) {
        return Line.unwrap(line) & AMOUNT;
    }

    function deposited(Line line) internal pure returns (uint256) {
        return (Line.unwrap(line) >> DEPOSITED) & AMOUNT;
    }

    function ceiling(Line line) internal pure returns (uint256) {
        return (Line.unwrap(line) >> CEILING) & AMOUNT;
    }

    /// @notice When the rest may leave, in seconds since 1970; zero as long as no exit is requested
    function exitAt(Line line) internal pure returns (uint256) {
        return (Line.unwrap(line) >> EXIT_AT) & type(uint40).max;
    }

    function exited(Line line) internal pure returns (bool) {
        return (Line.unwrap(line) >> EXITED) & 1 == 1;
    }

    /// @notice The largest `used` may become: min(ceiling, deposited)
    function limit(Line line) internal pure returns (uint256) {
        uint256 money = deposited(line);
        uint256 signed = ceiling(line);
        return signed < money ? signed : money;
    }

    /// @param amount At most limit − used
    function debit(Line line, uint256 amount) internal pure returns (Line) {
        unchecked {
            return Line.wrap(Line.unwrap(line) + amount);
        }
    }

    /// @param amount At most used
    function undebit(Line line, uint256 amount) internal pure returns (Line) {
        unchecked {
            return Line.wrap(Line.unwrap(line) - amount);
        }
    }

    function deposit(Line line, uint64 amount) internal pure returns (Line) {
        // What the vault owes fits 64 bits, but a line counts all that was ever deposited.
        uint256 sum = SafeCast.toUint64(deposited(line) + amount);
        return Line.wrap((Line.unwrap(line) & ~(AMOUNT << DEPOSITED)) | (sum << DEPOSITED));
    }

    function raiseTo(Line line, uint64 newCeiling) internal pure returns (Line) {
        return Line.wrap((Line.unwrap(line) & ~(AMOUNT << CEILING)) | (uint256(newCeiling) << CEILING));
    }

    function freeze(Line line, uint40 until) internal pure returns (Line) {
        return Line.wrap(Line.unwrap(line) | (uint256(until) << EXIT_AT));
    }

    /// @notice The line without the money that leaves: deposited becomes used, so that a void makes a rest again.
    function close(Line line) internal pure returns (Line) {
        uint256 kept = Line.unwrap(line) & ~(AMOUNT << DEPOSITED);
        return Line.wrap(kept | (used(line) << DEPOSITED) | EXITED_BIT);
    }
}
