package farthing.receipt;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.chain.Address;
import farthing.chain.MalformedAddress;
import farthing.money.Amount;

/** An object of a published JSON file: a field that is missing, unknown, doubled or of another kind is named, never guessed. */
final class StrictJson {

    static final ObjectMapper JSON = new ObjectMapper(
            JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final String file;
    private final String place;
    private final JsonNode object;
    private final Set<String> known = new HashSet<>();

    private StrictJson(String file, String place, JsonNode object) {
        this.file = file;
        this.place = place;
        this.object = object;
        if (!object.isObject()) {
            throw new MalformedFile(file, (place.isEmpty() ? "it" : "'" + place + "'") + " is no JSON object");
        }
    }

    /** @param kind what its field {@code object} has to say */
    static <T> T read(String file, byte[] json, String kind, Function<StrictJson, T> as) {
        try {
            return read(file, JSON.readTree(json), kind, as);
        } catch (IOException e) {
            throw new MalformedFile(file, "it is not JSON (" + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
                    + ")");
        }
    }

    static <T> T read(String file, JsonNode json, String kind, Function<StrictJson, T> as) {
        StrictJson root = new StrictJson(file, "", json);
        if (!root.text("object").equals(kind)) {
            throw root.wrong("object", "is not \"" + kind + "\"");
        }
        return root.whole(as);
    }

    StrictJson object(String name) {
        return new StrictJson(file, path(name), take(name));
    }

    <T> T object(String name, Function<StrictJson, T> as) {
        return object(name).whole(as);
    }

    <T> List<T> list(String name, Function<StrictJson, T> as) {
        List<T> items = new ArrayList<>();
        for (JsonNode item : array(name)) {
            items.add(new StrictJson(file, path(name) + "[" + items.size() + "]", item).whole(as));
        }
        return items;
    }

    List<byte[]> hashes(String name) {
        List<byte[]> hashes = new ArrayList<>();
        for (JsonNode item : array(name)) {
            hashes.add(hex(name, item, 32));
        }
        return hashes;
    }

    /** Whole and not negative. */
    long number(String name) {
        JsonNode value = take(name);
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
            throw wrong(name, "is not a whole number of 0 to 2^63 - 1");
        }
        return value.longValue();
    }

    int number31(String name) {
        return (int) number(name, Integer.MAX_VALUE);
    }

    int number32(String name) {
        return (int) number(name, (1L << 32) - 1);
    }

    private long number(String name, long most) {
        long value = number(name);
        if (value > most) {
            throw wrong(name, "is more than " + most);
        }
        return value;
    }

    Amount nanos(String name) {
        return Amount.ofNanos(number(name));
    }

    Amount micros(String name) {
        return History.ofMicros(number(name, Long.MAX_VALUE / 1_000));
    }

    String text(String name) {
        JsonNode value = take(name);
        if (!value.isTextual()) {
            throw wrong(name, "is not a text");
        }
        return value.textValue();
    }

    String text(String name, String form, String meaning) {
        String text = text(name);
        if (!text.matches(form)) {
            throw wrong(name, "is not " + meaning);
        }
        return text;
    }

    byte[] hash(String name) {
        return hex(name, take(name), 32);
    }

    /** @return of any length */
    byte[] bytes(String name) {
        return hex(name, take(name), -1);
    }

    Address address(String name) {
        try {
            return new Address(text(name));
        } catch (MalformedAddress e) {
            throw wrong(name, "is no address");
        }
    }

    boolean has(String name) {
        return object.hasNonNull(name);
    }

    MalformedFile wrong(String name, String why) {
        return new MalformedFile(file, "'" + path(name) + "' " + why);
    }

    private <T> T whole(Function<StrictJson, T> as) {
        T read = as.apply(this);
        object.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                throw wrong(name, "is unknown");
            }
        });
        return read;
    }

    private byte[] hex(String name, JsonNode value, int length) {
        String text = value.isTextual() ? value.textValue() : "";
        if (!text.matches("0x([0-9a-f]{2})*") || length >= 0 && text.length() != 2 + 2 * length) {
            throw wrong(name, length < 0 ? "is not 0x and pairs of hex digits"
                    : "is not 0x and " + 2 * length + " lower-case hex digits");
        }
        return HexFormat.of().parseHex(text, 2, text.length());
    }

    private JsonNode array(String name) {
        JsonNode value = take(name);
        if (!value.isArray()) {
            throw wrong(name, "is no list");
        }
        return value;
    }

    private JsonNode take(String name) {
        known.add(name);
        @Nullable
        JsonNode value = object.get(name);
        if (value == null) {
            throw wrong(name, "is missing");
        }
        return value;
    }

    private String path(String name) {
        return place.isEmpty() ? name : place + "." + name;
    }
}
