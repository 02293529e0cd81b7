package farthing.metering;

import java.io.ByteArrayOutputStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;

import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

import de.bytefish.pgbulkinsert.pgsql.PgBinaryWriter;
import de.bytefish.pgbulkinsert.pgsql.handlers.ByteArrayValueHandler;
import de.bytefish.pgbulkinsert.pgsql.handlers.IValueHandler;
import de.bytefish.pgbulkinsert.pgsql.handlers.StringValueHandler;
import de.bytefish.pgbulkinsert.pgsql.handlers.UUIDValueHandler;
import farthing.metering.CommitWriter.Row;
import farthing.receipt.ReceiptBody;

/** Puts the usages of a commit into their table by binary COPY, the way that costs PostgreSQL the least. */
final class UsageRows {

    private static final List<String> COLUMNS = List.of("receipt", "commit_id", "leaf_index", "line", "lease", "seq", "account",
            "api_key", "version", "offer", "input_tokens", "output_tokens", "items", "charge", "finish", "streamed",
            "started_at", "charged_at", "salt", "request_hash", "response_hash", "body_hash", "shares_hash");
    private static final String COPY = "copy usage (" + String.join(", ", COLUMNS) + ") from stdin (format binary)";
    private static final int ROW_BYTES = 400;

    /** From which PostgreSQL counts microseconds. */
    private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");

    private static final IValueHandler<UUID> UUIDS = new UUIDValueHandler();
    private static final IValueHandler<String> TEXTS = new StringValueHandler();
    private static final IValueHandler<byte[]> BYTES = new ByteArrayValueHandler();

    private UsageRows() {
    }

    static void copy(Connection connection, long commit, List<Row> rows, Instant chargedAt) throws SQLException {
        // Whole before it is begun: what cannot be written fails its own commit and leaves the connection as it was.
        byte[] bytes = bytes(commit, rows, chargedAt);
        CopyIn copy = connection.unwrap(PGConnection.class).getCopyAPI().copyIn(COPY);
        long written;
        try {
            copy.writeToCopy(bytes, 0, bytes.length);
            written = copy.endCopy();
        } catch (Throwable e) {
            cancel(copy, e);
            throw e;
        }
        if (written != rows.size()) {
            throw new IllegalStateException(written + " usages were written instead of " + rows.size());
        }
    }

    /** The driver holds its connection locked for a copy that did not end, broken or not: a rollback would wait for ever. */
    private static void cancel(CopyIn copy, Throwable cause) {
        try {
            if (copy.isActive()) {
                copy.cancelCopy();
            }
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    private static byte[] bytes(long commit, List<Row> rows, Instant chargedAt) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(ROW_BYTES * rows.size());
        try (PgBinaryWriter writer = new PgBinaryWriter(bytes)) {
            for (int leaf = 0; leaf < rows.size(); leaf++) {
                write(writer, commit, leaf, rows.get(leaf), micros(chargedAt));
            }
        }
        return bytes.toByteArray();
    }

    private static void write(PgBinaryWriter writer, long commit, int leaf, Row row, long chargedAt) {
        Reservation call = row.pending().reservation();
        Consumed consumed = row.pending().consumed();
        ReceiptBody body = row.body();
        writer.startRow(COLUMNS.size());
        writer.write(UUIDS, call.receipt().value());
        writer.writeLong(commit);
        writer.writeInt(leaf);
        writer.writeInt(row.receipt().line());
        writer.writeLong(row.receipt().lease());
        writer.writeInt(row.receipt().seq());
        writer.writeLong(call.caller().account().value());
        writer.writeLong(call.caller().key().value());
        writer.writeInt(row.receipt().version());
        writer.writeLong(body.offer());
        writer.writeInt(body.inputTokens());
        writer.writeInt(body.outputTokens());
        writer.writeInt(body.items());
        writer.writeLong(row.receipt().charge().nanos());
        writer.write(TEXTS, consumed.abandoned() ? "ABANDONED" : "COMPLETE");
        writer.writeBoolean(consumed.streamed());
        writer.writeLong(micros(consumed.startedAt()));
        writer.writeLong(chargedAt);
        writer.write(BYTES, row.pending().hashes().salts().secret());
        writer.write(BYTES, body.requestHash());
        writer.write(BYTES, body.responseHash());
        writer.write(BYTES, row.receipt().bodyHash());
        writer.write(BYTES, row.receipt().sharesHash());
    }

    private static long micros(Instant time) {
        return ChronoUnit.MICROS.between(EPOCH, time);
    }
}
