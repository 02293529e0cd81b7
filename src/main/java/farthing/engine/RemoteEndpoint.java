package farthing.engine;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * Where a remote version is asked, in OpenAI's protocol; {@link RemoteEndpoints#endpoint} makes one.
 *
 * @param url ends before {@code /chat/completions}, {@code /completions} and {@code /embeddings}, without a slash
 * @param model what the model is called there
 */
public record RemoteEndpoint(URI url, String model) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LONGEST_URL = 500;
    private static final int LONGEST_MODEL = 200;
    private static final String EXAMPLE = "such as https://models.example.org/v1";

    static RemoteEndpoint of(String url, String model, boolean allowPlain) {
        return new RemoteEndpoint(url(url.strip(), allowPlain), model(model.strip()));
    }

    private static URI url(String text, boolean allowPlain) {
        if (text.isEmpty()) {
            throw wrongUrl("The endpoint has no address. Give the one that its clients use as base URL, " + EXAMPLE + ".");
        }
        if (text.length() > LONGEST_URL) {
            throw wrongUrl("The endpoint's address has more than " + LONGEST_URL + " characters.");
        }
        URI url = parsed(text.replaceFirst("/+$", ""));
        String scheme = String.valueOf(url.getScheme());
        if (!scheme.equals("https") && !(allowPlain && scheme.equals("http"))) {
            throw wrongUrl("The endpoint's address must begin with https://, so that calls and the secret cannot be read on the"
                    + " way, " + EXAMPLE + ".");
        }
        if (url.getHost() == null || url.getPort() == 0 || url.getPort() > 65_535) {
            throw wrongUrl("The endpoint's address names no host that can be asked; write it " + EXAMPLE + ".");
        }
        if (url.getRawUserInfo() != null) {
            throw wrongUrl("The endpoint's address has a user or password in it, and everybody may read addresses. Give the"
                    + " secret in its own field.");
        }
        if (url.getRawQuery() != null || url.getRawFragment() != null) {
            throw wrongUrl("The endpoint's address must end with its path, without ? and #, " + EXAMPLE + ".");
        }
        if (url.getRawPath().matches(".*/(chat|completions|embeddings)")) {
            throw wrongUrl("The endpoint's address goes too far: it must end before /chat/completions, /completions and"
                    + " /embeddings, " + EXAMPLE + ".");
        }
        return url;
    }

    private static URI parsed(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw wrongUrl("The endpoint's address is no URL; write it " + EXAMPLE + ".");
        }
    }

    private static WrongEndpoint wrongUrl(String sentence) {
        return new WrongEndpoint("endpoint.url", sentence);
    }

    private static String model(String name) {
        if (name.isEmpty() || name.length() > LONGEST_MODEL || name.chars().anyMatch(Character::isISOControl)) {
            throw new WrongEndpoint("endpoint.model", "Give the name that the endpoint has for the model, of 1 to "
                    + LONGEST_MODEL + " characters.");
        }
        return name;
    }

    /** The file that is this version's artefact; the same endpoint gives the same bytes. */
    public byte[] descriptor() {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("url", url.toString());
        fields.put("model", model);
        try {
            return JSON.writeValueAsBytes(fields);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Reads what {@link #descriptor()} wrote. */
    static RemoteEndpoint read(Path descriptor, boolean allowPlain) throws IOException {
        JsonNode fields = JSON.readTree(Files.readAllBytes(descriptor));
        return of(fields.path("url").asText(), fields.path("model").asText(), allowPlain);
    }
}
