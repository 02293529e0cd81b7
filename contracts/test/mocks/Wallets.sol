// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {UsageVault} from "../../src/UsageVault.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @dev A contract that owns a line and accepts one digest with any signature.
contract Wallet is IERC1271 {
    bytes32 private _accepted;

    function openLine(UsageVault vault) external returns (uint32) {
        return vault.openLine(address(0));
    }

    function accept(bytes32 digest) external {
        _accepted = digest;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view virtual returns (bytes4) {
        return digest == _accepted ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @dev Burns all gas that it is given.
contract GreedyWallet is Wallet {
    function isValidSignature(bytes32, bytes calldata) external pure override returns (bytes4) {
        while (true) {}
        return 0;
    }
}

contract RevertingWallet is Wallet {
    function isValidSignature(bytes32, bytes calldata) external pure override returns (bytes4) {
        revert("no");
    }
}
