// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IModelRegistry, Prices, SnapshotRecord, VersionRecord} from "./IModelRegistry.sol";
import {Signatures} from "./Signatures.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title IModelRegistry, without a proxy
/// @notice Promises are described there.
contract ModelRegistry is IModelRegistry, EIP712 {
    using SafeCast for uint256;

    struct Record {
        address owner;
        uint40 registeredAt;
        bytes32 recordHash;
    }

    struct Offer {
        Prices prices;
        uint40 from;
        uint32 number;
    }

    /// @dev The one before matters as long as the newest is not in force.
    struct Offers {
        Offer before;
        Offer newest;
    }

    bytes32 private constant VERSION_TYPE = keccak256(
        "VersionRecord(address owner,string name,bytes32 artefactHash,bytes32 provenanceHash,bytes32 baseVersion,bytes32 snapshotsHash,bytes32 splitHash,uint40 deadline)"
    );
    bytes32 private constant SNAPSHOT_TYPE =
        keccak256("SnapshotRecord(address owner,string name,bytes32 root,bytes32 licenceHash,uint40 deadline)");
    bytes32 private constant OFFER_TYPE = keccak256(
        "Offer(bytes32 version,uint32 number,uint64 perMillionInputTokens,uint64 perMillionOutputTokens,uint64 perCall,uint64 perItem,uint40 from,uint40 deadline)"
    );
    uint256 private constant NOTICE = 24 hours;

    mapping(bytes32 id => Record) private _records;
    mapping(bytes32 version => Offers) private _offers;

    constructor() EIP712("Farthing", "1") {}

    function registerVersion(VersionRecord calldata version) external {
        _requireSender(version.owner);
        _registerVersion(version);
    }

    function relayVersion(VersionRecord calldata version, uint40 deadline, bytes calldata signature) external {
        _requireSigned(version.owner, versionDigest(version, deadline), deadline, signature);
        _registerVersion(version);
    }

    function registerSnapshot(SnapshotRecord calldata snapshot) external {
        _requireSender(snapshot.owner);
        _registerSnapshot(snapshot);
    }

    function relaySnapshot(SnapshotRecord calldata snapshot, uint40 deadline, bytes calldata signature) external {
        _requireSigned(snapshot.owner, snapshotDigest(snapshot, deadline), deadline, signature);
        _registerSnapshot(snapshot);
    }

    function setOffer(bytes32 version, uint32 number, Prices calldata prices, uint40 from) external {
        _requireSender(_ownerOf(version));
        _setOffer(version, number, prices, from);
    }

    function relayOffer(
        bytes32 version,
        uint32 number,
        Prices calldata prices,
        uint40 from,
        uint40 deadline,
        bytes calldata signature
    ) external {
        _requireSigned(_ownerOf(version), offerDigest(version, number, prices, from, deadline), deadline, signature);
        _setOffer(version, number, prices, from);
    }

    function recordOf(bytes32 id) external view returns (address owner, uint40 registeredAt, bytes32 recordHash) {
        Record storage its = _records[id];
        return (its.owner, its.registeredAt, its.recordHash);
    }

    function offerOf(bytes32 version) external view returns (uint32 number, Prices memory prices, uint40 since) {
        Offer storage its = _inForce(version);
        return (its.number, its.prices, its.from);
    }

    function newestOfferOf(bytes32 version) external view returns (uint32 number, Prices memory prices, uint40 from) {
        Offer storage its = _offers[version].newest;
        return (its.number, its.prices, its.from);
    }

    function versionDigest(VersionRecord calldata version, uint40 deadline) public view returns (bytes32) {
        return _hashTypedDataV4(_hash(version, deadline));
    }

    function snapshotDigest(SnapshotRecord calldata snapshot, uint40 deadline) public view returns (bytes32) {
        return _hashTypedDataV4(_hash(snapshot, deadline));
    }

    function offerDigest(bytes32 version, uint32 number, Prices calldata prices, uint40 from, uint40 deadline)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    OFFER_TYPE,
                    version,
                    number,
                    prices.perMillionInputTokens,
                    prices.perMillionOutputTokens,
                    prices.perCall,
                    prices.perItem,
                    from,
                    deadline
                )
            )
        );
    }

    function idOf(address owner, string calldata name) public pure returns (bytes32) {
        return keccak256(abi.encodePacked(owner, name));
    }

    function _registerVersion(VersionRecord calldata version) private {
        bytes32 base = version.baseVersion;
        if (base != 0 && _records[base].owner == address(0)) revert NotRegistered(base);
        bytes32 id = _record(version.owner, version.name, _hash(version, 0));
        emit VersionRegistered(
            id,
            version.owner,
            version.name,
            version.artefactHash,
            version.provenanceHash,
            base,
            version.snapshotsHash,
            version.splitHash
        );
    }

    function _registerSnapshot(SnapshotRecord calldata snapshot) private {
        bytes32 id = _record(snapshot.owner, snapshot.name, _hash(snapshot, 0));
        emit SnapshotRegistered(id, snapshot.owner, snapshot.name, snapshot.root, snapshot.licenceHash);
    }

    function _record(address owner, string calldata name, bytes32 recordHash) private returns (bytes32 id) {
        if (bytes(name).length == 0) revert NoName();
        id = idOf(owner, name);
        if (_records[id].owner != address(0)) revert AlreadyRegistered(id);
        _records[id] = Record({owner: owner, registeredAt: block.timestamp.toUint40(), recordHash: recordHash});
    }

    function _setOffer(bytes32 version, uint32 number, Prices calldata prices, uint40 from) private {
        Offers storage its = _offers[version];
        if (number != its.newest.number + 1) revert WrongOffer(its.newest.number + 1, number);
        uint40 time = block.timestamp.toUint40();
        if (from < time) from = time;
        Offer storage inForce = _inForce(version);
        if (_rises(inForce, prices) && from < time + NOTICE) {
            revert NoticeTooShort(from, (time + NOTICE).toUint40());
        }
        its.before = inForce;
        its.newest = Offer({prices: prices, from: from, number: number});
        emit OfferSet(
            version,
            number,
            prices.perMillionInputTokens,
            prices.perMillionOutputTokens,
            prices.perCall,
            prices.perItem,
            from
        );
    }

    function _requireSender(address owner) private view {
        if (msg.sender != owner) revert NotOwner(owner, msg.sender);
    }

    function _requireSigned(address owner, bytes32 digest, uint40 deadline, bytes calldata signature) private view {
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        address signer = Signatures.byKey(digest, signature);
        if (signer != address(0) && signer == owner) return;
        if (!Signatures.byWallet(owner, digest, signature)) revert NotSigned(owner);
    }

    function _ownerOf(bytes32 version) private view returns (address owner) {
        owner = _records[version].owner;
        if (owner == address(0)) revert NotRegistered(version);
    }

    function _inForce(bytes32 version) private view returns (Offer storage) {
        Offers storage its = _offers[version];
        return block.timestamp < its.newest.from ? its.before : its.newest;
    }

    /// @dev The first offer is no rise: nobody could call before it.
    function _rises(Offer storage inForce, Prices calldata prices) private view returns (bool) {
        if (inForce.number == 0) return false;
        Prices memory present = inForce.prices;
        return prices.perMillionInputTokens > present.perMillionInputTokens
            || prices.perMillionOutputTokens > present.perMillionOutputTokens || prices.perCall > present.perCall
            || prices.perItem > present.perItem;
    }

    function _hash(VersionRecord calldata version, uint40 deadline) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                VERSION_TYPE,
                version.owner,
                keccak256(bytes(version.name)),
                version.artefactHash,
                version.provenanceHash,
                version.baseVersion,
                version.snapshotsHash,
                version.splitHash,
                deadline
            )
        );
    }

    function _hash(SnapshotRecord calldata snapshot, uint40 deadline) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                SNAPSHOT_TYPE,
                snapshot.owner,
                keccak256(bytes(snapshot.name)),
                snapshot.root,
                snapshot.licenceHash,
                deadline
            )
        );
    }
}
