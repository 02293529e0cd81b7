// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Authorization, IUsageVault} from "./IUsageVault.sol";
import {Line} from "./Line.sol";
import {Payee} from "./Payee.sol";
import {Signatures} from "./Signatures.sol";
import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title IUsageVault, without a proxy
/// @notice Promises and layouts are described there.
contract UsageVault is IUsageVault, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    struct LineRecord {
        Line money;
        address owner;
        address sessionKey;
        address previousKey;
        uint40 previousKeyUntil;
    }

    struct PayeeRecord {
        Payee money;
        address payout;
    }

    /// @dev One slot, so that a post writes it once. Batches from `first` on were posted in `epoch`, those from `earlier`
    /// on in the epoch before; older ones have matured.
    struct Head {
        uint40 seq;
        uint40 live;
        uint64 owed;
        uint32 epoch;
        uint40 first;
        uint40 earlier;
    }

    struct Posting {
        address operator;
        uint40 pausedUntil;
        uint40 pauseBegan;
    }

    struct Succession {
        address next;
        uint40 from;
    }

    bytes32 private constant VOUCHER_TYPE = keccak256("SpendVoucher(uint32 line,uint64 ceiling,uint40 deadline)");
    uint256 private constant ROW_BYTES = 12;
    uint256 private constant CREDIT_BYTES = 28;
    // line, ceiling, deadline and the length of the signature
    uint256 private constant VOUCHER_BYTES = 19;
    uint256 private constant MOST_ENTRIES = 2700;

    IERC20 public immutable TOKEN;
    /// @notice The token's own units in one micro-unit
    uint256 public immutable SCALE;
    address public immutable GUARDIAN;
    address public immutable COLD_KEY;
    /// @notice All in seconds
    uint40 public immutable EPOCH;
    uint40 public immutable LONGEST_PAUSE;
    uint40 public immutable EXIT_DELAY;
    uint40 public immutable OPERATOR_NOTICE;

    /// @inheritdoc IUsageVault
    bytes32 public historyHash;
    uint32 public lineCount;
    Head private _head;
    Posting private _posting;
    Succession private _succession;
    mapping(uint256 line => LineRecord) private _lines;
    mapping(uint256 payee => PayeeRecord) private _payees;

    constructor(
        address token,
        address operator_,
        address guardian,
        address coldKey,
        uint40 epoch,
        uint40 longestPause,
        uint40 exitDelay,
        uint40 operatorNotice
    ) EIP712("Farthing", "1") {
        if (token.code.length == 0) revert NoContract(token);
        uint8 decimals = IERC20Metadata(token).decimals();
        if (decimals < 6) revert TooFewDecimals(decimals);
        if (operator_ == address(0) || guardian == address(0) || coldKey == address(0)) revert ZeroAddress();
        // A payer's exit must leave time to post before it, to void and to post again.
        if (
            epoch == 0 || longestPause > 1 days || operatorNotice >= longestPause
                || exitDelay < 2 * uint256(epoch) + longestPause + 1 days
        ) revert DelaysInconsistent(epoch, longestPause, exitDelay, operatorNotice);
        TOKEN = IERC20(token);
        SCALE = 10 ** (decimals - 6);
        GUARDIAN = guardian;
        COLD_KEY = coldKey;
        EPOCH = epoch;
        LONGEST_PAUSE = longestPause;
        EXIT_DELAY = exitDelay;
        OPERATOR_NOTICE = operatorNotice;
        _posting.operator = operator_;
        historyHash = keccak256(abi.encode(block.chainid, address(this)));
    }

    function openLine(address sessionKey) external returns (uint32 line) {
        line = ++lineCount;
        LineRecord storage opened = _lines[line];
        opened.owner = msg.sender;
        opened.sessionKey = sessionKey;
        emit LineOpened(line, msg.sender, sessionKey);
    }

    function replaceSessionKey(uint32 line, address sessionKey) external {
        LineRecord storage its = _owned(line);
        if (block.timestamp < its.previousKeyUntil) revert PreviousKeyStillGood(line, its.previousKeyUntil);
        address previous = its.sessionKey;
        uint40 until = _in(EXIT_DELAY);
        its.sessionKey = sessionKey;
        its.previousKey = previous;
        its.previousKeyUntil = until;
        emit SessionKeyReplaced(line, sessionKey, previous, until);
    }

    function deposit(uint32 line, uint64 amount) external nonReentrant {
        _depositFromSender(line, amount);
    }

    function depositWithPermit(uint32 line, uint64 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
    {
        // Anyone may have used the permit before: then the allowance is there, and if it is not, the transfer says so.
        // solhint-disable no-empty-blocks
        try IERC20Permit(address(TOKEN)).permit(msg.sender, address(this), amount * SCALE, deadline, v, r, s) {}
            catch {}
        // solhint-enable no-empty-blocks
        _depositFromSender(line, amount);
    }

    function depositWithAuthorization(uint32 line, Authorization calldata authorization) external nonReentrant {
        (uint256 before, uint256 value) = _book(line, authorization.from, authorization.amount);
        // Only the receiver may send it, and the nonce names the line: nobody can send it elsewhere.
        IERC3009(address(TOKEN))
            .receiveWithAuthorization(
                authorization.from,
                address(this),
                value,
                authorization.validAfter,
                authorization.validBefore,
                depositNonce(line, authorization.salt),
                authorization.v,
                authorization.r,
                authorization.s
            );
        _requireReceived(before, value);
    }

    function raiseCeiling(uint32 line, uint64 ceiling) external {
        LineRecord storage its = _owned(line);
        Line money = its.money;
        if (ceiling <= money.ceiling()) revert NotRaised(line, ceiling, money.ceiling().toUint64());
        its.money = money.raiseTo(ceiling);
        emit CeilingRaised(line, ceiling);
    }

    function raise(bytes calldata vouchers) external returns (uint256 raised) {
        uint256 start = 0;
        while (start + VOUCHER_BYTES <= vouchers.length) {
            bytes calldata fields = vouchers[start:start + VOUCHER_BYTES];
            uint256 end = start + VOUCHER_BYTES + uint16(bytes2(fields[17:19]));
            if (end > vouchers.length) break;
            if (_raise(
                    uint32(bytes4(fields[0:4])),
                    uint64(bytes8(fields[4:12])),
                    uint40(bytes5(fields[12:17])),
                    vouchers[start + VOUCHER_BYTES:end]
                )) ++raised;
            start = end;
        }
    }

    function requestExit(uint32 line) external {
        LineRecord storage its = _owned(line);
        Line money = its.money;
        _requireOpen(line, money);
        uint40 exitAt = _in(EXIT_DELAY);
        its.money = money.freeze(exitAt);
        emit ExitRequested(line, exitAt);
    }

    function exit(uint32 line) external nonReentrant {
        LineRecord storage its = _lines[line];
        Line money = its.money;
        uint256 exitAt = money.exitAt();
        if (exitAt == 0) revert ExitNotRequested(line);
        if (block.timestamp < exitAt) revert ExitTooEarly(line, exitAt.toUint40());
        uint64 rest = (money.deposited() - money.used()).toUint64();
        if (rest == 0) revert NothingLeft(line);
        its.money = money.close();
        _head.owed -= rest;
        address to = _payoutOf(its.owner);
        emit Exited(line, to, rest);
        TOKEN.safeTransfer(to, rest * SCALE);
    }

    function post(uint40 seq, bytes32 prevBatchHash, bytes32 receiptsRoot, bytes calldata rows, bytes calldata credits)
        external
    {
        _requirePosting();
        Head memory newest = _head;
        if (seq != newest.seq + 1) revert WrongSequence(newest.seq + 1, seq);
        if (prevBatchHash != historyHash) revert WrongHistory(historyHash, prevBatchHash);
        _requireWhole(rows, credits);

        uint32 epoch = currentEpoch();
        uint256 debited = _debit(rows);
        uint256 credited = _credit(credits, epoch);
        newest.owed = (newest.owed - debited + credited).toUint64();
        if (credited > debited) {
            uint256 held = TOKEN.balanceOf(address(this)) / SCALE;
            if (newest.owed > held) revert Uncovered(newest.owed, held);
        }
        bytes32 history = _after(prevBatchHash, _entry(seq, newest.live, receiptsRoot, rows, credits));
        historyHash = history;
        newest.seq = seq;
        newest.live = seq;
        if (epoch != newest.epoch) {
            newest.earlier = epoch == newest.epoch + 1 ? newest.first : seq;
            newest.first = seq;
            newest.epoch = epoch;
        }
        _head = newest;
        emit Posted(seq, history, receiptsRoot, debited.toUint64(), credited.toUint64());
    }

    function voidNewest(
        uint40 parent,
        bytes32 prevBatchHash,
        bytes32 receiptsRoot,
        bytes calldata rows,
        bytes calldata credits,
        bytes32[] calldata later
    ) external {
        if (msg.sender != GUARDIAN) revert NotGuardian(msg.sender);
        if (block.timestamp >= _posting.pausedUntil) revert NotPaused();
        Head memory newest = _head;
        uint40 voided = newest.live;
        if (voided == 0) revert NothingToVoid();
        bytes32 history = _after(prevBatchHash, _entry(voided, parent, receiptsRoot, rows, credits));
        for (uint256 i = 0; i < later.length; ++i) {
            history = _after(history, later[i]);
        }
        if (history != historyHash) revert NotTheBatch(voided);

        newest.owed = (newest.owed + _undebit(rows) - _takeBack(credits, _age(newest))).toUint64();
        newest.seq += 1;
        newest.live = parent;
        history = _after(history, keccak256(abi.encode(newest.seq, voided)));
        historyHash = history;
        _head = newest;
        emit Voided(newest.seq, voided, history);
    }

    function withdraw(address payee) external nonReentrant {
        PayeeRecord storage its = _payees[uint160(payee)];
        Payee money = its.money.inEpoch(currentEpoch());
        uint64 amount = money.matured().toUint64();
        if (amount == 0) revert NothingMatured(payee);
        its.money = money.withdraw();
        _head.owed -= amount;
        address to = _payoutOf(payee);
        emit Withdrawn(payee, to, amount);
        TOKEN.safeTransfer(to, amount * SCALE);
    }

    function choosePayout(address to) external {
        _payees[uint160(msg.sender)].payout = to;
        emit PayoutChosen(msg.sender, to);
    }

    function pause() external {
        if (msg.sender != GUARDIAN) revert NotGuardian(msg.sender);
        Posting memory posting = _posting;
        // A pause never begins while an exit that began before the last one may still wait for a post.
        if (posting.pauseBegan != 0 && block.timestamp < uint256(posting.pauseBegan) + EXIT_DELAY) {
            revert PauseTooSoon(posting.pauseBegan + EXIT_DELAY);
        }
        posting.pauseBegan = _in(0);
        posting.pausedUntil = _in(LONGEST_PAUSE);
        _posting = posting;
        emit PauseBegan(posting.pausedUntil);
    }

    function endPause() external {
        if (msg.sender != GUARDIAN) revert NotGuardian(msg.sender);
        if (block.timestamp >= _posting.pausedUntil) revert NotPaused();
        _posting.pausedUntil = _in(0);
        emit PauseEnded();
    }

    function announceOperator(address next) external {
        if (msg.sender != COLD_KEY) revert NotColdKey(msg.sender);
        if (next == address(0)) revert ZeroAddress();
        uint40 from = _in(OPERATOR_NOTICE);
        _succession = Succession({next: next, from: from});
        emit OperatorAnnounced(next, from);
    }

    function replaceOperator() external {
        Succession memory succession = _succession;
        if (succession.next == address(0)) revert NoOperatorAnnounced();
        if (block.timestamp < succession.from) revert NoticeRuns(succession.from);
        _posting.operator = succession.next;
        delete _succession;
        emit OperatorReplaced(succession.next);
    }

    function lineOf(uint32 line)
        external
        view
        returns (
            address owner,
            address sessionKey,
            uint64 deposited,
            uint64 ceiling,
            uint64 used,
            uint40 exitAt,
            bool exited
        )
    {
        LineRecord storage its = _lines[line];
        Line money = its.money;
        owner = its.owner;
        sessionKey = its.sessionKey;
        deposited = money.deposited().toUint64();
        ceiling = money.ceiling().toUint64();
        used = money.used().toUint64();
        exitAt = money.exitAt().toUint40();
        exited = money.exited();
    }

    function payeeOf(address payee) external view returns (uint64 matured, uint64 maturing) {
        Payee money = _payees[uint160(payee)].money.inEpoch(currentEpoch());
        return (money.matured().toUint64(), money.maturing().toUint64());
    }

    function head() external view returns (uint40 seq, uint40 live, uint64 owed) {
        return (_head.seq, _head.live, _head.owed);
    }

    function operator() external view returns (address current, uint40 pausedUntil, address next, uint40 nextFrom) {
        return (_posting.operator, _posting.pausedUntil, _succession.next, _succession.from);
    }

    function payoutOf(address account) external view returns (address) {
        return _payoutOf(account);
    }

    function currentEpoch() public view returns (uint32) {
        return (block.timestamp / EPOCH).toUint32();
    }

    function voucherDigest(uint32 line, uint64 ceiling, uint40 deadline) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPE, line, ceiling, deadline)));
    }

    function depositNonce(uint32 line, bytes32 salt) public pure returns (bytes32) {
        return keccak256(abi.encode(line, salt));
    }

    function _depositFromSender(uint32 line, uint64 amount) private {
        (uint256 before, uint256 value) = _book(line, msg.sender, amount);
        TOKEN.safeTransferFrom(msg.sender, address(this), value);
        _requireReceived(before, value);
    }

    /// @return before The vault's balance, and `value` what has to come to it, in the token's own units
    function _book(uint32 line, address from, uint64 amount) private returns (uint256 before, uint256 value) {
        LineRecord storage its = _lines[line];
        if (its.owner == address(0)) revert NoSuchLine(line);
        Line money = its.money;
        _requireOpen(line, money);
        if (amount == 0) revert ZeroAmount();
        value = amount * SCALE;
        before = TOKEN.balanceOf(address(this));
        its.money = money.deposit(amount);
        _head.owed += amount;
        emit Deposited(line, from, amount);
    }

    function _requireReceived(uint256 before, uint256 value) private view {
        uint256 balance = TOKEN.balanceOf(address(this));
        if (balance != before + value) revert InexactDeposit(value, balance - before);
    }

    function _raise(uint32 line, uint64 ceiling, uint40 deadline, bytes calldata signature) private returns (bool) {
        LineRecord storage its = _lines[line];
        Line money = its.money;
        if (
            its.owner == address(0) || money.exited() || block.timestamp > deadline || ceiling <= money.ceiling()
                || !_signed(its, voucherDigest(line, ceiling, deadline), signature)
        ) return false;
        its.money = money.raiseTo(ceiling);
        emit CeilingRaised(line, ceiling);
        return true;
    }

    function _signed(LineRecord storage its, bytes32 digest, bytes calldata signature) private view returns (bool) {
        address signer = Signatures.byKey(digest, signature);
        if (signer != address(0)) {
            if (signer == its.sessionKey || signer == its.owner) return true;
            if (signer == its.previousKey && block.timestamp < its.previousKeyUntil) return true;
        }
        return Signatures.byWallet(its.owner, digest, signature);
    }

    function _debit(bytes calldata rows) private returns (uint256 sum) {
        uint256 end = rows.length;
        // From line 0 on: a row that debits nothing may name a line that nobody opened.
        uint256 next = 0;
        for (uint256 i = 0; i < end; i += ROW_BYTES) {
            (uint256 line, uint256 amount) = _row(rows, i);
            if (line < next) revert RowsNotAscending(line.toUint32());
            LineRecord storage its = _lines[line];
            Line money = its.money;
            uint256 used = money.used();
            if (used + amount > money.limit()) {
                revert OverLimit(line.toUint32(), used.toUint64(), amount.toUint64(), money.limit().toUint64());
            }
            its.money = money.debit(amount);
            unchecked {
                sum += amount;
                next = line + 1;
            }
        }
    }

    function _undebit(bytes calldata rows) private returns (uint256 sum) {
        for (uint256 i = 0; i < rows.length; i += ROW_BYTES) {
            (uint256 line, uint256 amount) = _row(rows, i);
            LineRecord storage its = _lines[line];
            its.money = its.money.undebit(amount);
            sum += amount;
        }
    }

    function _credit(bytes calldata credits, uint256 epoch) private returns (uint256 sum) {
        uint256 end = credits.length;
        uint256 last = 0;
        for (uint256 i = 0; i < end; i += CREDIT_BYTES) {
            (uint256 payee, uint256 amount) = _creditAt(credits, i);
            if (payee <= last) revert CreditsNotAscending(address(payee.toUint160()));
            PayeeRecord storage its = _payees[payee];
            its.money = its.money.inEpoch(epoch).credit(amount);
            unchecked {
                sum += amount;
            }
            last = payee;
        }
    }

    function _takeBack(bytes calldata credits, uint256 age) private returns (uint256 sum) {
        uint256 epoch = currentEpoch();
        for (uint256 i = 0; i < credits.length; i += CREDIT_BYTES) {
            (uint256 payee, uint256 amount) = _creditAt(credits, i);
            PayeeRecord storage its = _payees[payee];
            its.money = its.money.inEpoch(epoch).takeBack(amount, age);
            sum += amount;
        }
    }

    function _owned(uint32 line) private view returns (LineRecord storage its) {
        its = _lines[line];
        if (its.owner != msg.sender) revert NotOwner(line, msg.sender);
    }

    function _requirePosting() private view {
        Posting memory posting = _posting;
        if (msg.sender != posting.operator) revert NotOperator(msg.sender);
        if (block.timestamp < posting.pausedUntil) revert PostingPaused(posting.pausedUntil);
    }

    function _payoutOf(address account) private view returns (address) {
        address chosen = _payees[uint160(account)].payout;
        return chosen == address(0) ? account : chosen;
    }

    /// @dev Epochs since the newest live batch was posted: 0 or 1, else its credits have matured
    function _age(Head memory newest) private view returns (uint256 age) {
        if (newest.live < newest.earlier) revert AlreadyMatured(newest.live);
        age = currentEpoch() - newest.epoch + (newest.live < newest.first ? 1 : 0);
        if (age > 1) revert AlreadyMatured(newest.live);
    }

    function _in(uint40 delay) private view returns (uint40) {
        return (block.timestamp + delay).toUint40();
    }

    function _requireOpen(uint32 line, Line money) private pure {
        uint256 exitAt = money.exitAt();
        if (exitAt != 0) revert LineFrozen(line, exitAt.toUint40());
    }

    function _requireWhole(bytes calldata rows, bytes calldata credits) private pure {
        if (rows.length % ROW_BYTES != 0 || credits.length % CREDIT_BYTES != 0) {
            revert MalformedBatch(rows.length, credits.length);
        }
        uint256 entries = rows.length / ROW_BYTES + credits.length / CREDIT_BYTES;
        if (entries > MOST_ENTRIES) revert BatchTooLarge(entries, MOST_ENTRIES);
    }

    function _entry(uint40 seq, uint40 parent, bytes32 receiptsRoot, bytes calldata rows, bytes calldata credits)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(seq, parent, receiptsRoot, keccak256(rows), keccak256(credits)));
    }

    function _after(bytes32 history, bytes32 entry) private pure returns (bytes32) {
        return keccak256(abi.encode(history, entry));
    }

    // Whole lengths were checked before: reading a row with Solidity's slices costs more than moving the money.
    function _row(bytes calldata rows, uint256 i) private pure returns (uint256 line, uint256 amount) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let row := calldataload(add(rows.offset, i))
            line := shr(224, row)
            amount := and(shr(160, row), 0xffffffffffffffff)
        }
    }

    function _creditAt(bytes calldata credits, uint256 i) private pure returns (uint256 payee, uint256 amount) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let credit := calldataload(add(credits.offset, i))
            payee := shr(96, credit)
            amount := and(shr(32, credit), 0xffffffffffffffff)
        }
    }
}
