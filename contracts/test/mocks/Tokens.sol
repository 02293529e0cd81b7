// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {UsageVault} from "../../src/UsageVault.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @dev 18 decimals: the vault counts a millionth of a millionth of them as nothing.
contract FineToken is ERC20("Fine", "FINE") {
    function mint(address to, uint256 value) external {
        _mint(to, value);
    }
}

contract CoarseToken is ERC20("Coarse", "COARSE") {
    function decimals() public pure override returns (uint8) {
        return 5;
    }
}

/// @dev Keeps one unit of every transfer for itself.
contract FeeToken is ERC20("Fee", "FEE") {
    function mint(address to, uint256 value) external {
        _mint(to, value);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0)) return super._update(from, to, value);
        super._update(from, address(this), 1);
        super._update(from, to, value - 1);
    }
}

/// @dev Says no instead of reverting, once told to.
contract FalseToken is ERC20("False", "FALSE") {
    bool public refusing;

    function mint(address to, uint256 value) external {
        _mint(to, value);
    }

    function refuse() external {
        refusing = true;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return !refusing && super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return !refusing && super.transferFrom(from, to, value);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}

/// @dev Calls back into the vault in every transfer, as an ERC-777 token would, and hands on what the vault answers.
contract CallbackToken is ERC20("Callback", "BACK") {
    UsageVault public vault;
    bytes public call;

    function mint(address to, uint256 value) external {
        _mint(to, value);
    }

    function callBack(UsageVault vault_, bytes calldata call_) external {
        vault = vault_;
        call = call_;
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (address(vault) == address(0)) return;
        // solhint-disable-next-line avoid-low-level-calls
        (bool done, bytes memory answer) = address(vault).call(call);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }
}
