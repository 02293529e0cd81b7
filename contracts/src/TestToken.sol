// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title A token like USDC for chains without money
/// @notice 6 decimals, EIP-2612 and EIP-3009. Anyone may mint: it is worth nothing and belongs on test chains only.
contract TestToken is ERC20, ERC20Permit, IERC3009 {
    bytes32 private constant TRANSFER_TYPE = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant RECEIVE_TYPE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    /// @inheritdoc IERC3009
    mapping(address authorizer => mapping(bytes32 nonce => bool)) public authorizationState;

    error NotTheReceiver(address to, address sender);
    error AuthorizationNotInTime(uint256 validAfter, uint256 validBefore);
    error AuthorizationSpent(address authorizer, bytes32 nonce);
    error NotTheSigner(address from, address signer);

    constructor() ERC20("Farthing Test Dollar", "tUSD") ERC20Permit("Farthing Test Dollar") {}

    function mint(address to, uint256 value) external {
        _mint(to, value);
    }

    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        _authorize(from, keccak256(abi.encode(TRANSFER_TYPE, from, to, value, validAfter, validBefore, nonce)), v, r, s);
        _spend(from, validAfter, validBefore, nonce);
        _transfer(from, to, value);
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        if (to != msg.sender) revert NotTheReceiver(to, msg.sender);
        _authorize(from, keccak256(abi.encode(RECEIVE_TYPE, from, to, value, validAfter, validBefore, nonce)), v, r, s);
        _spend(from, validAfter, validBefore, nonce);
        _transfer(from, to, value);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function _spend(address from, uint256 validAfter, uint256 validBefore, bytes32 nonce) private {
        if (block.timestamp <= validAfter || block.timestamp >= validBefore) {
            revert AuthorizationNotInTime(validAfter, validBefore);
        }
        if (authorizationState[from][nonce]) revert AuthorizationSpent(from, nonce);
        authorizationState[from][nonce] = true;
        emit AuthorizationUsed(from, nonce);
    }

    function _authorize(address from, bytes32 structHash, uint8 v, bytes32 r, bytes32 s) private view {
        address signer = ECDSA.recover(_hashTypedDataV4(structHash), v, r, s);
        if (signer != from) revert NotTheSigner(from, signer);
    }
}
