package farthing.webhook;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.UUID;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.identity.AccountId;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.jackson.JsonFormat;

/**
 * Writes down what happened, once for each fact, in the very bytes that are sent, together with its deliveries: whoever sees a
 * fact records it in the transaction in which it becomes a seen one.
 */
final class Outbox {

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * @param fact names it among those of the account, for ever
     * @param subject what it is about, such as {@code line/7}
     * @param at when it happened
     * @param data goes out as it is
     */
    record Happened(EventType type, String fact, String subject, Instant at, Map<String, Object> data) {
    }

    private final URI source;
    private final Clock clock;

    /** @param source this server's public address */
    Outbox(URI source, Clock clock) {
        this.source = source;
        this.clock = clock;
    }

    /** Nothing is written where no webhook wants it, nor a second time for the same fact. */
    void record(Connection connection, AccountId account, Happened happened) throws SQLException {
        List<Long> hooks = Database.list(connection, row -> row.getLong(1),
                "select id from webhook where account = ? and state = 'ON' and ? = any (events)", account.value(),
                happened.type.wireName);
        if (!hooks.isEmpty()) {
            record(connection, account, happened, hooks);
        }
    }

    /** To these webhooks of the account, whatever they want to hear. */
    void record(Connection connection, AccountId account, Happened happened, List<Long> hooks) throws SQLException {
        String id = "evt_" + UUID.randomUUID().toString().replace("-", "");
        int fresh = Database.update(connection, """
                insert into webhook_event (id, account, type, fact, at, body) values (?, ?, ?, ?, ?, ?)
                on conflict (account, fact) do nothing""", id, account.value(), happened.type.wireName, happened.fact,
                happened.at, body(id, happened));
        if (fresh == 1) {
            Instant now = clock.instant();
            for (long hook : hooks) {
                Database.update(connection, """
                        insert into webhook_delivery (webhook, event, state, next_at, created_at)
                        values (?, ?, 'PENDING', ?, ?)""", hook, id, now, now);
            }
        }
    }

    private String body(String id, Happened happened) {
        try {
            CloudEvent event = CloudEventBuilder.v1().withId(id).withSource(source).withType(happened.type.wireName)
                    .withSubject(happened.subject).withTime(happened.at.atOffset(ZoneOffset.UTC))
                    .withData("application/json", JSON.writeValueAsBytes(happened.data)).build();
            return new String(new JsonFormat().serialize(event), StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
