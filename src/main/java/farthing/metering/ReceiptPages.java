package farthing.metering;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import org.jspecify.annotations.Nullable;

import farthing.catalog.Catalog;
import farthing.catalog.Offer;
import farthing.catalog.OfferId;
import farthing.catalog.Published;
import farthing.catalog.SplitPart;
import farthing.catalog.VersionId;
import farthing.identity.AccountId;
import farthing.identity.ApiKeys;
import farthing.money.Amount;
import farthing.money.Price;
import farthing.receipt.ReceiptId;
import farthing.receipt.ReceiptProof;
import farthing.web.Formats;
import farthing.web.Shortened;
import farthing.web.Site;
import farthing.web.Viewer;
import farthing.web.Visit;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** A receipt to look at: anyone sees what it proves, the payer sees what it was for. */
@Path("/receipts/{id}")
@Blocking
class ReceiptPages {

    @CheckedTemplate(basePath = "metering")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance receipt(ReceiptView page);
    }

    private final Visit visit;
    private final UsageLog log;
    private final Catalog catalog;
    private final ApiKeys apiKeys;
    private final Proofs proofs;
    private final Site site;
    private final Settled settled;

    ReceiptPages(Visit visit, UsageLog log, Catalog catalog, ApiKeys apiKeys, Proofs proofs,
            Site site, Settled settled) {
        this.visit = visit;
        this.log = log;
        this.catalog = catalog;
        this.apiKeys = apiKeys;
        this.proofs = proofs;
        this.site = site;
        this.settled = settled;
    }

    @GET
    @Produces(MediaType.TEXT_HTML)
    public TemplateInstance receipt(String id) {
        ReceiptId receipt = ReceiptId.parse(id);
        UsageLog.Full call = log.find(receipt).orElseThrow(() -> new ReceiptNotFound(receipt));
        Optional<Viewer> payer = visit.viewer().filter(viewer -> AccountId.of(viewer).equals(call.account()));
        return Templates.receipt(view(call, payer.isPresent(), payer.map(Viewer::wallet).orElse(null)));
    }

    /** @param wallet of the payer; null for everybody else, and without one */
    private ReceiptView view(UsageLog.Full call, boolean opened, @Nullable String wallet) {
        String id = call.body().id().toString();
        Published version = catalog.published(new VersionId(call.receipt().version()));
        Offer offer = catalog.offer(new OfferId(call.body().offer()));
        ReceiptProof proof = proofs.of(call);
        Optional<Settled.InBatch> batch = settled.batchOf(call.receipt().lease(), call.receipt().seq());
        return new ReceiptView(id, Shortened.of(id), "/v1/receipts/" + id, opened ? call.body().chargedAt() : null,
                version.name(),
                version.href(), version.task(), Integer.toUnsignedString(call.receipt().line()),
                HexFormat.of().toHexDigits(call.receipt().lease()), call.receipt().seq(),
                opened ? "offer " + offer.id().value() + ", in force since " + Formats.exact(offer.validFrom()) : null,
                wallet != null ? new ReceiptView.Payer(wallet, Shortened.of(wallet)) : null,
                opened ? apiKeys.namesOf(call.account()).get(call.key()) : null, opened,
                opened ? rows(call, offer.price()) : List.of(), call.receipt().charge(),
                SplitPart.of(version.split(), version.owner(), call.receipt().charge()), checks(call, proof, batch),
                hashes(call, proof, batch, opened), batch.isPresent(),
                "./farthing verify " + site.publicUrl() + "/v1/receipts/" + id + (batch.isPresent() ? settled.node() : ""));
    }

    /** The rows add up to the charge: what the one rounding of the call takes is taken from the last row. */
    private static List<ReceiptView.Row> rows(UsageLog.Full call, Price price) {
        List<ReceiptView.Row> rows = new ArrayList<>();
        add(rows, "tokens in", call.body().inputTokens(), perMillion(price.perMillionInputTokens()),
                price.chargeRoundedDown(call.body().inputTokens(), 0, 0).minus(Amount.ofNanos(price.perCall())));
        add(rows, "tokens out", call.body().outputTokens(), perMillion(price.perMillionOutputTokens()),
                price.chargeRoundedDown(0, call.body().outputTokens(), 0).minus(Amount.ofNanos(price.perCall())));
        if (price.perItem() > 0) {
            add(rows, "items", call.body().items(), Formats.dollars(Amount.ofNanos(price.perItem())) + " each",
                    Amount.ofNanos(Math.multiplyExact(price.perItem(), call.body().items())));
        }
        if (price.perCall() > 0) {
            add(rows, "call", 1, Formats.dollars(Amount.ofNanos(price.perCall())) + " each", Amount.ofNanos(price.perCall()));
        }
        Amount rounding = call.receipt().charge().minus(Amount.sum(rows.stream().map(ReceiptView.Row::amount)::iterator));
        if (!rounding.isZero()) {
            ReceiptView.Row last = rows.removeLast();
            rows.add(new ReceiptView.Row(last.label(), last.units(), last.price(), last.amount().plus(rounding)));
        }
        return rows;
    }

    private static void add(List<ReceiptView.Row> rows, String label, long units, String price, Amount amount) {
        if (units > 0) {
            rows.add(new ReceiptView.Row(label, units, price, amount));
        }
    }

    private static String perMillion(long nanos) {
        return Formats.dollars(Amount.ofNanos(nanos)) + " per million";
    }

    private List<ReceiptView.Check> checks(UsageLog.Full call, ReceiptProof proof, Optional<Settled.InBatch> batch) {
        if (call.reversedAt() != null) {
            return List.of(
                    new ReceiptView.Check("Reversed", "done", "yes", "The call was not answered, so its charge was given back "
                            + Formats.exact(call.reversedAt()) + ".", null, null));
        }
        List<ReceiptView.Check> checks = new ArrayList<>();
        checks.add(
                proof.fault().map(fault -> new ReceiptView.Check("Signed", "failed", "no", fault, null, null))
                        .orElseGet(() -> new ReceiptView.Check("Signed", "done", "yes", "By "
                                + Shortened.of(hex(proof.signer())) + others(proof.size() - 1) + ".", null, null)));
        checks.addAll(batch.map(ReceiptPages::settlement).orElse(NOT_SETTLED));
        return checks;
    }

    private static final List<ReceiptView.Check> NOT_SETTLED = List.of(
            new ReceiptView.Check("In a batch", "waiting", "pending", "It waits for the next batch.", null, null),
            new ReceiptView.Check("On chain", "waiting", "pending", "A receipt goes on chain with its batch.", null, null));

    private static List<ReceiptView.Check> settlement(Settled.InBatch in) {
        ReceiptView.Check batch = new ReceiptView.Check("In a batch", "done", "yes", "Its leaf is under the batch's root.",
                "/batches/" + in.batch(), "Batch " + in.batch());
        if (in.transaction() == null) {
            return List.of(batch, new ReceiptView.Check("On chain", "waiting", "pending",
                    "The batch's transaction is on its way.", null, null));
        }
        String where = "Block " + in.block() + ", transaction " + Shortened.of(in.transaction()) + ".";
        return List.of(batch,
                in.state().equals("final") ? new ReceiptView.Check("On chain", "done", "yes", where, null, null)
                        : new ReceiptView.Check("On chain", "waiting", "not final yet", where, null, null));
    }

    private static String others(int receipts) {
        return switch (receipts) {
            case 0 -> "";
            case 1 -> ", together with 1 other receipt";
            default -> ", together with " + receipts + " other receipts";
        };
    }

    private static List<ReceiptView.Hash> hashes(UsageLog.Full call, ReceiptProof proof, Optional<Settled.InBatch> batch,
            boolean opened) {
        List<ReceiptView.Hash> hashes = new ArrayList<>();
        hashes.add(hash("Leaf", call.receipt().leaf()));
        hashes.add(hash("Body", call.receipt().bodyHash()));
        hashes.add(hash("Shares", call.receipt().sharesHash()));
        hashes.add(hash("Root signed", call.commit().root()));
        hashes.add(hash("Signer", proof.signer()));
        hashes.add(hash("Signature", call.commit().signature()));
        batch.map(Settled.InBatch::transaction).ifPresent(
                transaction -> hashes.add(new ReceiptView.Hash("Transaction", transaction, Shortened.of(transaction), null)));
        if (opened) {
            hashes.add(hash("Request, salted", call.body().requestHash()));
            hashes.add(hash("Answer, salted", call.body().responseHash()));
            hashes.add(hash("Salt of the body", call.salts().body()));
        }
        return hashes;
    }

    private static ReceiptView.Hash hash(String label, byte[] bytes) {
        return new ReceiptView.Hash(label, hex(bytes), Shortened.of(hex(bytes)), null);
    }

    private static String hex(byte[] bytes) {
        return "0x" + HexFormat.of().formatHex(bytes);
    }
}
