// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Authorization} from "../src/IUsageVault.sol";
import {TestToken} from "../src/TestToken.sol";
import {UsageVault} from "../src/UsageVault.sol";
import {VM} from "./Vm.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @dev A vault with its token and roles, a payer with a line, and the operator's batches.
abstract contract Fixture {
    uint40 internal constant EPOCH = 1 days;
    uint40 internal constant LONGEST_PAUSE = 1 days;
    uint40 internal constant EXIT_DELAY = 4 days;
    uint40 internal constant OPERATOR_NOTICE = 12 hours;
    uint40 internal constant START = 20_000 * 1 days;

    uint256 internal constant OWNER_KEY = 0xA11CE;
    uint256 internal constant SESSION_KEY = 0x5E55;
    uint256 internal constant OTHER_KEY = 0xBAD;

    address internal immutable OWNER = VM.addr(OWNER_KEY);
    address internal immutable SESSION = VM.addr(SESSION_KEY);
    address internal constant OPERATOR = address(0x0901);
    address internal constant GUARDIAN = address(0x0902);
    address internal constant COLD = address(0x0903);
    address internal constant PAYEE = address(0xEE01);
    address internal constant STRANGER = address(0x57A6);

    TestToken internal token;
    UsageVault internal vault;

    function setUp() public virtual {
        VM.warp(START);
        token = new TestToken();
        vault = _vault(address(token));
    }

    function _vault(address money) internal returns (UsageVault) {
        return new UsageVault(money, OPERATOR, GUARDIAN, COLD, EPOCH, LONGEST_PAUSE, EXIT_DELAY, OPERATOR_NOTICE);
    }

    function _open(address owner, address session) internal returns (uint32) {
        VM.prank(owner);
        return vault.openLine(session);
    }

    function _fund(address owner, uint256 amount) internal {
        token.mint(owner, amount);
        VM.prank(owner);
        token.approve(address(vault), amount);
    }

    function _deposit(uint32 line, address from, uint64 amount) internal {
        _fund(from, amount);
        VM.prank(from);
        vault.deposit(line, amount);
    }

    /// @dev A line of OWNER with that deposit and ceiling
    function _line(uint64 amount, uint64 ceiling) internal returns (uint32 line) {
        line = _open(OWNER, SESSION);
        if (amount > 0) _deposit(line, OWNER, amount);
        if (ceiling > 0) {
            VM.prank(OWNER);
            vault.raiseCeiling(line, ceiling);
        }
    }

    function _post(bytes memory rows, bytes memory credits) internal returns (uint40 seq) {
        (seq,,) = vault.head();
        bytes32 history = vault.historyHash();
        VM.prank(OPERATOR);
        vault.post(++seq, history, keccak256(abi.encode("receipts", seq)), rows, credits);
    }

    function _pause() internal {
        VM.prank(GUARDIAN);
        vault.pause();
    }

    function _row(uint32 line, uint64 debit) internal pure returns (bytes memory) {
        return abi.encodePacked(line, debit);
    }

    function _credit(address payee, uint64 amount) internal pure returns (bytes memory) {
        return abi.encodePacked(payee, amount);
    }

    function _voucher(uint32 line, uint64 ceiling, uint40 deadline, uint256 key) internal view returns (bytes memory) {
        return _voucher(line, ceiling, deadline, _sign(key, vault.voucherDigest(line, ceiling, deadline)));
    }

    function _voucher(uint32 line, uint64 ceiling, uint40 deadline, bytes memory signature)
        internal
        pure
        returns (bytes memory)
    {
        // forge-lint: disable-next-line(unsafe-typecast)
        return abi.encodePacked(line, ceiling, deadline, uint16(signature.length), signature);
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _authorization(uint32 line, uint64 amount, bytes32 salt)
        internal
        view
        returns (Authorization memory signed)
    {
        signed = Authorization({
            from: OWNER,
            amount: amount,
            validAfter: START - 1,
            validBefore: START + 1 hours,
            salt: salt,
            v: 0,
            r: 0,
            s: 0
        });
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
                ),
                OWNER,
                address(vault),
                amount,
                signed.validAfter,
                signed.validBefore,
                vault.depositNonce(line, salt)
            )
        );
        (signed.v, signed.r, signed.s) =
            VM.sign(OWNER_KEY, MessageHashUtils.toTypedDataHash(token.DOMAIN_SEPARATOR(), structHash));
    }

    function _permit(uint64 amount, uint256 deadline) internal view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                OWNER,
                address(vault),
                amount,
                token.nonces(OWNER),
                deadline
            )
        );
        return VM.sign(OWNER_KEY, MessageHashUtils.toTypedDataHash(token.DOMAIN_SEPARATOR(), structHash));
    }

    function _deposited(uint32 line) internal view returns (uint64 deposited) {
        (,, deposited,,,,) = vault.lineOf(line);
    }

    function _ceiling(uint32 line) internal view returns (uint64 ceiling) {
        (,,, ceiling,,,) = vault.lineOf(line);
    }

    function _used(uint32 line) internal view returns (uint64 used) {
        (,,,, used,,) = vault.lineOf(line);
    }

    function _owed() internal view returns (uint64 owed) {
        (,, owed) = vault.head();
    }

    function _matured(address payee) internal view returns (uint64 matured) {
        (matured,) = vault.payeeOf(payee);
    }

    function _maturing(address payee) internal view returns (uint64 maturing) {
        (, maturing) = vault.payeeOf(payee);
    }

    /// @dev from low to high, both included
    function _within(uint256 drawn, uint256 low, uint256 high) internal pure returns (uint64) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(low + drawn % (high - low + 1));
    }
}
