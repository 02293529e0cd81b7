package farthing.settlement;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import farthing.blob.Blobs;
import farthing.blob.Digest;
import farthing.chain.Deployment;
import farthing.metering.DurableReceipts;
import farthing.receipt.BatchManifest;
import farthing.receipt.BatchProof;
import farthing.receipt.LineFile;
import farthing.receipt.LineTree;
import farthing.receipt.ReceiptId;
import farthing.web.LastBatch;
import farthing.web.VaultAddress;

/** The batches as anyone may see them, and their files. A batch that never came onto the chain is not among them. */
@Singleton
class Batches implements LastBatch.Source, VaultAddress {

    private static final int PIECE = 500;
    private static final String SHOWN = " where state <> 'RELEASED'";

    private final Database database;
    private final Blobs blobs;
    private final DurableReceipts receipts;
    private final Deployment deployment;

    Batches(DataSource source, Blobs blobs, DurableReceipts receipts, Deployment deployment) {
        this.database = new Database(source);
        this.blobs = blobs;
        this.receipts = receipts;
        this.deployment = deployment;
    }

    @Override
    public Optional<LastBatch> lastBatch() {
        return database.read(connection -> BatchRows.batches(connection,
                " where state in ('MINED', 'FINAL') order by seq desc, id desc limit 1")).stream().findFirst()
                .flatMap(batch -> Optional.ofNullable(batch.minedAt()).map(at -> new LastBatch(batch.seq(), at)));
    }

    @Override
    public String vaultAddress() {
        return deployment.vault().text();
    }

    long count() {
        return database.read(connection -> Database
                .list(connection, row -> row.getLong(1), "select count(*) from batch" + SHOWN).getFirst());
    }

    /** Newest first. */
    List<Batch> page(int size, long offset) {
        return database.read(connection -> BatchRows.batches(connection,
                SHOWN + " order by seq desc, id desc limit ? offset ?", size, offset));
    }

    /** Newest first, those with smaller numbers. */
    List<Batch> before(long seq, int most) {
        return database.read(connection -> BatchRows.batches(connection,
                SHOWN + " and seq < ? order by seq desc, id desc limit ?", seq, most));
    }

    /** All, newest first, read in pieces. */
    void each(Consumer<Batch> action) {
        for (List<Batch> piece = before(Long.MAX_VALUE, PIECE); !piece.isEmpty(); piece = before(piece.getLast().seq(),
                PIECE)) {
            piece.forEach(action);
        }
    }

    /** A number may have been voided and, on another chain, be used again: the one that counts comes first. */
    Batch get(long seq) {
        return database.read(connection -> BatchRows.batches(connection,
                SHOWN + " and seq = ? order by state = 'VOIDED', id desc limit 1", seq)).stream().findFirst()
                .orElseThrow(() -> new NoSuchBatch(seq));
    }

    BatchManifest manifest(Batch batch) {
        return BatchManifest.read(bytes(batch.manifest()));
    }

    byte[] manifestBytes(Batch batch) {
        return bytes(batch.manifest());
    }

    InputStream lineFile(Batch batch, int line) {
        String file = database.read(connection -> Database.list(connection, row -> row.getString(1),
                "select file from batch_line where batch = ? and line = ?", batch.id(), line)).stream().findFirst()
                .orElseThrow(() -> new NoSuchBatch(batch.seq(), line));
        try {
            return blobs.open(new Digest(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @throws NotInABatch when it is in none */
    BatchProof proof(ReceiptId id) {
        DurableReceipts.Place place = database.read(connection -> receipts.find(connection, id));
        Batch batch = database.read(connection -> SettledReceipts.find(connection, place.lease(), place.seq()))
                .orElseThrow(() -> new NotInABatch(id, place.reversed()));
        BatchManifest manifest = manifest(batch);
        BatchManifest.Line line = manifest.lines().stream().filter(its -> its.line() == place.line()).findFirst()
                .orElseThrow();
        LineTree tree = new LineTree(LineFile.read(line.line(), bytes(new Digest(line.sha256()))), line.before());
        return BatchProof.of(manifest, tree, place.lease(), place.seq(), batch.transaction(), batch.block(),
                batch.state().name().toLowerCase()).orElseThrow(() -> new NotInABatch(id, place.reversed()));
    }

    private byte[] bytes(Digest digest) {
        try (InputStream in = blobs.open(digest)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
