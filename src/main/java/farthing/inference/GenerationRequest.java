package farthing.inference;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.databind.JsonNode;

import farthing.engine.Generation;
import farthing.engine.Input;

/**
 * A request for generated text, in either of OpenAI's two forms.
 *
 * @param maxTokens the caller's own limit, null if it gave none
 */
record GenerationRequest(String model, Input input, @Nullable Integer maxTokens, float temperature, float topP,
        @Nullable Integer seed, List<String> stop, float frequencyPenalty, float presencePenalty, boolean stream,
        boolean includeUsage) {

    private static final int MOST_TOKENS = 1_000_000;
    private static final int MOST_MESSAGES = 2_000;

    static GenerationRequest completion(Fields fields) {
        fields.refuse("echo", "leave it out and put the prompt before the answer yourself");
        fields.refuse("suffix", "leave it out");
        Integer bestOf = fields.wholeNumber("best_of", 1, MOST_TOKENS);
        if (bestOf != null && bestOf != 1) {
            throw InvalidRequest.unsupported("best_of", "leave it out or set it to 1");
        }
        return of(fields, prompt(fields), fields.wholeNumber("max_tokens", 1, MOST_TOKENS));
    }

    static GenerationRequest chat(Fields fields) {
        fields.refuse("tools", "leave it out");
        fields.refuse("functions", "leave it out");
        JsonNode format = fields.get("response_format");
        if (format != null && !"text".equals(format.path("type").asText())) {
            throw InvalidRequest.unsupported("response_format", "only the type 'text' is");
        }
        Integer maxTokens = fields.wholeNumber("max_completion_tokens", 1, MOST_TOKENS);
        return of(fields, new Input.Chat(messages(fields)),
                maxTokens != null ? maxTokens : fields.wholeNumber("max_tokens", 1, MOST_TOKENS));
    }

    Generation generation(int affordedTokens) {
        return new Generation(affordedTokens, temperature, topP, seed, stop, frequencyPenalty, presencePenalty);
    }

    private static GenerationRequest of(Fields fields, Input input, @Nullable Integer maxTokens) {
        Integer n = fields.wholeNumber("n", 1, MOST_TOKENS);
        if (n != null && n != 1) {
            throw InvalidRequest.unsupported("n", "leave it out or set it to 1, and call again for another answer");
        }
        fields.refuse("logprobs", "leave it out");
        fields.refuse("logit_bias", "leave it out");
        List<String> stop = fields.texts("stop", 4);
        if (stop.contains("")) {
            throw InvalidRequest.outOfRange("stop", "without empty strings");
        }
        JsonNode options = fields.get("stream_options");
        return new GenerationRequest(fields.text("model", "a model's name such as owner/name"), input, maxTokens,
                fields.number("temperature", 0, 2, 1), fields.number("top_p", 0, 1, 1),
                fields.wholeNumber("seed", Integer.MIN_VALUE, Integer.MAX_VALUE), stop,
                fields.number("frequency_penalty", -2, 2, 0), fields.number("presence_penalty", -2, 2, 0),
                fields.flag("stream"), options != null && options.path("include_usage").asBoolean());
    }

    private static Input prompt(Fields fields) {
        JsonNode prompt = fields.get("prompt");
        if (prompt == null) {
            throw InvalidRequest.missing("prompt", "a string");
        }
        if (prompt.isArray() && prompt.size() == 1 && prompt.get(0).isTextual()) {
            return new Input.Prompt(prompt.get(0).textValue());
        }
        if (prompt.isArray()) {
            throw InvalidRequest.wrongType("prompt", "one string", "a list of several strings or of token numbers");
        }
        if (!prompt.isTextual()) {
            throw Fields.wrongType("prompt", "a string", prompt);
        }
        return new Input.Prompt(prompt.textValue());
    }

    private static List<Input.Message> messages(Fields fields) {
        JsonNode messages = fields.get("messages");
        if (messages == null) {
            throw InvalidRequest.missing("messages", "a list of messages such as {\"role\":\"user\",\"content\":\"…\"}");
        }
        if (!messages.isArray()) {
            throw Fields.wrongType("messages", "a list of messages", messages);
        }
        if (messages.isEmpty() || messages.size() > MOST_MESSAGES) {
            throw InvalidRequest.outOfRange("messages", "a list of 1 to " + MOST_MESSAGES + " messages");
        }
        List<Input.Message> read = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            read.add(message(messages.get(i), "messages[" + i + "]"));
        }
        return read;
    }

    private static Input.Message message(JsonNode message, String at) {
        if (!message.isObject()) {
            throw Fields.wrongType(at, "an object with role and content", message);
        }
        String role = switch (message.path("role").asText()) {
            case "system", "developer" -> "system";
            case "user" -> "user";
            case "assistant" -> "assistant";
            default -> throw InvalidRequest.outOfRange(at + ".role", "one of system, developer, user, assistant");
        };
        JsonNode content = message.path("content");
        if (content.isTextual()) {
            return new Input.Message(role, content.textValue());
        }
        if (!content.isArray()) {
            throw InvalidRequest.missing(at + ".content", "a string or a list of text parts");
        }
        StringBuilder text = new StringBuilder();
        for (JsonNode part : content) {
            if (!"text".equals(part.path("type").asText()) || !part.path("text").isTextual()) {
                throw InvalidRequest.unsupported(at + ".content", "only parts of type 'text' are");
            }
            text.append(part.path("text").textValue());
        }
        return new Input.Message(role, text.toString());
    }
}
