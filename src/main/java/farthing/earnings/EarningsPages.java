package farthing.earnings;

import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.chain.Address;
import farthing.chain.ChainStatus;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.money.Amount;
import farthing.web.Csv;
import farthing.web.Shortened;
import farthing.web.Visit;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.RawString;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** What an account has earned, what of it is where, and the button that takes it out. */
@Path("/earnings")
@Blocking
class EarningsPages {

    private static final int CHART_DAYS = 30;
    private static final int SHOWN = 50;
    private static final Payouts.Standing NOTHING = new Payouts.Standing(Amount.ZERO, Amount.ZERO, Amount.ZERO, List.of(),
            Amount.ZERO, null);
    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("d MMM uuuu", Locale.ENGLISH);

    record DayRow(String day, String model, @Nullable String modelHref, String role, long calls, Amount earned) {
    }

    record CreditRow(long batch, String wallet, String walletShort, Amount amount, String state, @Nullable Instant minedAt,
            @Nullable Instant withdrawableFrom) {
    }

    record WithdrawalRow(Instant at, Amount amount, String to, String toShort, String transaction, String transactionShort,
            long block, String state) {
    }

    record UnderWay(String sentence, boolean failed, boolean running) {
    }

    record MaturingRow(Amount amount, Instant from) {
    }

    /** A wallet that is paid, or has money. */
    record Purse(String wallet, String walletShort, boolean paidHere, Amount withdrawable, boolean canWithdraw,
            @Nullable UnderWay underWay) {
    }

    record EarningsView(List<Purse> purses, boolean running, Amount withdrawable, @Nullable String refused, Amount maturing,
            List<MaturingRow> matures, Amount owed, Amount waiting, Amount earned, Amount withdrawn, Amount heldForData,
            ChainStatus.@Nullable Away away, RawString chartJson, List<DayRow> days, List<CreditRow> credits,
            List<WithdrawalRow> withdrawals, boolean nothing) {
    }

    @CheckedTemplate(basePath = "earnings")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance earnings(EarningsView page);
    }

    private final Visit visit;
    private final Accounts accounts;
    private final Earned earned;
    private final Payouts payouts;
    private final ChainStatus chain;
    private final ObjectMapper json;
    private final Clock clock;

    EarningsPages(Visit visit, Accounts accounts, Earned earned, Payouts payouts, ChainStatus chain, ObjectMapper json,
            Clock clock) {
        this.visit = visit;
        this.accounts = accounts;
        this.earned = earned;
        this.payouts = payouts;
        this.chain = chain;
        this.json = json;
        this.clock = clock;
    }

    @GET
    @Produces(MediaType.TEXT_HTML)
    public TemplateInstance earnings() {
        return page(null);
    }

    @POST
    @Path("withdraw")
    @Produces(MediaType.TEXT_HTML)
    public Response withdraw(@FormParam("wallet") @DefaultValue("") String wallet) {
        AccountId account = AccountId.of(visit.signedIn());
        try {
            payouts.withdraw(wallet.isEmpty() ? accounts.walletOf(account) : accounts.ownWallet(account, wallet));
        } catch (NothingToWithdraw nothing) {
            return Response.status(nothing.status()).entity(page(nothing.detail())).build();
        }
        return Response.seeOther(URI.create("/earnings#withdraw")).build();
    }

    @GET
    @Path("earned.csv")
    @Produces("text/csv")
    public Response earnedCsv() {
        StringBuilder csv = new StringBuilder("day,model,role,calls,charged_nanos,earned_nanos,held_for_data_nanos\n");
        for (Earned.Day day : earned.days(AccountId.of(visit.signedIn()))) {
            csv.append(String.join(",", day.day().toString(), Csv.quoted(name(day)), day.role().word(),
                    Long.toString(day.calls()),
                    Long.toString(day.charged().nanos()), Long.toString(day.earned().nanos()),
                    Long.toString(day.heldForData().nanos()))).append('\n');
        }
        return csv("farthing-earnings.csv", csv);
    }

    @GET
    @Path("payouts.csv")
    @Produces("text/csv")
    public Response payoutsCsv() {
        StringBuilder csv = new StringBuilder(
                "kind,at,amount_nanos,batch,state,withdrawable_from,transaction,block,to,payee\n");
        List<Address> wallets = accounts.walletsOf(AccountId.of(visit.signedIn()));
        for (Address wallet : wallets) {
            for (Payouts.Credit credit : payouts.credits(wallet, Integer.MAX_VALUE, 0)) {
                csv.append(String.join(",", "credit", text(credit.minedAt()), Long.toString(credit.amount().nanos()),
                        Long.toString(credit.batch()), state(credit), text(credit.withdrawableFrom()), "", "", "",
                        wallet.text())).append('\n');
            }
        }
        for (Address wallet : wallets) {
            for (Payouts.Withdrawal each : payouts.withdrawals(wallet)) {
                csv.append(String.join(",", "withdrawal", each.at().toString(), Long.toString(each.amount().nanos()), "",
                        state(each), "", each.transaction(), Long.toString(each.block()), each.to().text(), wallet.text()))
                        .append('\n');
            }
        }
        return csv("farthing-payouts.csv", csv);
    }

    private TemplateInstance page(@Nullable String refused) {
        AccountId account = AccountId.of(visit.signedIn());
        List<Address> wallets = accounts.walletsOf(account);
        // First what was credited: what is earned meanwhile is owed and nothing else.
        Map<Address, Payouts.Standing> standings = new LinkedHashMap<>();
        wallets.forEach(wallet -> standings.put(wallet, payouts.standing(wallet)));
        LocalDate firstDay = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC).minusDays(CHART_DAYS - 1);
        Earned.Summary summary = earned.summary(account, firstDay);
        Amount inAll = summary.earned();
        Amount withdrawable = sum(standings, Payouts.Standing::withdrawable);
        Amount maturing = sum(standings, EarningsPages::maturing);
        Amount waiting = sum(standings, Payouts.Standing::waiting);
        Amount withdrawn = sum(standings, Payouts.Standing::withdrawn);
        List<CreditRow> credits = wallets.stream().flatMap(wallet -> payouts.credits(wallet, SHOWN, 0).stream()
                .map(credit -> new CreditRow(credit.batch(), wallet.text(), Shortened.of(wallet.text()), credit.amount(),
                        state(credit), credit.minedAt(), credit.withdrawableFrom())))
                .sorted(Comparator.comparing(CreditRow::batch).reversed()).limit(SHOWN).toList();
        List<Purse> purses = wallets.stream().map(wallet -> purse(wallet, wallet.equals(wallets.getFirst()),
                standings.getOrDefault(wallet, NOTHING))).filter(purse -> purse.paidHere() || !isEmpty(standings, purse))
                .toList();
        return Templates.earnings(new EarningsView(purses,
                purses.stream().anyMatch(purse -> purse.underWay() != null && purse.underWay().running()), withdrawable,
                refused,
                maturing, matures(standings),
                // What calls have earned comes before the batches that book it, so it is the rest of what is earned.
                inAll.minus(waiting.plus(maturing).plus(withdrawable).plus(withdrawn)), waiting, inAll, withdrawn,
                summary.heldForData(), chain.away().orElse(null), chart(summary.recent(), firstDay), rows(summary.recent()),
                credits,
                wallets.stream().flatMap(wallet -> payouts.withdrawals(wallet).stream())
                        .sorted(Comparator.comparing(Payouts.Withdrawal::at).reversed()).limit(SHOWN).map(EarningsPages::row)
                        .toList(),
                inAll.isZero() && summary.recent().isEmpty() && credits.isEmpty()));
    }

    private static Purse purse(Address wallet, boolean paidHere, Payouts.Standing standing) {
        UnderWay underWay = standing.attempt() == null ? null : underWay(standing.attempt());
        return new Purse(wallet.text(), Shortened.of(wallet.text()), paidHere, standing.withdrawable(),
                !standing.withdrawable().isZero() && (underWay == null || !underWay.running()), underWay);
    }

    private static boolean isEmpty(Map<Address, Payouts.Standing> standings, Purse purse) {
        return standings.getOrDefault(new Address(purse.wallet()), NOTHING).equals(NOTHING);
    }

    private static Amount sum(Map<Address, Payouts.Standing> standings, Function<Payouts.Standing, Amount> part) {
        return Amount.sum(standings.values().stream().map(part)::iterator);
    }

    private static Amount maturing(Payouts.Standing standing) {
        return Amount.sum(standing.maturing().stream().map(Payouts.Maturing::amount)::iterator);
    }

    private static List<MaturingRow> matures(Map<Address, Payouts.Standing> standings) {
        SortedMap<Instant, Amount> byTime = new TreeMap<>();
        standings.values().forEach(standing -> standing.maturing()
                .forEach(each -> byTime.merge(each.from(), each.amount(), Amount::plus)));
        return byTime.entrySet().stream().map(each -> new MaturingRow(each.getValue(), each.getKey())).toList();
    }

    private static Response csv(String name, StringBuilder csv) {
        return Response.ok(csv.toString()).type("text/csv;charset=UTF-8")
                .header("Content-Disposition", "attachment; filename=\"" + name + "\"").build();
    }

    private static String text(@Nullable Instant at) {
        return at == null ? "" : at.toString();
    }

    private static String state(Payouts.Credit credit) {
        return switch (credit.state()) {
            case WAITING -> "waiting";
            case MATURING -> "maturing";
            case WITHDRAWABLE -> "matured";
        };
    }

    private static String state(Payouts.Withdrawal withdrawal) {
        return withdrawal.isFinal() ? "final" : "in a block";
    }

    /** Null once it is final: then it stands among the withdrawals. */
    private static @Nullable UnderWay underWay(Payouts.Attempt attempt) {
        return switch (attempt.state()) {
            case QUEUED -> new UnderWay(attempt.fault() == null ? "Step 1 of 3: your withdrawal is about to be sent."
                    : "Your withdrawal has to wait: " + attempt.fault() + ". It is tried again without your help.", false,
                    true);
            case SENT -> new UnderWay("Step 2 of 3: your withdrawal was sent and waits for a block.", false, true);
            case MINED -> new UnderWay("Step 3 of 3: your withdrawal is in a block and becomes final.", false, true);
            case FINAL -> null;
            case FAILED -> new UnderWay("Your withdrawal did not go through"
                    + (attempt.fault() == null ? "" : " (" + attempt.fault() + ")")
                    + ". Nothing has left the vault; try again.",
                    true, false);
        };
    }

    private static WithdrawalRow row(Payouts.Withdrawal each) {
        return new WithdrawalRow(each.at(), each.amount(), each.to().text(), Shortened.of(each.to().text()), each.transaction(),
                Shortened.of(each.transaction()), each.block(), state(each));
    }

    private static List<DayRow> rows(List<Earned.Day> days) {
        return days.reversed().stream().limit(SHOWN).map(d -> new DayRow(DAY.format(d.day()), name(d),
                d.version() == null ? null : d.version().href(), d.role().word(), d.calls(), d.earned())).toList();
    }

    private static String name(Earned.Day day) {
        return day.version() == null ? together(day) : day.version().name();
    }

    private static String together(Earned.Day day) {
        return day.role() == Earned.Role.PLATFORM ? "all models" : "your other models";
    }

    private record Series(String label, long[] values) {
    }

    private record Chart(long[] x, List<Series> series) {
    }

    private RawString chart(List<Earned.Day> days, LocalDate first) {
        long[] x = new long[CHART_DAYS];
        for (int i = 0; i < CHART_DAYS; i++) {
            x[i] = first.plusDays(i).atStartOfDay(ZoneOffset.UTC).toEpochSecond();
        }
        Map<String, long[]> series = new TreeMap<>();
        for (Earned.Day day : days) {
            long index = day.day().toEpochDay() - first.toEpochDay();
            if (index >= 0 && index < CHART_DAYS) {
                series.computeIfAbsent(day.version() == null ? together(day) : day.version().model().toString(),
                        m -> new long[CHART_DAYS])[(int) index] += day.earned().nanos();
            }
        }
        try {
            Chart chart = new Chart(x, series.entrySet().stream().map(s -> new Series(s.getKey(), s.getValue())).toList());
            // Inside a script element only "<" could end it early.
            return new RawString(json.writeValueAsString(chart).replace("<", "\\u003c"));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
