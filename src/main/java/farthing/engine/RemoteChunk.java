package farthing.engine;

import java.io.IOException;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * What matters of one event of a streamed answer.
 *
 * @param error whether it reports one
 */
record RemoteChunk(boolean error, @Nullable String text, @Nullable String finish, @Nullable JsonNode usage) {

    private static final RemoteChunk NOTHING = new RemoteChunk(false, null, null, null);

    /** Reads without building a tree: every token of every stream comes through here. */
    static RemoteChunk read(ObjectMapper mapper, byte[] bytes, int from, int to, boolean chat) throws IOException {
        try (JsonParser json = mapper.getFactory().createParser(bytes, from, to - from)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                json.skipChildren();
                return NOTHING;
            }
            boolean error = false;
            JsonNode usage = null;
            @Nullable
            String[] choice = new String[2];
            for (String name; (name = json.nextFieldName()) != null;) {
                JsonToken value = json.nextToken();
                if (name.equals("choices") && value == JsonToken.START_ARRAY) {
                    choices(json, choice, chat);
                } else if (name.equals("usage") && value == JsonToken.START_OBJECT) {
                    usage = json.readValueAsTree();
                } else {
                    error |= name.equals("error") && value != JsonToken.VALUE_NULL;
                    json.skipChildren();
                }
            }
            return new RemoteChunk(error, choice[0], choice[1], usage);
        }
    }

    /** Of the first alone. */
    private static void choices(JsonParser json, @Nullable String[] choice, boolean chat) throws IOException {
        boolean first = true;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (first && json.currentToken() == JsonToken.START_OBJECT) {
                choice(json, choice, chat);
            } else {
                json.skipChildren();
            }
            first = false;
        }
    }

    private static void choice(JsonParser json, @Nullable String[] choice, boolean chat) throws IOException {
        for (String name; (name = json.nextFieldName()) != null;) {
            JsonToken value = json.nextToken();
            if (chat && name.equals("delta") && value == JsonToken.START_OBJECT) {
                for (String inner; (inner = json.nextFieldName()) != null;) {
                    if (json.nextToken() == JsonToken.VALUE_STRING && inner.equals("content")) {
                        choice[0] = json.getText();
                    } else {
                        json.skipChildren();
                    }
                }
            } else if (!chat && name.equals("text") && value == JsonToken.VALUE_STRING) {
                choice[0] = json.getText();
            } else if (name.equals("finish_reason") && value == JsonToken.VALUE_STRING) {
                choice[1] = json.getText();
            } else {
                json.skipChildren();
            }
        }
    }
}
