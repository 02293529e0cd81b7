package farthing.artefact;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;

/** Whether a tokenizer.json of Hugging Face is whole and fits a model, read as a stream. */
final class TokenizerFile {

    static final long LARGEST = 64L << 20;
    private static final int DEEPEST = 64;
    private static final int LONGEST = 4 << 20;
    private static final JsonFactory JSON = JsonFactory.builder().streamReadConstraints(StreamReadConstraints.builder()
            .maxNestingDepth(DEEPEST).maxStringLength(LONGEST).maxNameLength(50_000).maxNumberLength(50).build()).build();
    private static final Set<String> KINDS = Set.of("WordPiece", "BPE", "Unigram", "WordLevel");

    private long pieces;
    private long highest = -1;
    private boolean vocabulary;

    private TokenizerFile() {
    }

    /** @param rows of the model's embeddings, -1 when unknown */
    static void check(Path file, long rows) throws IOException {
        TokenizerFile tokenizer = new TokenizerFile();
        try (JsonParser json = JSON.createParser(file.toFile())) {
            tokenizer.read(json);
        } catch (JsonProcessingException e) {
            throw wrong("is no whole JSON" + (e.getLocation() == null ? ""
                    : " (it goes wrong at line " + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr()
                            + ")"));
        }
        if (!tokenizer.vocabulary) {
            throw wrong("has no vocabulary (model.vocab)");
        }
        if (rows > 0 && tokenizer.highest >= rows) {
            throw new WrongArtefact(Rule.TOKENIZER,
                    ("The tokenizer has pieces up to number %,d and the model embeddings for %,d, so it is"
                            + " another model's tokenizer; send the one the model was exported with.")
                            .formatted(tokenizer.highest, rows));
        }
        // Some models pad their embeddings, none by a quarter.
        if (rows > 0 && tokenizer.highest + 1 < rows - rows / 4) {
            throw new WrongArtefact(Rule.TOKENIZER,
                    ("The tokenizer has %,d pieces and the model embeddings for %,d, so it is another"
                            + " model's tokenizer; send the one the model was exported with.")
                            .formatted(tokenizer.pieces, rows));
        }
    }

    private void read(JsonParser json) throws IOException {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw wrong("is no JSON object");
        }
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            JsonToken value = json.nextToken();
            if (field.equals("model") && value == JsonToken.START_OBJECT) {
                model(json);
            } else if (field.equals("added_tokens") && value == JsonToken.START_ARRAY) {
                added(json);
            } else {
                json.skipChildren();
            }
        }
        if (json.nextToken() != null) {
            throw wrong("goes on after its end");
        }
    }

    private void model(JsonParser json) throws IOException {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            JsonToken value = json.nextToken();
            if (field.equals("vocab") && value == JsonToken.START_OBJECT) {
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    json.nextToken();
                    piece(json);
                }
                vocabulary = pieces > 0;
            } else if (field.equals("vocab") && value == JsonToken.START_ARRAY) {
                // A piece's place in the list is its number.
                for (JsonToken piece = json.nextToken(); piece != JsonToken.END_ARRAY; piece = json.nextToken()) {
                    if (piece != JsonToken.START_ARRAY) {
                        throw wrong("has a vocabulary that is no list of pieces and scores");
                    }
                    json.skipChildren();
                    pieces++;
                }
                highest = Math.max(highest, pieces - 1);
                vocabulary = pieces > 0;
            } else if (field.equals("type") && !(value == JsonToken.VALUE_STRING && KINDS.contains(json.getText()))) {
                throw wrong("is of a kind that is unknown here; WordPiece, BPE, Unigram and WordLevel are known");
            } else {
                json.skipChildren();
            }
        }
    }

    private void added(JsonParser json) throws IOException {
        for (JsonToken token = json.nextToken(); token != JsonToken.END_ARRAY; token = json.nextToken()) {
            if (token != JsonToken.START_OBJECT) {
                throw wrong("has an added token that is no object");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String field = json.currentName();
                json.nextToken();
                if (field.equals("id")) {
                    number(json);
                } else {
                    json.skipChildren();
                }
            }
        }
    }

    private void piece(JsonParser json) throws IOException {
        number(json);
        pieces++;
    }

    private void number(JsonParser json) throws IOException {
        if (json.currentToken() != JsonToken.VALUE_NUMBER_INT || json.getNumberType() != JsonParser.NumberType.INT
                || json.getIntValue() < 0) {
            throw wrong("has a piece whose number is no whole number");
        }
        highest = Math.max(highest, json.getIntValue());
    }

    private static WrongArtefact wrong(String what) {
        return new WrongArtefact(Rule.TOKENIZER, "The tokenizer " + what + "; send the tokenizer.json of the model.");
    }
}
