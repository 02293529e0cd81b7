package farthing.onchain;

import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import farthing.chain.Deployment;
import farthing.chain.RegistryCalls;

/** Statements in the form that wallets are asked to sign, {@code eth_signTypedData_v4}. */
final class TypedData {

    private static final String NONE = "0x" + "0".repeat(64);

    private TypedData() {
    }

    static Map<String, Object> of(Deployment deployment, RegistryCalls.Version version, Instant deadline) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("owner", version.owner().text());
        message.put("name", version.name());
        message.put("artefactHash", hex(version.artefactHash()));
        message.put("provenanceHash", hex(version.provenanceHash()));
        message.put("baseVersion", NONE);
        message.put("snapshotsHash", NONE);
        message.put("splitHash", hex(version.splitHash()));
        message.put("deadline", deadline.getEpochSecond());
        return of(deployment, "VersionRecord", List.of("address owner", "string name", "bytes32 artefactHash",
                "bytes32 provenanceHash", "bytes32 baseVersion", "bytes32 snapshotsHash", "bytes32 splitHash",
                "uint40 deadline"), message);
    }

    /** Prices as texts: a wallet's JSON numbers end at 2^53. */
    static Map<String, Object> of(Deployment deployment, RegistryCalls.Offer offer, Instant deadline) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("version", hex(offer.version()));
        message.put("number", offer.number());
        message.put("perMillionInputTokens", Long.toString(offer.price().perMillionInputTokens()));
        message.put("perMillionOutputTokens", Long.toString(offer.price().perMillionOutputTokens()));
        message.put("perCall", Long.toString(offer.price().perCall()));
        message.put("perItem", Long.toString(offer.price().perItem()));
        message.put("from", offer.from().getEpochSecond());
        message.put("deadline", deadline.getEpochSecond());
        return of(deployment, "Offer", List.of("bytes32 version", "uint32 number", "uint64 perMillionInputTokens",
                "uint64 perMillionOutputTokens", "uint64 perCall", "uint64 perItem", "uint40 from", "uint40 deadline"),
                message);
    }

    static String hex(byte[] bytes) {
        return "0x" + HexFormat.of().formatHex(bytes);
    }

    private static Map<String, Object> of(Deployment deployment, String type, List<String> fields,
            Map<String, Object> message) {
        Map<String, Object> domain = new LinkedHashMap<>();
        domain.put("name", "Farthing");
        domain.put("version", "1");
        domain.put("chainId", deployment.chainId());
        domain.put("verifyingContract", deployment.registry().text());
        Map<String, Object> types = new LinkedHashMap<>();
        types.put("EIP712Domain", fields(Stream.of("string name", "string version", "uint256 chainId",
                "address verifyingContract")));
        types.put(type, fields(fields.stream()));
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("domain", domain);
        data.put("types", types);
        data.put("primaryType", type);
        data.put("message", message);
        return data;
    }

    private static List<Map<String, String>> fields(Stream<String> declared) {
        return declared.map(one -> one.split(" ")).map(one -> Map.of("type", one[0], "name", one[1])).toList();
    }
}
