package farthing.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.RequestOptions;

/**
 * A call of a remote endpoint. The endpoint's own counters are what was consumed; they are believed up to what was reserved for
 * the call.
 */
final class RemoteInvocation implements Invocation {

    private static final System.Logger LOG = System.getLogger(RemoteInvocation.class.getName());
    private static final ObjectMapper JSON = new ObjectMapper(
            // The usual pool of buffers belongs to a thread, and a virtual thread lives for one call.
            JsonFactory.builder().recyclerPool(JsonRecyclerPools.sharedConcurrentDequePool()).build())
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

    // No tokenizer makes more tokens than there are bytes; beside the text, templates and special tokens take some.
    private static final int TOKENS_BESIDE_A_TEXT = 8;
    private static final int TOKENS_BESIDE_A_MESSAGE = 16;
    private static final int TOKENS_BESIDE_A_CHAT = 256;
    private static final int USUAL_BYTES_IN_A_TOKEN = 3;

    private static final long LEAST_LIMIT = 1 << 20;
    private static final long BYTES_FOR_A_TOKEN = 4096;
    private static final long BYTES_FOR_A_VECTOR = 1 << 18;
    private static final long LARGEST_LIMIT = 64 << 20;

    private record Item(int index, float[] embedding) {
    }

    private record Vectors(@Nullable List<Item> data, @Nullable JsonNode usage) {
    }

    private final RemoteEndpoints endpoints;
    private final String version;
    private final int context;
    private final boolean normalise;
    private final RemoteEndpoint endpoint;
    private final @Nullable String secret;
    private final Places.Stay places;
    private final Input input;
    private final int mostInputTokens;
    private boolean toldOfCount;
    private volatile @Nullable RemoteExchange exchange;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicBoolean begun = new AtomicBoolean();
    private volatile @Nullable RemoteFault fault;
    private volatile int inputTokens;
    private volatile int outputTokens;
    private volatile FinishReason reason = FinishReason.CANCELLED;

    /**
     * @param version for the log
     * @param places in which this has taken one
     */
    RemoteInvocation(RemoteEndpoints endpoints, String version, int context, boolean normalise, RemoteEndpoint endpoint,
            @Nullable String secret, Places.Stay places, Input input) {
        this.endpoints = endpoints;
        this.version = version;
        this.context = context;
        this.normalise = normalise;
        this.endpoint = endpoint;
        this.secret = secret;
        this.places = places;
        this.input = input;
        this.mostInputTokens = mostTokens(input);
    }

    private static int mostTokens(Input input) {
        return Math.toIntExact(switch (input) {
            case Input.Prompt(String text) -> bytes(text) + TOKENS_BESIDE_A_TEXT;
            case Input.Chat(var messages) -> TOKENS_BESIDE_A_CHAT + messages.stream()
                    .mapToLong(message -> bytes(message.role()) + bytes(message.content()) + TOKENS_BESIDE_A_MESSAGE).sum();
            case Input.Texts(var texts) -> texts.stream().mapToLong(text -> bytes(text) + TOKENS_BESIDE_A_TEXT).sum();
        });
    }

    private static long bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    @Override
    public int inputTokens() {
        return mostInputTokens;
    }

    @Override
    public int maxOutputTokens() {
        if (input instanceof Input.Texts) {
            return 0;
        }
        // What surely fits; for a long input what usually fits, since the endpoint refuses what does not.
        int room = context - Math.min(mostInputTokens, mostInputTokens / USUAL_BYTES_IN_A_TOKEN + TOKENS_BESIDE_A_CHAT);
        return Math.max(Math.max(context - mostInputTokens, room), Math.max(1, context / 8));
    }

    @Override
    public Usage usage() {
        return new Usage(inputTokens, outputTokens, input instanceof Input.Texts(var texts) ? texts.size() : 1, reason);
    }

    @Override
    public Usage generate(Generation how, Pieces onText) {
        run(() -> {
            boolean chat = input instanceof Input.Chat;
            Answer answer = new Answer(chat, how.maxTokens(), onText);
            Context loop = onText.loop();
            ask(answer, loop == null ? endpoints.anyLoop() : loop,
                    chat ? "/chat/completions" : "/completions", request(how),
                    Math.min(LARGEST_LIMIT, LEAST_LIMIT + BYTES_FOR_A_TOKEN * how.maxTokens()));
            answer.await();
        });
        return usage();
    }

    /** Reads a generated answer, on the event loop, and tells its text there. */
    private final class Answer implements RemoteExchange.Reader {

        private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

        private final boolean chat;
        private final int maxTokens;
        private final Pieces onText;
        private final EventLines lines = new EventLines();
        private final CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
        private FinishReason ended = FinishReason.STOP;
        private boolean counted;
        private boolean whole;
        private int pieces;

        Answer(boolean chat, int maxTokens, Pieces onText) {
            this.chat = chat;
            this.maxTokens = maxTokens;
            this.onText = onText;
        }

        void await() throws IOException {
            try {
                done.join();
            } catch (CompletionException e) {
                switch (e.getCause()) {
                    case null -> throw e;
                    case IOException broken -> throw broken;
                    case RuntimeException broken -> throw broken;
                    case Error broken -> throw broken;
                    default -> throw e;
                }
            }
        }

        @Override
        public void read(Buffer bytes) throws IOException {
            lines.add(bytes.getBytes(), this::event);
            RemoteExchange from = exchange;
            if (from != null && !whole && onText.full()) {
                from.pause();
                onText.onRoom(from::resume);
            }
        }

        private void event(byte[] bytes, int from, int to) throws IOException {
            if (whole) {
                return;
            }
            if (Arrays.equals(bytes, from, to, DONE, 0, DONE.length)) {
                finish();
                return;
            }
            RemoteChunk chunk = RemoteChunk.read(JSON, bytes, from, to, chat);
            if (chunk.error()) {
                throw RemoteFault.failed("reported an error in the middle of its answer");
            }
            String text = chunk.text();
            if (text != null && !text.isEmpty()) {
                onText.accept(text);
                pieces++;
                if (!counted) {
                    // Until the endpoint has counted, what was delivered has at least a token in each piece.
                    outputTokens = Math.min(pieces, maxTokens);
                }
            }
            if ("length".equals(chunk.finish())) {
                ended = FinishReason.LENGTH;
            }
            JsonNode usage = chunk.usage();
            if (usage != null) {
                count(usage, maxTokens);
                counted = true;
            }
        }

        private void finish() throws IOException {
            if (!counted) {
                throw notCounted();
            }
            whole = true;
            reason = ended;
            RemoteExchange from = exchange;
            if (from != null) {
                from.finish();
            }
            done.complete(null);
        }

        @Override
        public void end() throws IOException {
            throw RemoteFault.brokeOff();
        }

        @Override
        public void broke(Throwable why) {
            done.completeExceptionally(why);
        }
    }

    @Override
    public Embeddings embed() {
        List<float[]> vectors = new ArrayList<>();
        run(() -> {
            List<String> texts = ((Input.Texts) input).texts();
            Map<String, Object> request = new LinkedHashMap<>();
            request.put("model", endpoint.model());
            request.put("input", texts);
            request.put("encoding_format", "float");
            BodyStream body = new BodyStream();
            RemoteExchange asked = ask(body, endpoints.anyLoop(), "/embeddings", request,
                    Math.min(LARGEST_LIMIT, LEAST_LIMIT + BYTES_FOR_A_VECTOR * texts.size()));
            Vectors answer = JSON.readValue(body, Vectors.class);
            asked.loop().runOnContext(_ -> asked.finish());
            vectors.addAll(inOrder(answer, texts.size()));
            if (answer.usage() == null || !answer.usage().isObject()) {
                throw notCounted();
            }
            count(answer.usage(), 0);
            reason = FinishReason.STOP;
        });
        if (reason == FinishReason.CANCELLED) {
            throw new EngineFailed("the call was cancelled.");
        }
        if (normalise) {
            vectors.forEach(RemoteInvocation::normalise);
        }
        return new Embeddings(vectors, usage());
    }

    private static List<float[]> inOrder(@Nullable Vectors answer, int texts) throws RemoteFault {
        float[][] vectors = new float[texts][];
        if (answer == null || answer.data() == null || answer.data().size() != texts) {
            throw RemoteFault.garbage();
        }
        for (Item item : answer.data()) {
            if (item == null || item.embedding() == null || item.embedding().length == 0 || item.index() < 0
                    || item.index() >= texts || vectors[item.index()] != null) {
                throw RemoteFault.garbage();
            }
            vectors[item.index()] = item.embedding();
        }
        for (float[] vector : vectors) {
            if (vector.length != vectors[0].length) {
                throw RemoteFault.garbage();
            }
        }
        return List.of(vectors);
    }

    private static void normalise(float[] vector) {
        double sum = 0;
        for (float each : vector) {
            sum += (double) each * each;
        }
        double length = Math.sqrt(sum);
        for (int i = 0; i < vector.length && length > 0; i++) {
            vector[i] = (float) (vector[i] / length);
        }
    }

    @Override
    public Classifications classify() {
        throw new UnsupportedInput("A remote endpoint does not classify.");
    }

    private Map<String, Object> request(Generation how) {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("model", endpoint.model());
        switch (input) {
            case Input.Prompt(String text) -> request.put("prompt", text);
            case Input.Chat(var messages) -> request.put("messages", messages);
            case Input.Texts _ -> throw new UnsupportedInput("This input is to be embedded, not continued.");
        }
        request.put("max_tokens", how.maxTokens());
        request.put("temperature", how.temperature());
        request.put("top_p", how.topP());
        if (how.seed() != null) {
            request.put("seed", how.seed());
        }
        if (!how.stop().isEmpty()) {
            request.put("stop", how.stop());
        }
        // Left out where they ask for nothing: not every endpoint knows them.
        if (how.frequencyPenalty() != 0) {
            request.put("frequency_penalty", how.frequencyPenalty());
        }
        if (how.presencePenalty() != 0) {
            request.put("presence_penalty", how.presencePenalty());
        }
        // Always streamed, so that one that leaves is noticed and one that hangs is, too.
        request.put("stream", true);
        request.put("stream_options", Map.of("include_usage", true));
        return request;
    }

    private RemoteExchange ask(RemoteExchange.Reader reader, Context loop, String path, Map<String, Object> request, long limit)
            throws IOException {
        List<RequestOptions> ways = endpoints.ways(endpoint, secret, path);
        RemoteExchange asking = new RemoteExchange(endpoints, loop, reader);
        exchange = asking;
        if (reader instanceof BodyStream body) {
            body.of(asking);
        }
        asking.start(ways, Buffer.buffer(JSON.writeValueAsBytes(request)), limit);
        if (closed.get()) {
            // It was closed before it knew the exchange.
            asking.close();
        }
        return asking;
    }

    private void count(JsonNode usage, int maxTokens) throws RemoteFault {
        JsonNode input = usage.path("prompt_tokens");
        JsonNode output = usage.path("completion_tokens");
        if (!whole(input) || maxTokens > 0 && !whole(output)) {
            throw notCounted();
        }
        if (!toldOfCount && (input.longValue() > mostInputTokens || maxTokens > 0 && output.longValue() > maxTokens)) {
            // Once, however often it counts.
            toldOfCount = true;
            LOG.log(System.Logger.Level.WARNING,
                    "The remote endpoint of {0} counted {1} tokens of input and {2} of output where at most {3} and {4} were"
                            + " possible; no more than that is charged",
                    version, input, output, mostInputTokens, maxTokens);
        }
        inputTokens = (int) Math.min(input.longValue(), mostInputTokens);
        // Of embeddings the output is not asked for, so it may be anything.
        outputTokens = Math.clamp(output.longValue(), 0, maxTokens);
    }

    private static boolean whole(JsonNode number) {
        return number.isIntegralNumber() && number.canConvertToLong() && number.longValue() >= 0;
    }

    private static RemoteFault notCounted() {
        return RemoteFault.failed("did not say how many tokens it used");
    }

    private interface Work {
        void run() throws IOException;
    }

    private void run(Work work) {
        if (begun.getAndSet(true)) {
            throw new IllegalStateException("An invocation runs once");
        }
        try {
            work.run();
        } catch (RemoteExchange.Overdue e) {
            throw new EngineFailed("it worked for more than " + endpoints.callTime().toSeconds() + " s.");
        } catch (IOException e) {
            if (!closed.get()) {
                RemoteFault found = fault(e);
                fault = found;
                throw found.problem();
            }
        } finally {
            close();
        }
    }

    /** Why it failed; null unless it did, and where the time was up. */
    @Nullable
    RemoteFault fault() {
        return fault;
    }

    private static RemoteFault fault(IOException e) {
        return switch (e) {
            case RemoteFault fault -> fault;
            case JsonProcessingException _ -> RemoteFault.garbage();
            default -> RemoteFault.brokeOff();
        };
    }

    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            RemoteExchange asked = exchange;
            if (asked != null) {
                asked.close();
            }
            places.giveBack();
            places.leave();
        }
    }
}
