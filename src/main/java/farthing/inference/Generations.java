package farthing.inference;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Consumer;

import jakarta.inject.Singleton;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import farthing.catalog.Catalog;
import farthing.catalog.Listing;
import farthing.engine.Engines;
import farthing.engine.FinishReason;
import farthing.engine.Invocation;
import farthing.engine.Pieces;
import farthing.engine.PromptTemplate;
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
import farthing.web.Problem;
import io.vertx.core.Context;

/** Calls that generate text: completions and chats, whole or streamed. */
@Singleton
class Generations {

    private static final Logger LOG = Logger.getLogger(Generations.class);

    private final Catalog catalog;
    private final Engines engines;
    private final Admission admission;
    private final Metering metering;
    private final CallStatistics statistics;
    private final Json json;
    private final Clock clock;

    Generations(Catalog catalog, Engines engines, Admission admission, Metering metering, CallStatistics statistics, Json json,
            Clock clock) {
        this.catalog = catalog;
        this.engines = engines;
        this.admission = admission;
        this.metering = metering;
        this.statistics = statistics;
        this.json = json;
        this.clock = clock;
    }

    /** Runs the call and answers it; what is thrown was not charged. */
    void answer(Exchange exchange, Caller caller, Passage passage, TextShape shape, Claim.@Nullable Fresh claim) {
        Instant started = clock.instant();
        byte[] body = exchange.body();
        Asked asked = admission.read(exchange.who(), () -> read(body, caller, shape));
        GenerationRequest request = asked.request;
        Listing listing = asked.listing;
        if (request.stream()) {
            passage.stream();
        }
        CallStatistics.Watch watch = statistics.watch(listing.version());
        try (Invocation invocation = engines.prepare(listing.loadable(), request.input(), exchange.who());
                Reservation reservation = reserve(caller, passage, listing, invocation, request)) {
            exchange.onLeave(invocation::close);
            Call call = new Call(exchange, passage, shape, request, listing, invocation, reservation, claim, body, started,
                    watch);
            if (request.stream()) {
                stream(call);
            } else {
                whole(call);
            }
        } catch (RuntimeException | Error e) {
            if (!exchange.isGivenUp()) {
                watch.broke(e);
            }
            throw e;
        }
    }

    private record Asked(GenerationRequest request, Listing listing) {
    }

    private Asked read(byte[] body, Caller caller, TextShape shape) {
        Fields fields = Fields.parse(json.mapper(), body);
        GenerationRequest request = shape == TextShape.CHAT ? GenerationRequest.chat(fields)
                : GenerationRequest.completion(fields);
        Listing listing = catalog.resolve(request.model(), Optional.of(caller.account()));
        metering.permit(caller, listing);
        requireText(listing, shape);
        return new Asked(request, listing);
    }

    private Reservation reserve(Caller caller, Passage passage, Listing listing, Invocation invocation,
            GenerationRequest request) {
        int mostTokens = invocation.maxOutputTokens();
        // How much is written without max_tokens nobody knows before; it is counted when it is.
        long outputTokens = request.maxTokens() == null ? 0 : Math.min(request.maxTokens(), mostTokens);
        passage.tokens(invocation.inputTokens() + outputTokens);
        return metering.reserveGeneration(caller, listing, invocation.inputTokens(), request.maxTokens(), mostTokens);
    }

    private record Call(Exchange exchange, Passage passage, TextShape shape, GenerationRequest request, Listing listing,
            Invocation invocation,
            Reservation reservation, Claim.@Nullable Fresh claim, byte[] body, Instant started,
            CallStatistics.Watch watch) {

        long created() {
            return started.getEpochSecond();
        }

        Charged charge(Usage usage, byte[] response, boolean abandoned, String contentType, byte[] answer) {
            Consumed consumed = new Consumed(units(usage), body, response, request.stream(), abandoned, started);
            Charged charged = reservation.charge(consumed, claim == null ? null : claim.replay(contentType, answer));
            passage.took((long) usage.inputTokens() + usage.outputTokens());
            passage.streamed();
            return charged;
        }

        Usage generate(Consumer<String> onText) {
            return invocation.generate(request.generation(reservation.maxOutputTokens()),
                    new ToClient(exchange, watch, onText));
        }
    }

    /** The text on its way to the client. */
    private record ToClient(Exchange exchange, CallStatistics.Watch watch, Consumer<String> onText) implements Pieces {

        @Override
        public void accept(String text) {
            watch.token();
            onText.accept(text);
        }

        @Override
        public Context loop() {
            return exchange.loop();
        }

        @Override
        public boolean full() {
            return exchange.full();
        }

        @Override
        public void onRoom(Runnable action) {
            exchange.onRoom(action);
        }
    }

    private static void requireText(Listing listing, TextShape shape) {
        if (listing.task() != Task.COMPLETION && listing.task() != Task.CHAT) {
            throw WrongTask.of(listing);
        }
        if (shape == TextShape.CHAT && listing.loadable().template() == PromptTemplate.NONE) {
            throw WrongTask.noChatTemplate(listing);
        }
    }

    private void whole(Call call) {
        StringBuilder text = new StringBuilder();
        Usage usage = call.generate(text::append);
        if (usage.finishReason() == FinishReason.CANCELLED) {
            call.exchange.requireNotCut();
        }
        if (usage.finishReason() == FinishReason.CANCELLED || call.exchange.hasLeft()) {
            // Nothing was delivered, so nothing is charged.
            return;
        }
        byte[] answer = admission.answer(call.exchange.who(),
                () -> call.shape.answer(call.reservation.receipt(), call.created(), call.request.model(), text.toString(),
                        usage.finishReason(), units(usage)).getBytes(StandardCharsets.UTF_8));
        Charged charged = call.charge(usage, answer, false, Exchange.JSON, answer);
        call.exchange.send(200, Exchange.JSON, answer, charged);
        call.watch.answered();
    }

    private void stream(Call call) {
        call.exchange.receiptHeader(call.reservation.receipt().toString());
        TextShape.Chunks chunks = call.shape.chunks(call.reservation.receipt(), call.created(), call.request.model());
        Delivered delivered = new Delivered(call.claim != null);
        Usage usage;
        try {
            usage = call.generate(text -> {
                byte[] event = chunks.event(text, delivered.isEmpty());
                int tokensBefore = call.invocation.usage().outputTokens();
                call.exchange.write(event);
                delivered.add(text, event, tokensBefore, call.exchange.sent());
            });
        } catch (Exchange.ClientLeft e) {
            usage = call.invocation.usage();
        } catch (Problem e) {
            LOG.warnf("call %s broke and is free; %d output tokens of it were delivered: %s", call.reservation.receipt(),
                    call.invocation.usage().outputTokens(), e.code());
            throw e;
        }
        boolean abandoned = usage.finishReason() == FinishReason.CANCELLED || call.exchange.hasLeft();
        if (abandoned) {
            // What was on its way when the client left has not been delivered.
            usage = delivered.cutTo(call.exchange.sentOfAll(), usage);
        }
        byte[] last = Exchange.event(call.shape.lastChunk(call.reservation.receipt(), call.created(), call.request.model(),
                usage.finishReason()));
        // The charge is settled to the nano before it is durable: it depends on the units and the frozen offer alone.
        Charged coming = new Charged(call.reservation.receipt(), call.reservation.price(units(usage)));
        byte[] end = end(call, usage, coming);
        if (abandoned) {
            call.exchange.requireNotCut();
            if (usage.outputTokens() > 0) {
                call.charge(usage, delivered.text(), true, Exchange.EVENTS, delivered.followedBy(last, end));
            }
            return;
        }
        // Kept back until the charge is durable: a client that sees the finish has a call that will not be taken back.
        call.charge(usage, delivered.text(), false, Exchange.EVENTS, delivered.followedBy(last, end));
        call.exchange.end(together(last, end));
        call.watch.answered();
    }

    private byte[] end(Call call, Usage usage, Charged charged) {
        String done = "data: [DONE]\n\n";
        if (call.request.includeUsage()) {
            return ("data: " + call.shape.usageChunk(call.reservation.receipt(), call.created(), call.request.model(),
                    units(usage), charged) + "\n\n" + done).getBytes(StandardCharsets.UTF_8);
        }
        return (": farthing " + TextShape.farthing(charged) + "\n\n" + done).getBytes(StandardCharsets.UTF_8);
    }

    private static Units units(Usage usage) {
        return new Units(usage.inputTokens(), usage.outputTokens(), usage.items());
    }

    private static byte[] together(byte[] one, byte[] other) {
        byte[] both = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, both, one.length, other.length);
        return both;
    }

    /** What has left for the client: its text, which the receipt hashes, and its events, if they are kept for a replay. */
    private static final class Delivered {

        /** A piece on its way, and how much there was before it. */
        private record Piece(int number, int tokensBefore, int textBefore, int eventsBefore) {
        }

        private final StringBuilder text = new StringBuilder();
        private final @Nullable ByteArrayOutputStream events;
        private final Deque<Piece> onTheirWay = new ArrayDeque<>();
        private int pieces;
        private int kept;

        Delivered(boolean replayed) {
            events = replayed ? new ByteArrayOutputStream() : null;
        }

        boolean isEmpty() {
            return text.isEmpty();
        }

        /** @param sent how many pieces are no longer on their way */
        void add(String piece, byte[] event, int tokensBefore, int sent) {
            onTheirWay.add(new Piece(pieces++, tokensBefore, text.length(), kept));
            while (!onTheirWay.isEmpty() && onTheirWay.getFirst().number < sent) {
                onTheirWay.removeFirst();
            }
            text.append(piece);
            if (events != null) {
                events.writeBytes(event);
                kept += event.length;
            }
        }

        /** Forgets all but the first pieces. @return what of the usage those were */
        Usage cutTo(int sent, Usage usage) {
            Optional<Piece> cut = onTheirWay.stream().filter(piece -> piece.number >= sent).findFirst();
            cut.ifPresent(piece -> {
                text.setLength(piece.textBefore);
                kept = piece.eventsBefore;
            });
            return cut.map(piece -> new Usage(usage.inputTokens(), Math.min(usage.outputTokens(), piece.tokensBefore),
                    usage.items(), usage.finishReason())).orElse(usage);
        }

        byte[] text() {
            return text.toString().getBytes(StandardCharsets.UTF_8);
        }

        /** Empty unless the events are kept. */
        byte[] followedBy(byte[] last, byte[] end) {
            return events == null ? new byte[0]
                    : together(together(Arrays.copyOf(events.toByteArray(), kept), last), end);
        }
    }
}
