// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice An immutable version of a model.
/// @param name Unique for its owner, such as "kjv@1"
/// @param artefactHash SHA-256 of the artefact
/// @param baseVersion The id of the registered version it was made from; zero for none
/// @param snapshotsHash keccak256 of the ids of the snapshots it was made from, one after the other; zero for none
struct VersionRecord {
    address owner;
    string name;
    bytes32 artefactHash;
    bytes32 provenanceHash;
    bytes32 baseVersion;
    bytes32 snapshotsHash;
    bytes32 splitHash;
}

/// @notice An immutable state of a data set.
/// @param name Unique for its owner, versions included
/// @param root The Merkle root of its contributions
/// @param licenceHash keccak256 of the licence under which it may be used
struct SnapshotRecord {
    address owner;
    string name;
    bytes32 root;
    bytes32 licenceHash;
}

/// @notice Prices of a version, in nanos: 1e-9 of the settlement token.
struct Prices {
    uint64 perMillionInputTokens;
    uint64 perMillionOutputTokens;
    uint64 perCall;
    uint64 perItem;
}

/// @title What developers state about models and data, and since when
/// @notice A record is stated once and never changes; its id is keccak256(owner(20) ‖ name). It is sent by its owner, or
/// signed by the owner (EIP-712, domain name "Farthing", version "1", chainId, verifyingContract; by key or EIP-1271) and
/// sent by anyone, each struct with a deadline as its last field. Offers count from 1 for every version.
interface IModelRegistry {
    event VersionRegistered(
        bytes32 indexed id,
        address indexed owner,
        string name,
        bytes32 artefactHash,
        bytes32 provenanceHash,
        bytes32 baseVersion,
        bytes32 snapshotsHash,
        bytes32 splitHash
    );
    event SnapshotRegistered(bytes32 indexed id, address indexed owner, string name, bytes32 root, bytes32 licenceHash);
    event OfferSet(
        bytes32 indexed version,
        uint32 indexed number,
        uint64 perMillionInputTokens,
        uint64 perMillionOutputTokens,
        uint64 perCall,
        uint64 perItem,
        uint40 from
    );

    error AlreadyRegistered(bytes32 id);
    error NotRegistered(bytes32 id);
    error NotOwner(address owner, address sender);
    error NoName();
    error SignatureExpired(uint40 deadline);
    error NotSigned(address owner);
    error WrongOffer(uint32 expected, uint32 given);
    /// @notice A price rises, and payers would learn of it less than the notice before.
    error NoticeTooShort(uint40 from, uint40 allowedFrom);

    function registerVersion(VersionRecord calldata version) external;

    /// @notice As signed by the owner: VersionRecord(address owner,string name,bytes32 artefactHash,bytes32 provenanceHash,
    /// bytes32 baseVersion,bytes32 snapshotsHash,bytes32 splitHash,uint40 deadline)
    function relayVersion(VersionRecord calldata version, uint40 deadline, bytes calldata signature) external;

    function registerSnapshot(SnapshotRecord calldata snapshot) external;

    /// @notice As signed by the owner: SnapshotRecord(address owner,string name,bytes32 root,bytes32 licenceHash,
    /// uint40 deadline)
    function relaySnapshot(SnapshotRecord calldata snapshot, uint40 deadline, bytes calldata signature) external;

    /// @notice Sets the next offer of a version, in place of one that was set but is not yet in force
    /// @param number One more than the newest offer's
    /// @param from When it comes into force, in seconds since 1970; one in the past means now. Where any price is above
    /// the one in force, it is at least the notice away
    function setOffer(bytes32 version, uint32 number, Prices calldata prices, uint40 from) external;

    /// @notice As signed by the owner: Offer(bytes32 version,uint32 number,uint64 perMillionInputTokens,
    /// uint64 perMillionOutputTokens,uint64 perCall,uint64 perItem,uint40 from,uint40 deadline)
    function relayOffer(
        bytes32 version,
        uint32 number,
        Prices calldata prices,
        uint40 from,
        uint40 deadline,
        bytes calldata signature
    ) external;

    /// @notice keccak256(owner(20) ‖ name), for versions and snapshots alike
    function idOf(address owner, string calldata name) external pure returns (bytes32);

    /// @notice Who stated it, when, and the hash of its fields: the EIP-712 struct hash with a deadline of zero. All zero
    /// if there is no such record
    function recordOf(bytes32 id) external view returns (address owner, uint40 registeredAt, bytes32 recordHash);

    /// @notice The offer in force now; number zero if there is none yet
    function offerOf(bytes32 version) external view returns (uint32 number, Prices memory prices, uint40 since);

    /// @notice The offer set last, in force or to come
    function newestOfferOf(bytes32 version) external view returns (uint32 number, Prices memory prices, uint40 from);

    function versionDigest(VersionRecord calldata version, uint40 deadline) external view returns (bytes32);

    function snapshotDigest(SnapshotRecord calldata snapshot, uint40 deadline) external view returns (bytes32);

    function offerDigest(bytes32 version, uint32 number, Prices calldata prices, uint40 from, uint40 deadline)
        external
        view
        returns (bytes32);
}
