package farthing.inference;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import jakarta.inject.Singleton;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.databind.JsonNode;

import farthing.catalog.Catalog;
import farthing.catalog.Listing;
import farthing.engine.Classifications;
import farthing.engine.Embeddings;
import farthing.engine.Engines;
import farthing.engine.Input;
import farthing.engine.Invocation;
import farthing.engine.Task;
import farthing.engine.Usage;
import farthing.identity.Caller;
import farthing.metering.CallStatistics;
import farthing.metering.Charged;
import farthing.metering.Claim;
import farthing.metering.Consumed;
import farthing.metering.Metering;
import farthing.metering.Passage;
import farthing.metering.Reservation;
import farthing.metering.Units;
import farthing.receipt.ReceiptId;

/** Calls that work on given texts: embeddings and classifications. Their cost is known before they run. */
@Singleton
class Texts {

    private static final int MOST_TEXTS = 2048;

    private final Catalog catalog;
    private final Engines engines;
    private final Admission admission;
    private final Metering metering;
    private final CallStatistics statistics;
    private final Json json;
    private final Clock clock;

    Texts(Catalog catalog, Engines engines, Admission admission, Metering metering, CallStatistics statistics, Json json,
            Clock clock) {
        this.catalog = catalog;
        this.engines = engines;
        this.admission = admission;
        this.metering = metering;
        this.statistics = statistics;
        this.json = json;
        this.clock = clock;
    }

    /** What one kind of call asks of the engine and how it writes the answer. */
    private interface Work {
        Answer run(Invocation invocation, ReceiptId receipt);
    }

    private record Answer(Usage usage, Map<String, Object> body) {
    }

    /** OpenAI's embeddings. */
    void embed(Exchange exchange, Caller caller, Passage passage, Claim.@Nullable Fresh claim) {
        Asked asked = admission.read(exchange.who(), () -> read(exchange, caller, Task.EMBEDDING));
        Fields fields = asked.fields;
        boolean base64 = isBase64(fields);
        Integer dimensions = fields.wholeNumber("dimensions", 1, 1 << 20);
        run(exchange, caller, passage, asked, claim, (invocation, receipt) -> {
            Embeddings embeddings = invocation.embed();
            List<Map<String, Object>> data = new ArrayList<>();
            for (float[] vector : embeddings.vectors()) {
                if (dimensions != null && dimensions != vector.length) {
                    throw InvalidRequest.unsupported("dimensions", "this model gives " + vector.length);
                }
                Map<String, Object> one = new LinkedHashMap<>();
                one.put("object", "embedding");
                one.put("index", data.size());
                one.put("embedding", base64 ? base64(vector) : vector);
                data.add(one);
            }
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("object", "list");
            body.put("data", data);
            body.put("model", text(fields));
            body.put("usage", usage(embeddings.usage()));
            return new Answer(embeddings.usage(), body);
        });
    }

    /** vLLM's classification. */
    void classify(Exchange exchange, Caller caller, Passage passage, Claim.@Nullable Fresh claim) {
        Asked asked = admission.read(exchange.who(),
                () -> read(exchange, caller, Task.LANGUAGE_IDENTIFICATION, Task.CLASSIFICATION));
        Fields fields = asked.fields;
        Instant now = clock.instant();
        run(exchange, caller, passage, asked, claim, (invocation, receipt) -> {
            Classifications classes = invocation.classify();
            List<Map<String, Object>> data = new ArrayList<>();
            for (var labels : classes.texts()) {
                Map<String, Object> one = new LinkedHashMap<>();
                one.put("index", data.size());
                one.put("label", labels.getFirst().name());
                one.put("probs", labels.stream().map(label -> label.probability()).toList());
                one.put("labels", labels.stream().map(label -> label.name()).toList());
                one.put("num_classes", labels.size());
                data.add(one);
            }
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("id", "classify-" + receipt);
            body.put("object", "list");
            body.put("created", now.getEpochSecond());
            body.put("model", text(fields));
            body.put("data", data);
            body.put("usage", usage(classes.usage()));
            return new Answer(classes.usage(), body);
        });
    }

    private void run(Exchange exchange, Caller caller, Passage passage, Asked asked, Claim.@Nullable Fresh claim,
            Work work) {
        Instant started = clock.instant();
        Listing listing = asked.listing;
        Input.Texts input = input(asked.fields);
        CallStatistics.Watch watch = statistics.watch(listing.version());
        try (Invocation invocation = engines.prepare(listing.loadable(), input, exchange.who());
                Reservation reservation = reserve(caller, passage, listing, invocation, input)) {
            exchange.onLeave(invocation::close);
            Answer answer = work.run(invocation, reservation.receipt());
            if (exchange.hasLeft()) {
                // Nothing was delivered, so nothing is charged.
                return;
            }
            Usage usage = answer.usage();
            byte[] body = admission.answer(exchange.who(), () -> json.bytes(answer.body()));
            Units units = new Units(usage.inputTokens(), usage.outputTokens(), usage.items());
            Charged charged = reservation.charge(new Consumed(units, exchange.body(), body, false, false, started),
                    claim == null ? null : claim.replay(Exchange.JSON, body));
            passage.took((long) usage.inputTokens() + usage.outputTokens());
            exchange.send(200, Exchange.JSON, body, charged);
            watch.answered();
        } catch (RuntimeException | Error e) {
            if (!exchange.isGivenUp()) {
                watch.broke(e);
            }
            throw e;
        }
    }

    private record Asked(Fields fields, Listing listing) {
    }

    private Asked read(Exchange exchange, Caller caller, Task... tasks) {
        Fields fields = Fields.parse(json.mapper(), exchange.body());
        return new Asked(fields, listing(caller, fields, tasks));
    }

    private Reservation reserve(Caller caller, Passage passage, Listing listing, Invocation invocation, Input.Texts input) {
        passage.tokens(invocation.inputTokens());
        return metering.reserve(caller, listing, invocation.inputTokens(), input.texts().size());
    }

    private Listing listing(Caller caller, Fields fields, Task... tasks) {
        Listing listing = catalog.resolve(text(fields), Optional.of(caller.account()));
        metering.permit(caller, listing);
        if (!List.of(tasks).contains(listing.task())) {
            throw WrongTask.of(listing);
        }
        return listing;
    }

    private static String text(Fields fields) {
        return fields.text("model", "a model's name such as owner/name");
    }

    private static Input.Texts input(Fields fields) {
        List<String> texts = fields.texts("input", MOST_TEXTS);
        if (texts.isEmpty()) {
            throw InvalidRequest.missing("input", "a string or a list of 1 to " + MOST_TEXTS + " strings");
        }
        return new Input.Texts(texts);
    }

    private static boolean isBase64(Fields fields) {
        JsonNode format = fields.get("encoding_format");
        return switch (format == null ? "float" : format.asText()) {
            case "float" -> false;
            case "base64" -> true;
            default -> throw InvalidRequest.outOfRange("encoding_format", "float or base64");
        };
    }

    /** As OpenAI's clients read it: 32-bit floats, little-endian. */
    private static String base64(float[] vector) {
        ByteBuffer bytes = ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (float each : vector) {
            bytes.putFloat(each);
        }
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    private static Map<String, Object> usage(Usage usage) {
        Map<String, Object> written = new LinkedHashMap<>();
        written.put("prompt_tokens", usage.inputTokens());
        written.put("total_tokens", usage.inputTokens());
        return written;
    }
}
