// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a signer of ReceiveWithAuthorization (EIP-3009) signed, with the vault as `to`.
/// @param amount In micro-units; the signed value is in the token's own units
/// @param salt Any; the signed nonce is keccak256(abi.encode(uint256(line), salt))
// The order of the arguments that it becomes.
// solhint-disable-next-line gas-struct-packing
struct Authorization {
    address from;
    uint64 amount;
    uint256 validAfter;
    uint256 validBefore;
    bytes32 salt;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @title The money of payers and payees, for one token
/// @notice Amounts are micro-units: 1e-6 of the token. A line is a payer's budget: what is used of it never exceeds
/// min(ceiling, deposited), and the ceiling is cumulative and signed. The operator moves money from lines to payees in
/// batches; a payer leaves alone after a delay; what is credited to a payee is paid out when anyone asks.
/// Three roles are fixed but for the operator: it posts; the cold key replaces it with notice; the guardian may pause
/// posting for a while and take back the newest batches, and can move no money.
interface IUsageVault {
    event LineOpened(uint32 indexed line, address indexed owner, address sessionKey);
    event SessionKeyReplaced(uint32 indexed line, address sessionKey, address previous, uint40 previousUntil);
    event Deposited(uint32 indexed line, address indexed from, uint64 amount);
    event CeilingRaised(uint32 indexed line, uint64 ceiling);
    event ExitRequested(uint32 indexed line, uint40 exitAt);
    event Exited(uint32 indexed line, address indexed to, uint64 amount);
    event Posted(uint40 indexed seq, bytes32 historyHash, bytes32 receiptsRoot, uint64 debited, uint64 credited);
    event Voided(uint40 indexed seq, uint40 indexed voided, bytes32 historyHash);
    event Withdrawn(address indexed payee, address indexed to, uint64 amount);
    event PayoutChosen(address indexed account, address indexed to);
    event PauseBegan(uint40 until);
    event PauseEnded();
    event OperatorAnnounced(address indexed next, uint40 from);
    event OperatorReplaced(address indexed operator);

    error NoContract(address token);
    error TooFewDecimals(uint8 decimals);
    error ZeroAddress();
    error DelaysInconsistent(uint40 epoch, uint40 longestPause, uint40 exitDelay, uint40 operatorNotice);
    error NotOwner(uint32 line, address sender);
    error NotOperator(address sender);
    error NotGuardian(address sender);
    error NotColdKey(address sender);
    error NoSuchLine(uint32 line);
    error LineFrozen(uint32 line, uint40 exitAt);
    error ZeroAmount();
    /// @notice The token moved another amount than it was asked to, in the token's own units.
    error InexactDeposit(uint256 expected, uint256 received);
    error NotRaised(uint32 line, uint64 ceiling, uint64 current);
    /// @notice The key replaced last is still good: replacing again would cut its time short.
    error PreviousKeyStillGood(uint32 line, uint40 until);
    error ExitNotRequested(uint32 line);
    error ExitTooEarly(uint32 line, uint40 exitAt);
    error NothingLeft(uint32 line);
    error NothingMatured(address payee);
    error PostingPaused(uint40 until);
    error NotPaused();
    error PauseTooSoon(uint40 allowedFrom);
    error WrongSequence(uint40 expected, uint40 given);
    error WrongHistory(bytes32 expected, bytes32 given);
    /// @notice Rows are not whole entries of 12 bytes, or credits of 28.
    error MalformedBatch(uint256 rowBytes, uint256 creditBytes);
    error BatchTooLarge(uint256 entries, uint256 most);
    error RowsNotAscending(uint32 line);
    error CreditsNotAscending(address payee);
    error OverLimit(uint32 line, uint64 used, uint64 debit, uint64 limit);
    /// @notice The vault would owe more than it holds, in micro-units.
    error Uncovered(uint256 owed, uint256 held);
    error NothingToVoid();
    error AlreadyMatured(uint40 seq);
    /// @notice What was given is not the newest live batch and what followed it.
    error NotTheBatch(uint40 seq);
    error NoOperatorAnnounced();
    error NoticeRuns(uint40 from);

    /// @notice Opens a line of the sender
    /// @param sessionKey A key that may sign vouchers beside the owner; zero for none
    function openLine(address sessionKey) external returns (uint32 line);

    /// @notice Gives the line another session key. The one before stays good for one exit delay, and only after that may
    /// the key be replaced again.
    function replaceSessionKey(uint32 line, address sessionKey) external;

    /// @notice Deposits from the sender, who approved the vault before. Anyone may deposit on any line that is not frozen;
    /// what is left of it goes to the line's owner.
    function deposit(uint32 line, uint64 amount) external;

    /// @notice Deposits from the sender with its EIP-2612 permit for the vault over exactly this amount
    function depositWithPermit(uint32 line, uint64 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Deposits from whoever signed an EIP-3009 authorization for this line; anyone may send it
    function depositWithAuthorization(uint32 line, Authorization calldata authorization) external;

    /// @notice Raises what may ever be used of the sender's line, spent amounts included
    function raiseCeiling(uint32 line, uint64 ceiling) external;

    /// @notice Raises ceilings by vouchers; anyone may send it. Vouchers that are expired, not higher than the ceiling, of
    /// no line, of one that was left or badly signed are skipped, so that one cannot spoil the others.
    /// @param vouchers Packed one after the other: line(4) ‖ ceiling(8) ‖ deadline(5) ‖ length(2) ‖ signature(length).
    /// Signed is SpendVoucher(uint32 line,uint64 ceiling,uint40 deadline) by EIP-712, by the session key (the replaced one
    /// for one exit delay), the owner's key, or the owner as a wallet (EIP-1271)
    /// @return raised How many counted
    function raise(bytes calldata vouchers) external returns (uint256 raised);

    /// @notice Freezes the sender's line: no more deposits. Vouchers still count, and the operator may still post what was
    /// used, until the owner leaves.
    function requestExit(uint32 line) external;

    /// @notice Pays what is left of a line to its owner once the exit delay has passed; anyone may send it. May be repeated
    /// after a void has left something again; the line never reopens.
    function exit(uint32 line) external;

    /// @notice Posts the next batch
    /// @param seq One more than the newest sequence number, voids included
    /// @param prevBatchHash The history hash before it
    /// @param receiptsRoot Root of the receipts tree of the batch
    /// @param rows line(4) ‖ debit(8), lines strictly ascending
    /// @param credits payee(20) ‖ amount(8), payees strictly ascending. Their sum is at most the debits plus what the vault
    /// holds beyond what it owes. Rows and credits are at most 2,700 together, so that any batch can be voided
    function post(uint40 seq, bytes32 prevBatchHash, bytes32 receiptsRoot, bytes calldata rows, bytes calldata credits)
        external;

    /// @notice Takes back the newest live batch while posting is paused and its credits have not matured. The void takes
    /// the next sequence number.
    /// @param parent The live batch before it, zero if none
    /// @param prevBatchHash, receiptsRoot, rows, credits As they were posted
    /// @param later The entry hashes of the history after the batch: voids and what they voided
    function voidNewest(
        uint40 parent,
        bytes32 prevBatchHash,
        bytes32 receiptsRoot,
        bytes calldata rows,
        bytes calldata credits,
        bytes32[] calldata later
    ) external;

    /// @notice Pays a payee its matured credits, or the address it chose; anyone may send it
    function withdraw(address payee) external;

    /// @notice Chooses where the sender's withdrawals and exits go; zero for the sender itself
    function choosePayout(address to) external;

    /// @notice Stops posting for the longest pause, beginning no sooner than one exit delay after the last pause began
    function pause() external;

    function endPause() external;

    /// @notice Names the next operator, who takes over after the notice; naming the present one calls it off
    function announceOperator(address next) external;

    /// @notice Puts the announced operator in after its notice; anyone may send it
    function replaceOperator() external;

    /// @notice A line's keys and money. The owner is zero if there is no such line; exitAt is when the rest may leave, in
    /// seconds since 1970, and zero as long as no exit is requested
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
        );

    /// @return matured What `withdraw` would pay now
    /// @return maturing What it will pay in this epoch's successor and the one after
    function payeeOf(address payee) external view returns (uint64 matured, uint64 maturing);

    /// @return seq The newest sequence number
    /// @return live The newest batch that is not voided, zero if none
    /// @return owed What all lines and payees have in the vault, in micro-units
    function head() external view returns (uint40 seq, uint40 live, uint64 owed);

    /// @notice Zero entries: keccak256(abi.encode(chainid, vault)). Each entry: keccak256(abi.encode(before, entry)), where
    /// a batch is keccak256(abi.encode(seq, parent, receiptsRoot, keccak256(rows), keccak256(credits))) with parent the
    /// newest live batch before it, and a void is keccak256(abi.encode(seq, voided)). So it depends on calldata only
    function historyHash() external view returns (bytes32);

    /// @notice Who posts and who is announced to. pausedUntil, in seconds since 1970, has passed when posting is not paused
    function operator() external view returns (address current, uint40 pausedUntil, address next, uint40 nextFrom);

    function payoutOf(address account) external view returns (address);

    /// @notice The number of epochs since 1970; a credit of epoch n is withdrawable from epoch n + 2 on
    function currentEpoch() external view returns (uint32);

    /// @notice What is signed for a voucher, in the domain (name "Farthing", version "1", chainId, verifyingContract)
    function voucherDigest(uint32 line, uint64 ceiling, uint40 deadline) external view returns (bytes32);

    /// @notice keccak256(abi.encode(uint256(line), salt)): the nonce to sign in an EIP-3009 authorization
    function depositNonce(uint32 line, bytes32 salt) external pure returns (bytes32);
}
