package farthing.chain;

import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.web3j.abi.CustomErrorEncoder;
import org.web3j.abi.FunctionReturnDecoder;
import org.web3j.abi.TypeReference;
import org.web3j.abi.datatypes.CustomError;
import org.web3j.abi.datatypes.Type;
import org.web3j.abi.datatypes.Utf8String;
import org.web3j.abi.datatypes.generated.Uint256;
import org.web3j.utils.Numeric;

/** What a contract said when it reverted: {@code OverLimit(3, 100, 20, 110)}. */
final class Reverts {

    private static final int SELECTOR = 10;
    private static final Map<String, CustomError> KNOWN = known();

    private Reverts() {
    }

    /** Null when the bytes are none of the errors that we know. */
    static @Nullable String named(String data) {
        CustomError error = data.length() < SELECTOR ? null : KNOWN.get(data.substring(0, SELECTOR));
        if (error == null) {
            return null;
        }
        return error.getName() + FunctionReturnDecoder.decode(data.substring(SELECTOR), error.getParameters()).stream()
                .map(value -> shown(value)).collect(Collectors.joining(", ", "(", ")"));
    }

    private static String shown(Type<?> value) {
        Object plain = value.getValue();
        if (value instanceof org.web3j.abi.datatypes.Address address) {
            return new Address(address.getValue()).text();
        }
        return plain instanceof byte[] bytes ? Numeric.toHexString(bytes) : String.valueOf(plain);
    }

    private static Map<String, CustomError> known() {
        Map<String, CustomError> errors = new HashMap<>();
        // The wrappers name each error of their contract in a constant and give no list of them.
        Stream.of(UsageVault.class, TestToken.class, ModelRegistry.class).flatMap(type -> Stream.of(type.getFields()))
                .filter(field -> field.getType() == CustomError.class).map(Reverts::constant).forEach(e -> add(errors, e));
        add(errors, new CustomError("Error", List.of(TypeReference.create(Utf8String.class))));
        add(errors, new CustomError("Panic", List.of(TypeReference.create(Uint256.class))));
        return errors;
    }

    private static void add(Map<String, CustomError> errors, CustomError error) {
        errors.put(CustomErrorEncoder.encode(error).substring(0, SELECTOR), error);
    }

    private static CustomError constant(Field field) {
        try {
            return (CustomError) field.get(null);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }
}
