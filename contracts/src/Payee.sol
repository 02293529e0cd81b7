// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A payee's money in one storage slot: matured(64) | credited the epoch before(64) | credited in the epoch(64) |
/// epoch(32), the first in the lowest bits. A credit matures when the epoch after its own has passed.
/// @dev No field overflows into the next as long as the sum of all that any vault owes fits 64 bits, which post checks.
type Payee is uint256;

using Payees for Payee global;

library Payees {
    uint256 private constant AMOUNT = type(uint64).max;
    uint256 private constant BEFORE = 64;
    uint256 private constant RECENT = 128;
    uint256 private constant EPOCH = 192;

    /// @notice The same money as it stands in a later epoch
    function inEpoch(Payee payee, uint256 epoch) internal pure returns (Payee) {
        unchecked {
            uint256 word = Payee.unwrap(payee);
            uint256 passed = epoch - (word >> EPOCH);
            if (passed == 0) return payee;
            uint256 recent = (word >> RECENT) & AMOUNT;
            uint256 sum = (word & AMOUNT) + ((word >> BEFORE) & AMOUNT);
            return Payee.wrap((passed == 1 ? sum | (recent << BEFORE) : sum + recent) | (epoch << EPOCH));
        }
    }

    /// @dev Of a payee brought to the epoch by `inEpoch`, as all below
    function matured(Payee payee) internal pure returns (uint256) {
        return Payee.unwrap(payee) & AMOUNT;
    }

    function maturing(Payee payee) internal pure returns (uint256) {
        uint256 word = Payee.unwrap(payee);
        return ((word >> BEFORE) & AMOUNT) + ((word >> RECENT) & AMOUNT);
    }

    function credit(Payee payee, uint256 amount) internal pure returns (Payee) {
        unchecked {
            return Payee.wrap(Payee.unwrap(payee) + (amount << RECENT));
        }
    }

    /// @param age Epochs since the credit: 0 or 1
    function takeBack(Payee payee, uint256 amount, uint256 age) internal pure returns (Payee) {
        unchecked {
            return Payee.wrap(Payee.unwrap(payee) - (amount << (age == 0 ? RECENT : BEFORE)));
        }
    }

    function withdraw(Payee payee) internal pure returns (Payee) {
        return Payee.wrap(Payee.unwrap(payee) & ~AMOUNT);
    }
}
