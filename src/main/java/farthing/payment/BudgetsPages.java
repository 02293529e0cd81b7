package farthing.payment;

import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

import javax.sql.DataSource;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import farthing.chain.Address;
import farthing.chain.ChainLog;
import farthing.chain.ChainPosition;
import farthing.chain.ChainStatus;
import farthing.chain.Deployment;
import farthing.chain.Logged;
import farthing.chain.Transactions;
import farthing.chain.VaultEvent;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.identity.Demo;
import farthing.identity.LabelRefused;
import farthing.identity.Lines;
import farthing.identity.SignedIn;
import farthing.ledger.LineId;
import farthing.metering.FreezeReason;
import farthing.metering.Metering;
import farthing.money.Amount;
import farthing.web.Formats;
import farthing.web.Shortened;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.RawString;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** Lines and their money. What the page shows of the chain is what was mirrored; transactions are sent by the browser. */
@Path("/budgets")
@Blocking
class BudgetsPages {

    private static final long NANOS_PER_MICRO = 1_000;

    @CheckedTemplate(basePath = "payment")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance budgets(BudgetsPage page);
    }

    /**
     * @param live ids of the parts that the page asks for again and again
     * @param severalWallets whether it takes telling which wallet's a line is
     */
    record BudgetsPage(List<LineCard> lines, String live, @Nullable Away away, String minimum, boolean severalWallets,
            boolean noWallet, RawString factsJson) {
    }

    record Away(Instant since, String fault) {
    }

    /**
     * @param owner the wallet whose money it is
     * @param named whether its owner gave it a name
     * @param can changes when what can be done with it does
     * @param opened whether its opening is final, so that keys can be made
     * @param exitAt from when on the rest can leave; null unless an exit was requested
     * @param exitOpen whether that time has come by the chain's clock
     * @param paidOut null unless it was left
     */
    record LineCard(String number, String owner, String ownerShort, String label, boolean named, String can,
            @Nullable String labelError, String state,
            String stateKind,
            @Nullable String frozen, boolean opened, LineMoney.Detail money, Amount ceiling, List<BudgetBar> bar,
            @Nullable Instant exitAt, boolean exitOpen, @Nullable Amount paidOut, Amount rest, List<Flight> flights,
            List<Past> history) {
    }

    /** @param progress e.g. {@code 3 of 6 blocks} */
    record Flight(String what, @Nullable Amount amount, String progress, int part, @Nullable String hash,
            @Nullable String hashShort) {
    }

    record Past(Instant at, String what, @Nullable Amount amount, String hash, String hashShort) {
    }

    private final SignedIn signedIn;
    private final Accounts accounts;
    private final Lines lines;
    private final Demo demo;
    private final LineMoney money;
    private final Metering metering;
    private final Vouchers vouchers;
    private final ChainLog chain;
    private final ChainStatus status;
    private final Deployment deployment;
    private final PaymentConfig config;
    private final DataSource source;
    private final ObjectMapper json;

    BudgetsPages(SignedIn signedIn, Accounts accounts, Lines lines, Demo demo, LineMoney money, Metering metering,
            Vouchers vouchers, ChainLog chain, ChainStatus status, Deployment deployment, PaymentConfig config,
            DataSource source, ObjectMapper json) {
        this.signedIn = signedIn;
        this.accounts = accounts;
        this.lines = lines;
        this.demo = demo;
        this.money = money;
        this.metering = metering;
        this.vouchers = vouchers;
        this.chain = chain;
        this.status = status;
        this.deployment = deployment;
        this.config = config;
        this.source = source;
        this.json = json;
    }

    @GET
    @Produces(MediaType.TEXT_HTML)
    public TemplateInstance show() throws SQLException {
        return page(signedIn.account(), null, null);
    }

    @POST
    @Path("/{line}/label")
    @Produces(MediaType.TEXT_HTML)
    public Response rename(@PathParam("line") long line, @FormParam("label") @DefaultValue("") String label)
            throws SQLException {
        AccountId account = signedIn.account();
        LineId id = new LineId((int) line);
        try {
            lines.rename(account, id, label.strip());
        } catch (LabelRefused refused) {
            if (refused.status() == 404) {
                throw refused;
            }
            return Response.status(refused.status()).entity(page(account, id, refused.detail())).build();
        }
        return Response.seeOther(URI.create("/budgets#line-" + id)).build();
    }

    /** Posted by the page's script once the wallet has signed. */
    @POST
    @Path("/{line}/vouchers")
    @Produces(MediaType.APPLICATION_JSON)
    public Response voucher(@PathParam("line") String path, @FormParam("line") @DefaultValue("") String line,
            @FormParam("ceiling") @DefaultValue("") String ceiling, @FormParam("deadline") @DefaultValue("") String deadline,
            @FormParam("chain_id") @DefaultValue("") String chainId, @FormParam("vault") @DefaultValue("") String vault,
            @FormParam("signature") @DefaultValue("") String signature) throws SQLException {
        AccountId account = signedIn.account();
        LineId asked = number(path);
        if (openedBy(accounts.walletsOf(account)).stream().noneMatch(opened -> opened.line().equals(asked))) {
            throw VoucherRefused.noSuchLine(asked);
        }
        Vouchers.Signed signed = Vouchers.read(line, ceiling, deadline, chainId, vault, signature);
        vouchers.take(asked, signed);
        return Response.accepted(Map.of("line", asked.toString(), "ceiling", ceiling)).build();
    }

    private static LineId number(String text) {
        try {
            return new LineId(Integer.parseUnsignedInt(text));
        } catch (NumberFormatException e) {
            throw VoucherRefused.unreadable();
        }
    }

    private TemplateInstance page(AccountId account, @Nullable LineId renamed, @Nullable String labelError)
            throws SQLException {
        List<Address> wallets = accounts.walletsOf(account);
        Map<LineId, String> labels = lines.labelsOf(account);
        Map<LineId, Address> own = new LinkedHashMap<>();
        for (LineId line : labels.keySet()) {
            own.put(line, lines.walletOf(line).orElseThrow());
        }
        Map<LineId, Address> foreign = new LinkedHashMap<>();
        for (Opened opened : openedBy(wallets)) {
            if (!labels.containsKey(opened.line())) {
                Optional<Address> adoptedFor = lines.walletOf(opened.line());
                if (adoptedFor.isEmpty()) {
                    own.put(opened.line(), opened.by());
                } else if (!adoptedFor.get().equals(opened.by())) {
                    foreign.put(opened.line(), opened.by());
                }
            }
        }
        List<LineCard> cards = new ArrayList<>();
        try (Connection connection = source.getConnection()) {
            Optional<ChainPosition> position = chain.position(connection);
            for (Map.Entry<LineId, Address> each : own.entrySet()) {
                LineId line = each.getKey();
                cards.add(card(connection, line, each.getValue(), labels.getOrDefault(line, "line " + line),
                        line.equals(renamed) ? labelError : null, position, null));
            }
            for (Map.Entry<LineId, Address> each : foreign.entrySet()) {
                LineId line = each.getKey();
                cards.add(card(connection, line, each.getValue(), "line " + line, null, position,
                        FreezeReason.OWNER_CHANGED.sentence("Line " + line)));
            }
        }
        String live = cards.stream().map(card -> "#line-" + card.number() + "-live").collect(Collectors.joining(","));
        Away away = status.away().map(a -> new Away(a.since(), a.fault())).orElse(null);
        return Templates.budgets(new BudgetsPage(cards, live, away,
                Formats.dollars(Amount.ofNanos(config.minimumDeposit() * NANOS_PER_MICRO)),
                wallets.size() > 1, wallets.isEmpty(), new RawString(facts(account, wallets))));
    }

    private record Opened(LineId line, Address by) {
    }

    private List<Opened> openedBy(List<Address> wallets) throws SQLException {
        List<Opened> all = new ArrayList<>();
        try (Connection connection = source.getConnection()) {
            for (Address wallet : wallets) {
                chain.openedBy(connection, wallet)
                        .forEach(opened -> all.add(new Opened(new LineId(opened.event().line()), wallet)));
            }
        }
        return all;
    }

    private LineCard card(Connection connection, LineId line, Address owner, String label, @Nullable String labelError,
            Optional<ChainPosition> position, @Nullable String foreign) throws SQLException {
        List<Logged<?>> events = chain.ofLine(connection, line.value());
        LineFacts facts = LineFacts.of(events);
        LineMoney.Detail detail = money.detail(connection, line);
        Instant now = position.map(at -> at.head().at()).orElse(Instant.EPOCH);
        boolean exitOpen = facts.exited() == null && facts.exitAt() != null && !now.isBefore(facts.exitAt());
        String frozen = foreign != null ? foreign
                : metering.frozen(connection, line).map(reason -> reason.sentence("This line")).orElse(null);
        String state = facts.exited() != null ? "left"
                : facts.leaving() ? "leaving" : frozen != null ? "frozen" : facts.owner() == null ? "opening" : "open";
        String kind = switch (state) {
            case "open" -> "good";
            case "frozen", "left" -> "bad";
            default -> "waiting";
        };
        boolean opened = facts.owner() != null && foreign == null;
        Amount rest = detail.locked().plus(detail.leased()).plus(detail.left());
        return new LineCard(line.toString(), owner.text(), Shortened.of(owner.text()), label, !label.equals("line " + line),
                state + (opened ? "" : "?")
                        + (exitOpen ? "!" : ""),
                labelError, state, kind, facts.leaving() ? null : frozen,
                opened, detail, facts.ceiling(), BudgetBar.of(detail), facts.exitAt(),
                exitOpen, facts.exited(), rest, flights(connection, line, events, facts, position),
                events.stream().filter(Logged::finalized).flatMap(logged -> past(logged).stream()).toList().reversed());
    }

    private List<Flight> flights(Connection connection, LineId line, List<Logged<?>> events, LineFacts facts,
            Optional<ChainPosition> position) throws SQLException {
        List<Flight> flights = new ArrayList<>();
        for (Logged<?> logged : events) {
            if (!logged.finalized() && position.isPresent()) {
                String what = what(logged.event());
                if (what != null) {
                    flights.add(flight(logged, what, position.get()));
                }
            }
        }
        for (Vouchers.Waiting voucher : vouchers.onTheirWay(connection, line, highest(events, facts))) {
            Transactions.Sent sent = voucher.sent();
            String progress = sent == null || sent.transaction() == null ? "signed, waiting to be sent" : "sent to the vault";
            if (sent != null && sent.fault() != null) {
                progress = "cannot be sent yet: " + sent.fault();
            }
            String hash = sent == null ? null : sent.transaction();
            flights.add(new Flight("Voucher for a ceiling of", voucher.ceiling(), progress, 0, hash,
                    hash == null ? null : Shortened.of(hash)));
        }
        return flights;
    }

    private static Flight flight(Logged<?> logged, String what, ChainPosition position) {
        long deep = Math.max(0, position.head().number() - logged.block().number());
        long needed = Math.max(deep + 1, position.head().number() - position.finalized());
        return new Flight(what, amount(logged.event()), deep + " of " + needed + " blocks", (int) (deep * 1000 / needed),
                logged.transaction(), Shortened.of(logged.transaction()));
    }

    private static Amount highest(List<Logged<?>> events, LineFacts facts) {
        Amount ceiling = facts.ceiling();
        for (Logged<?> logged : events) {
            if (logged.event() instanceof VaultEvent.CeilingRaised raised) {
                ceiling = ceiling.max(raised.ceiling());
            }
        }
        return ceiling;
    }

    private static Optional<Past> past(Logged<?> logged) {
        return Optional.ofNullable(what(logged.event())).map(what -> new Past(logged.block().at(), what,
                amount(logged.event()), logged.transaction(), Shortened.of(logged.transaction())));
    }

    private static @Nullable String what(VaultEvent event) {
        return switch (event) {
            case VaultEvent.LineOpened e -> "Opened";
            case VaultEvent.SessionKeyReplaced e -> "Session key replaced";
            case VaultEvent.Deposited e -> "Deposit of";
            case VaultEvent.CeilingRaised e -> "Ceiling raised to";
            case VaultEvent.ExitRequested e -> "Exit requested";
            case VaultEvent.Exited e -> "Paid out";
            default -> null;
        };
    }

    private static @Nullable Amount amount(VaultEvent event) {
        return switch (event) {
            case VaultEvent.Deposited e -> e.amount();
            case VaultEvent.CeilingRaised e -> e.ceiling();
            case VaultEvent.Exited e -> e.amount();
            default -> null;
        };
    }

    /** Read by the page's script, which signs for a demo person as a wallet would. */
    private String facts(AccountId account, List<Address> wallets) {
        ObjectNode facts = json.createObjectNode();
        facts.put("chainId", deployment.chainId());
        facts.put("vault", deployment.vault().text());
        facts.put("token", deployment.token().text());
        URI rpc = deployment.publicRpc();
        facts.put("rpc", rpc == null ? null : rpc.toString());
        ArrayNode all = facts.putArray("wallets");
        wallets.forEach(wallet -> all.add(wallet.text()));
        facts.put("minimumMicros", Long.toString(config.minimumDeposit()));
        demo.keyOf(account).ifPresent(key -> facts.put("demoKey", key.secretHex()));
        try {
            return json.writeValueAsString(facts).replace("<", "\\u003c");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
