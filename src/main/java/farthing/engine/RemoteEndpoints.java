package farthing.engine;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

import farthing.web.Outside;
import farthing.web.Problem;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;

/**
 * Asks remote endpoints, and them alone: no address of this server's own networks, whatever a host name leads to, no redirect.
 * Its methods block; call them from virtual threads.
 */
public final class RemoteEndpoints implements AutoCloseable {

    private static final Duration CONNECT_TIME = Duration.ofSeconds(5);
    /** Servers in wide use close an unused connection after 5 s; a call that meets that would fail. */
    private static final int KEPT_SECONDS = 4;
    private static final int MOST_CONNECTIONS = 1 << 16;
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final int TRIAL_CONTEXT = 4096;
    private static final int TRIAL_TOKENS = 8;
    private static final Duration LONGEST_RETRY = Duration.ofMinutes(5);

    /** What an endpoint wants to hear. */
    interface Secrets {
        Optional<String> of(String version);
    }

    /**
     * What a trial call found.
     *
     * @param dimensions length of its vectors; 0 unless it embeds
     */
    public record Trial(Usage usage, int dimensions) {
    }

    private final Vertx vertx;
    private final List<HttpClient> clients = new CopyOnWriteArrayList<>();
    /** One for each event loop, so that the answer comes on the loop that asked and passes no thread's border. */
    private final ThreadLocal<HttpClient> client = ThreadLocal.withInitial(this::newClient);
    private final RemoteConfig config;
    private final EngineSettings settings;
    private final Secrets secrets;
    private final Outside outside;
    private final Map<String, Places> places = new ConcurrentHashMap<>();
    private final ScheduledExecutorService timer = Executors
            .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("remote-timer").factory());
    private final Map<Asked, Ways> ways = new ConcurrentHashMap<>();
    /** A timer for each call would cost more than looking at all of them. */
    private final Set<RemoteExchange> watched = ConcurrentHashMap.newKeySet();

    RemoteEndpoints(Vertx vertx, RemoteConfig config, EngineSettings settings, Secrets secrets, Outside.Resolver resolver) {
        this.vertx = vertx;
        this.config = config;
        this.settings = settings;
        this.secrets = secrets;
        this.outside = new Outside(resolver, config.allowPrivate());
        var _ = timer.scheduleWithFixedDelay(this::look, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * @param url base address in OpenAI's protocol, such as {@code https://models.example.org/v1}
     * @param model what the model is called there
     * @throws WrongEndpoint saying what is wrong with either
     */
    public RemoteEndpoint endpoint(String url, String model) {
        return RemoteEndpoint.of(url, model, config.allowPrivate());
    }

    /**
     * Makes one small call, as callers would, with the secret to be kept.
     *
     * @param secret empty for an endpoint that asks for none
     * @throws WrongEndpoint if it does not answer as a model for this task does, or not with what it used
     */
    public Trial tryOut(RemoteEndpoint endpoint, Optional<String> secret, Task task) {
        Input input = switch (task) {
            case CHAT -> new Input.Chat(List.of(new Input.Message("user", "Say one word.")));
            case COMPLETION -> new Input.Prompt("Once upon a time");
            case EMBEDDING -> new Input.Texts(List.of("A wren sits on the smallest coin."));
            default -> throw new WrongEndpoint("endpoint",
                    "A remote endpoint can be listed for chat, completion or embedding, not for " + task.wireName() + ".");
        };
        secret.ifPresent(RemoteSecrets::check);
        Places.Stay own = Places.ofModel(1, settings).stay(OnBehalf.itself());
        own.enter();
        own.take();
        try (var call = new RemoteInvocation(this, "a trial", TRIAL_CONTEXT, false, endpoint, secret.orElse(null), own,
                input)) {
            try {
                if (task == Task.EMBEDDING) {
                    Embeddings embeddings = call.embed();
                    return new Trial(embeddings.usage(), embeddings.vectors().getFirst().length);
                }
                return new Trial(call.generate(Generation.greedy(TRIAL_TOKENS), _ -> {
                }), 0);
            } catch (Problem e) {
                RemoteFault fault = call.fault();
                throw new WrongEndpoint("endpoint",
                        "A trial call failed: the endpoint " + (fault == null ? "took too long" : fault.what()) + ".");
            }
        }
    }

    /** @throws UnsupportedInput if the model has another task; and as {@link Places} does */
    Invocation prepare(Loadable version, Input input, RemoteEndpoint endpoint, OnBehalf who) {
        if (input instanceof Input.Texts == (version.task() != Task.EMBEDDING)) {
            throw new UnsupportedInput(version.task() == Task.EMBEDDING ? "This model embeds texts; it does not continue them."
                    : "This model continues text; it does not embed or classify.");
        }
        String secret = secrets.of(version.id()).orElse(null);
        Places.Stay own = places.computeIfAbsent(version.id(), _ -> Places.ofModel(config.places(), settings)).stay(who);
        own.enter();
        try {
            own.take();
        } catch (RuntimeException e) {
            own.leave();
            throw e;
        }
        return new RemoteInvocation(this, version.id(), version.contextLength(), version.normalise(), endpoint, secret, own,
                input);
    }

    private record Asked(RemoteEndpoint endpoint, String path) {
    }

    /** @param addresses where they lead, in this order */
    private record Ways(InetAddress[] addresses, @Nullable String secret, List<RequestOptions> requests) {
    }

    /** The ways to the endpoint, each to an address that may be asked. */
    List<RequestOptions> ways(RemoteEndpoint endpoint, @Nullable String secret, String path) throws RemoteFault {
        InetAddress[] addresses = addresses(endpoint);
        Asked asked = new Asked(endpoint, path);
        Ways last = ways.get(asked);
        if (last != null && Arrays.equals(last.addresses, addresses) && Objects.equals(last.secret, secret)) {
            return last.requests;
        }
        List<RequestOptions> requests = new ArrayList<>(addresses.length);
        for (InetAddress address : addresses) {
            RequestOptions options = Outside.request(endpoint.url(), address).setMethod(HttpMethod.POST)
                    .setURI(endpoint.url().getRawPath() + path).putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                    .putHeader(HttpHeaders.ACCEPT_ENCODING, "identity");
            if (secret != null) {
                options.putHeader(HttpHeaders.AUTHORIZATION, "Bearer " + secret);
            }
            requests.add(options);
        }
        ways.put(asked, new Ways(addresses, secret, requests));
        return requests;
    }

    /** Where a connection really leads. */
    void check(SocketAddress reached) throws UnknownHostException, Outside.NotPublic {
        outside.check(reached);
    }

    private InetAddress[] addresses(RemoteEndpoint endpoint) throws RemoteFault {
        try {
            return outside.addressesOf(endpoint.url());
        } catch (UnknownHostException e) {
            throw away("has a host name that leads nowhere");
        } catch (Outside.NotPublic e) {
            throw away("has " + e.getMessage());
        }
    }

    static RemoteFault away(String what) {
        return RemoteFault.away(what, Duration.ofSeconds(10));
    }

    /** Only seconds are understood; a date is rare there. */
    static Duration retryAfter(@Nullable String header) {
        if (header == null || !header.strip().matches("[0-9]{1,6}")) {
            return Duration.ofSeconds(2);
        }
        Duration told = Duration.ofSeconds(Math.max(1, Long.parseLong(header.strip())));
        return told.compareTo(LONGEST_RETRY) < 0 ? told : LONGEST_RETRY;
    }

    boolean allowPlain() {
        return config.allowPrivate();
    }

    Duration callTime() {
        return settings.callTime();
    }

    /** On an event loop. */
    HttpClient client() {
        return client.get();
    }

    private HttpClient newClient() {
        HttpClient made = vertx.createHttpClient(
                new HttpClientOptions().setConnectTimeout((int) CONNECT_TIME.toMillis())
                        .setSslHandshakeTimeout(CONNECT_TIME.toSeconds()).setKeepAliveTimeout(KEPT_SECONDS),
                // How many calls run at once is limited for each version; this is for an endpoint that serves many.
                new PoolOptions().setHttp1MaxSize(MOST_CONNECTIONS));
        clients.add(made);
        return made;
    }

    Context anyLoop() {
        return vertx.getOrCreateContext();
    }

    /** Until it is forgotten, it is ended when it is silent or lasts for too long. */
    void watch(RemoteExchange exchange) {
        watched.add(exchange);
    }

    void forget(RemoteExchange exchange) {
        watched.remove(exchange);
    }

    private void look() {
        long now = System.nanoTime();
        watched.forEach(exchange -> exchange.look(now, config.silence(), settings.callTime()));
    }

    /** Calls that still run fail. */
    @Override
    public void close() {
        timer.shutdownNow();
        clients.forEach(each -> {
            var _ = each.close();
        });
    }
}
