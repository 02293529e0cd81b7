package farthing.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.FakeUpstream;
import farthing.identity.AccountId;

/** What is sent to real servers on this machine, and what comes of their answers. */
class CourierTest {

    private final Hooked hooked = new Hooked();
    private final AccountId account = hooked.account();
    private final List<FakeUpstream> servers = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        servers.forEach(FakeUpstream::close);
        hooked.close();
    }

    private FakeUpstream server(FakeUpstream.Script script) {
        FakeUpstream server = new FakeUpstream(script);
        servers.add(server);
        return server;
    }

    private static String url(FakeUpstream server) {
        return "http://localhost:" + server.port() + "/hook?of=farthing";
    }

    @Test
    void anEventArrivesSignedAndItsReceiverCanTell(@TempDir Path folder) throws Exception {
        FakeUpstream server = server((_, to) -> to.json(204, ""));
        Hooks.Fresh hook = hooked.hook(account, url(server));
        hooked.happens(account, "payout:1");
        hooked.deliver(hooked.courier());

        FakeUpstream.Request request = server.requests.getFirst();
        Map<String, String> headers = headers(request);
        assertThat(request.head()).startsWith("POST /hook?of=farthing HTTP/1.1");
        assertThat(headers).containsEntry("content-type", "application/cloudevents+json; charset=UTF-8")
                .containsEntry("user-agent", "Farthing/test").containsEntry("host", "localhost:" + server.port());
        assertThat(headers.get("webhook-timestamp")).isEqualTo(Long.toString(hooked.clock.instant().getEpochSecond()));
        assertThat(headers.get("webhook-signature")).isEqualTo(signature(hook.secret().text(), headers, request.body()));
        JsonNode event = request.json();
        assertThat(event.path("specversion").asText()).isEqualTo("1.0");
        assertThat(event.path("id").asText()).isEqualTo(headers.get("webhook-id")).startsWith("evt_");
        assertThat(event.path("type").asText()).isEqualTo("farthing.payout.paid.v1");
        assertThat(event.path("source").asText()).isEqualTo("https://models.example.org");
        assertThat(event.path("time").asText()).startsWith("2026-11-28T12:00");
        assertThat(event.path("data").path("amount_nanos").asLong()).isEqualTo(5);
        assertThat(hooked.deliveries(hook)).singleElement()
                .satisfies(entry -> assertThat(entry.delivery().state()).isEqualTo(Delivery.State.DELIVERED));

        verifiedAsTheDocsSay(folder, hook.secret().text(), headers, request.body());
    }

    /** By the lines of JavaScript and Python on /docs/webhooks. */
    private static void verifiedAsTheDocsSay(Path folder, String secret, Map<String, String> headers, String body)
            throws Exception {
        String docs = Files.readString(Path.of("frontend-templates/docs/webhooks.md"));
        Map<String, String> recent = new TreeMap<>(headers);
        recent.put("webhook-timestamp", Long.toString(System.currentTimeMillis() / 1000));
        recent.put("webhook-signature", "v1,bm8= " + signature(secret, recent, body));
        ObjectMapper json = new ObjectMapper();
        String given = json.writeValueAsString(secret) + ", " + json.writeValueAsString(recent) + ", ";
        Path script = Files.writeString(folder.resolve("verify.mjs"),
                snippet(docs, "javascript") + "\nconsole.log(verify(" + given + json.writeValueAsString(body) + "), verify("
                        + given + json.writeValueAsString(body + " ") + "))");
        assertThat(run("node", script.toString())).isEqualTo("true false");
        Path program = Files.writeString(folder.resolve("verify.py"),
                snippet(docs, "python") + "\nprint(verify(" + given + json.writeValueAsString(body) + ".encode()), verify("
                        + given + json.writeValueAsString(body + " ") + ".encode()))");
        assertThat(run("python3", program.toString())).isEqualTo("True False");
    }

    private static String snippet(String docs, String language) {
        Matcher found = Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL).matcher(docs);
        assertThat(found.find()).isTrue();
        return found.group(1);
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    }

    @Test
    void whatIsNotTakenIsSentAgainUnderTheSameIdUntilItIs() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        FakeUpstream server = server((_, to) -> to.json(asked.incrementAndGet() == 1 ? 500 : 200, "x".repeat(3_000)));
        Hooks.Fresh hook = hooked.hook(account, url(server));
        Courier courier = hooked.courier();
        hooked.happens(account, "payout:1");
        hooked.deliver(courier);
        hooked.deliver(courier);
        assertThat(server.requests).as("not before its time").hasSize(1);
        DeliveryLog.Entry waiting = hooked.deliveries(hook).getFirst();
        assertThat(waiting.lastStatus()).isEqualTo(500);
        assertThat(waiting.delivery().nextAt()).isAfter(hooked.clock.instant());
        assertThat(hooked.hooks.get(account, hook.hook().id()).health().failures()).isEqualTo(1);

        hooked.clock.advance(Duration.ofSeconds(7));
        hooked.deliver(courier);
        assertThat(server.requests).hasSize(2);
        assertThat(headers(server.requests.get(1))).containsEntry("webhook-id",
                headers(server.requests.getFirst()).get("webhook-id"));
        assertThat(server.requests.get(1).body()).isEqualTo(server.requests.getFirst().body());
        DeliveryLog.Whole whole = hooked.log.get(hook.hook().id(), waiting.id());
        assertThat(whole.entry().delivery()).isEqualTo(new Delivery(Delivery.State.DELIVERED, 2, 2, null));
        assertThat(whole.attempts()).extracting(DeliveryLog.Attempt::status).containsExactly(200, 500);
        assertThat(whole.attempts().getFirst().answer()).isEqualTo("x".repeat(1_024));
        assertThat(hooked.hooks.get(account, hook.hook().id()).health()).isEqualTo(Health.GOOD);

        hooked.hooks.again(account, hook.hook().id(), waiting.id());
        hooked.deliver(courier);
        assertThat(server.requests).hasSize(3);
        assertThat(server.requests.get(2).body()).isEqualTo(server.requests.getFirst().body());
    }

    @Test
    void anEndpointThatTakesNothingForDaysIsSwitchedOffAndOneThatIsGoneAtOnce() throws Exception {
        FakeUpstream broken = server((_, to) -> to.json(500, ""));
        FakeUpstream gone = server((_, to) -> to.json(410, ""));
        Hooks.Fresh failing = hooked.hook(account, url(broken));
        Hooks.Fresh left = hooked.hook(account, url(gone));
        Courier courier = hooked.courier();
        for (int day = 0; day < 6; day++) {
            hooked.happens(account, "payout:" + day);
            for (int i = 0; i < 4; i++) {
                hooked.deliver(courier);
                hooked.clock.advance(Duration.ofHours(6));
            }
        }
        assertThat(gone.requests).hasSize(1);
        assertThat(hooked.hooks.get(account, left.hook().id()).health().state()).isEqualTo(Health.State.GONE);
        assertThat(hooked.hooks.get(account, failing.hook().id()).health().state()).isEqualTo(Health.State.FAILED);
        assertThat(hooked.deliveries(failing).getLast().delivery()).isEqualTo(new Delivery(Delivery.State.FAILED, 3, 3, null));
        int asked = broken.requests.size();
        hooked.happens(account, "payout:meanwhile");
        hooked.deliver(courier);
        assertThat(broken.requests).hasSize(asked);
        assertThatThrownBy(() -> hooked.hooks.test(account, failing.hook().id())).hasMessageContaining("Switch it on first");

        hooked.hooks.switchOn(account, failing.hook().id());
        assertThat(hooked.hooks.get(account, failing.hook().id()).health()).isEqualTo(Health.GOOD);
        hooked.hooks.test(account, failing.hook().id());
        hooked.deliver(courier);
        assertThat(broken.requests.getLast().body()).contains("farthing.test.v1");
    }

    @Test
    void fewAreSentByHandInAMinute() throws Exception {
        FakeUpstream server = server((_, to) -> to.json(200, ""));
        Hooks.Fresh hook = hooked.hook(account, url(server));
        for (int i = 0; i < ByHand.A_MINUTE; i++) {
            hooked.hooks.test(account, hook.hook().id());
        }
        assertThatThrownBy(() -> hooked.hooks.test(account, hook.hook().id())).isInstanceOfSatisfying(ByHand.TooMany.class,
                refused -> {
                    assertThat(refused.status()).isEqualTo(429);
                    assertThat(refused.retryAfter().orElseThrow()).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(61));
                });
        hooked.deliver(hooked.courier());
        assertThat(server.requests).hasSize(ByHand.A_MINUTE);
        long delivery = hooked.deliveries(hook).getFirst().id();
        assertThatThrownBy(() -> hooked.hooks.again(account, hook.hook().id(), delivery)).isInstanceOf(ByHand.TooMany.class);
    }

    @Test
    void aRedirectIsNotFollowed() throws Exception {
        FakeUpstream elsewhere = server((_, to) -> to.json(200, ""));
        FakeUpstream server = server((_, to) -> to.json(307, "", "Location: " + url(elsewhere)));
        Hooks.Fresh hook = hooked.hook(account, url(server));
        hooked.happens(account, "payout:1");
        hooked.deliver(hooked.courier());
        assertThat(server.requests).hasSize(1);
        assertThat(elsewhere.requests).isEmpty();
        assertThat(hooked.deliveries(hook).getFirst().lastFault()).contains("which is not followed");
    }

    @Test
    void nothingInAPrivateNetworkIsAskedWhateverItsName() throws Exception {
        FakeUpstream server = server((_, to) -> to.json(200, ""));
        for (String url : List.of("https://localhost:" + server.port() + "/", "https://127.0.0.1/", "https://[::1]/",
                "https://169.254.169.254/latest/meta-data", "https://10.1.2.3/", "https://[fd00::1]/", "https://0/")) {
            assertThatThrownBy(() -> hooked.hooks(false).create(account, "x", url, List.of("farthing.payout.paid.v1"))).as(url)
                    .isInstanceOf(WebhookRefused.class).hasMessageContaining("private network");
        }
        assertThatThrownBy(() -> hooked.hooks(false).create(account, "x", url(server), List.of("farthing.payout.paid.v1")))
                .hasMessageContaining("must begin with https://");
        // Its name led elsewhere when it was added.
        Hooks.Fresh hook = hooked.hook(account, url(server));
        hooked.happens(account, "payout:1");
        hooked.deliver(hooked.courier(false));
        assertThat(server.requests).isEmpty();
        assertThat(hooked.deliveries(hook).getFirst().lastFault()).contains("a private network");
    }

    @Test
    void twoServersSendEachDeliveryOnce() throws Exception {
        FakeUpstream server = server((_, to) -> to.json(200, ""));
        List<Hooks.Fresh> hooks = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            hooks.add(hooked.hook(account, url(server)));
        }
        try (var servers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Courier> couriers = List.of(hooked.courier(), hooked.courier());
            for (int i = 0; i < 20; i++) {
                hooked.happens(account, "payout:" + i);
                couriers.forEach(courier -> servers.execute(courier::deliver));
            }
            servers.shutdown();
            assertThat(servers.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
            for (Courier courier : couriers) {
                hooked.deliver(courier);
            }
        }
        assertThat(server.requests).hasSize(100);
        assertThat(hooks).allSatisfy(hook -> assertThat(hooked.deliveries(hook)).hasSize(20)
                .allSatisfy(
                        entry -> assertThat(entry.delivery()).isEqualTo(new Delivery(Delivery.State.DELIVERED, 1, 1, null))));
    }

    @Test
    void aSlowEndpointHoldsUpNobodyElse() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        FakeUpstream slow = server((_, to) -> {
            awaitQuietly(end);
            to.reset();
        });
        FakeUpstream quick = server((_, to) -> to.json(200, ""));
        Hooks.Fresh silent = hooked.hook(account, url(slow));
        hooked.hook(account, url(quick));
        for (int i = 0; i < 20; i++) {
            hooked.happens(account, "payout:" + i);
        }
        Courier courier = hooked.courier();
        long began = System.nanoTime();
        courier.deliver();
        while (quick.requests.size() < 20) {
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Hooked.PATIENCE.multipliedBy(2));
            Thread.sleep(5);
        }
        // Twenty, if the quick one had waited each time.
        assertThat(slow.requests.size()).isLessThanOrEqualTo(
                1 + (int) Duration.ofNanos(System.nanoTime() - began).dividedBy(Hooked.PATIENCE));
        hooked.hooks.switchOff(account, silent.hook().id());
        end.countDown();
        courier.awaitIdle();
    }

    @Test
    void anAnswerIsNotWaitedForForLong() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        FakeUpstream slow = server((_, _) -> awaitQuietly(end));
        Hooks.Fresh silent = hooked.hook(account, url(slow));
        hooked.happens(account, "payout:1");
        hooked.deliver(hooked.courier(Duration.ofSeconds(1)));
        end.countDown();
        assertThat(hooked.deliveries(silent)).singleElement().extracting(DeliveryLog.Entry::lastFault).asString()
                .contains("did not answer within 1 s");
    }

    private static void awaitQuietly(CountDownLatch end) {
        try {
            end.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void whatAServerWasSendingWhenItEndedIsSentByAnother() throws Exception {
        FakeUpstream server = server((_, to) -> to.json(200, ""));
        Hooks.Fresh hook = hooked.hook(account, url(server));
        hooked.happens(account, "payout:1");
        Courier courier = hooked.courier();
        hooked.database.with(connection -> Database.update(connection, """
                update webhook_delivery set claim = 1, claimed_until = clock_timestamp() + interval '30 seconds'
                where webhook = ?""", hook.hook().id()));
        hooked.deliver(courier);
        assertThat(server.requests).as("it is another one's").isEmpty();
        assertThat(hooked.log.due(hooked.clock.instant()).count()).isZero();
        hooked.database.with(connection -> Database.update(connection,
                "update webhook_delivery set claimed_until = clock_timestamp() where webhook = ?", hook.hook().id()));
        hooked.deliver(courier);
        assertThat(server.requests).hasSize(1);
    }

    @Test
    void afterARotationBothSecretsSignForADay() throws Exception {
        FakeUpstream server = server((_, to) -> to.json(200, ""));
        Hooks.Fresh first = hooked.hook(account, url(server));
        Hooks.Fresh second = hooked.hooks.rotate(account, first.hook().id());
        Courier courier = hooked.courier();
        hooked.happens(account, "payout:1");
        hooked.deliver(courier);
        FakeUpstream.Request both = server.requests.getFirst();
        assertThat(headers(both).get("webhook-signature"))
                .isEqualTo(signature(second.secret().text(), headers(both), both.body())
                        + " " + signature(first.secret().text(), headers(both), both.body()));
        hooked.clock.advance(Duration.ofHours(25));
        hooked.happens(account, "payout:2");
        hooked.deliver(courier);
        FakeUpstream.Request later = server.requests.get(1);
        assertThat(headers(later).get("webhook-signature"))
                .isEqualTo(signature(second.secret().text(), headers(later), later.body()));
    }

    @Test
    void noSecretLiesOpenInTheDatabase() {
        Hooks.Fresh hook = hooked.hook(account, "http://127.0.0.1:9/");
        byte[] kept = hooked.database.with(connection -> Database.list(connection, row -> row.getBytes(1),
                "select secret from webhook where id = ?", hook.hook().id()).getFirst());
        assertThat(new String(kept, StandardCharsets.ISO_8859_1)).doesNotContain(hook.secret().text().substring(6));
        assertThat(hook).asString().doesNotContain(hook.secret().text());
        assertThatThrownBy(() -> hooked.hooks.open(hook.hook().id() + 1, kept)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void oldDeliveriesAreForgottenAndTheirEventsWithThem() throws Exception {
        Hooks.Fresh hook = hooked.hook(account, "http://127.0.0.1:9/");
        hooked.happens(account, "payout:old");
        hooked.clock.advance(Duration.ofDays(20));
        hooked.happens(account, "payout:new");
        hooked.clock.advance(Duration.ofDays(11));
        hooked.log.forget(hooked.clock.instant(), Duration.ofDays(30));
        assertThat(hooked.deliveries(hook)).hasSize(1);
        assertThat(hooked.events(account)).hasSize(1);
    }

    @Test
    void anOperatorIsToldOfWhatNobodySends() {
        var operated = new WebhookOperated(hooked.database, hooked.log, hooked.clock);
        hooked.hook(account, "http://127.0.0.1:9/");
        hooked.database.with(connection -> Database.update(connection, "update webhook_look set looked_at = ?",
                hooked.clock.instant()));
        hooked.happens(account, "payout:1");
        assertThat(operated.concerns()).isEmpty();
        hooked.clock.advance(Duration.ofMinutes(6));
        assertThat(operated.concerns()).extracting(concern -> concern.id()).containsExactly("webhooks-due",
                "webhooks-batch", "webhooks-budget", "webhooks-payout");
        assertThat(operated.concerns().getFirst().what()).startsWith("1 webhook delivery is due");
        assertThat(operated.facts()).isNotEmpty();
    }

    private static Map<String, String> headers(FakeUpstream.Request request) {
        Map<String, String> headers = new TreeMap<>();
        request.head().lines().skip(1).filter(line -> line.contains(": "))
                .forEach(line -> headers.put(line.substring(0, line.indexOf(": ")).toLowerCase(), line.substring(
                        line.indexOf(": ") + 2)));
        return headers;
    }

    /** As standardwebhooks.com writes it down, without a line of what is tested. */
    private static String signature(String secret, Map<String, String> headers, String body) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.replace("whsec_", "")), "HmacSHA256"));
        String signed = headers.get("webhook-id") + "." + headers.get("webhook-timestamp") + "." + body;
        return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(signed.getBytes(StandardCharsets.UTF_8)));
    }
}
