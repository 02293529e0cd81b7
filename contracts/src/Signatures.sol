// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice Whose signature it is: by key first, since an address with code may still be one with a key (EIP-7702).
library Signatures {
    // Enough for a passkey or a multisig; a wallet that burns it all spoils one entry of a packed list, not the rest.
    uint256 private constant WALLET_GAS = 200_000;
    bytes32 private constant VALID = keccak256(abi.encode(IERC1271.isValidSignature.selector));

    /// @return The address whose key signed; zero if the bytes are no signature by a key
    function byKey(bytes32 digest, bytes calldata signature) internal pure returns (address) {
        // On an error the address is zero.
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
        return signer;
    }

    function byWallet(address wallet, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        if (wallet.code.length == 0) return false;
        (bool answered, bytes memory answer) =
            wallet.staticcall{gas: WALLET_GAS}(abi.encodeCall(IERC1271.isValidSignature, (digest, signature)));
        return answered && keccak256(answer) == VALID;
    }
}
