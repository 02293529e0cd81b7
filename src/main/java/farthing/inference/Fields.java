package farthing.inference;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** The fields of a request body, read with their types checked. A field that is null counts as absent, as at OpenAI. */
final class Fields {

    private final JsonNode body;

    private Fields(JsonNode body) {
        this.body = body;
    }

    /** @throws InvalidRequest when the bytes are not a JSON object */
    static Fields parse(ObjectMapper mapper, byte[] bytes) {
        JsonNode body;
        try {
            body = mapper.readTree(bytes);
        } catch (JsonProcessingException e) {
            var at = e.getLocation();
            throw new InvalidRequest("The body is not valid JSON: it goes wrong at line " + at.getLineNr() + ", column "
                    + at.getColumnNr() + ".");
        } catch (IOException e) {
            throw new InvalidRequest("The body cannot be read as JSON.");
        }
        if (body == null || !body.isObject()) {
            throw new InvalidRequest("The body must be a JSON object with at least 'model'.");
        }
        return new Fields(body);
    }

    @Nullable
    JsonNode get(String name) {
        JsonNode value = body.get(name);
        return value == null || value.isNull() ? null : value;
    }

    String text(String name, String wanted) {
        JsonNode value = get(name);
        if (value == null) {
            throw InvalidRequest.missing(name, wanted);
        }
        if (!value.isTextual()) {
            throw wrongType(name, "a string", value);
        }
        return value.textValue();
    }

    @Nullable
    Integer wholeNumber(String name, int least, int most) {
        JsonNode value = get(name);
        if (value == null) {
            return null;
        }
        if (!value.isIntegralNumber()) {
            throw wrongType(name, "a whole number", value);
        }
        if (!value.canConvertToInt() || value.intValue() < least || value.intValue() > most) {
            throw InvalidRequest.outOfRange(name, "from " + least + " to " + most);
        }
        return value.intValue();
    }

    float number(String name, float least, float most, float otherwise) {
        JsonNode value = get(name);
        if (value == null) {
            return otherwise;
        }
        if (!value.isNumber()) {
            throw wrongType(name, "a number", value);
        }
        float number = value.floatValue();
        if (!(number >= least && number <= most)) {
            throw InvalidRequest.outOfRange(name, "from " + least + " to " + most);
        }
        return number;
    }

    boolean flag(String name) {
        JsonNode value = get(name);
        if (value == null) {
            return false;
        }
        if (!value.isBoolean()) {
            throw wrongType(name, "true or false", value);
        }
        return value.booleanValue();
    }

    /** One string or a list of strings. */
    List<String> texts(String name, int most) {
        JsonNode value = get(name);
        if (value == null) {
            return List.of();
        }
        if (value.isTextual()) {
            return List.of(value.textValue());
        }
        if (!value.isArray()) {
            throw wrongType(name, "a string or a list of strings", value);
        }
        if (value.size() > most) {
            throw InvalidRequest.outOfRange(name, "a list of at most " + most + " strings");
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode each : value) {
            if (!each.isTextual()) {
                throw wrongType(name, "a string or a list of strings", each);
            }
            texts.add(each.textValue());
        }
        return texts;
    }

    /** Refuses a field that would change the answer and is not supported, unless it asks for nothing. */
    void refuse(String name, String instead) {
        JsonNode value = get(name);
        boolean nothing = value == null || value.isBoolean() && !value.booleanValue()
                || value.isContainerNode() && value.isEmpty() || value.isNumber() && value.intValue() == 0;
        if (!nothing) {
            throw InvalidRequest.unsupported(name, instead);
        }
    }

    static InvalidRequest wrongType(String name, String wanted, JsonNode found) {
        return InvalidRequest.wrongType(name, wanted, switch (found.getNodeType()) {
            case STRING -> "a string";
            case NUMBER -> "a number";
            case BOOLEAN -> "true or false";
            case ARRAY -> "a list";
            default -> "an object";
        });
    }
}
