package farthing.earnings;

import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

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
    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("d MMM uuuu", Locale.ENGLISH);

    record DayRow(String day, String model, String modelHref, long calls, Amount earned, Amount heldForData) {
    }

    record CreditRow(long batch, Amount amount, String state, @Nullable Instant minedAt, @Nullable Instant withdrawableFrom) {
    }

    record WithdrawalRow(Instant at, Amount amount, String to, String toShort, String transaction, String transactionShort,
            long block, String state) {
    }

    record UnderWay(String state, String sentence, boolean failed, boolean running) {
    }

    record EarningsView(Amount withdrawable, boolean canWithdraw, Amount maturing, @Nullable Instant matures, Amount owed,
            Amount earned, Amount withdrawn, Amount heldForData, @Nullable UnderWay underWay, String wallet, String walletShort,
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
    private final Developer developer;
    private final Payouts payouts;
    private final ChainStatus chain;
    private final ObjectMapper json;
    private final Clock clock;

    EarningsPages(Visit visit, Accounts accounts, Developer developer, Payouts payouts, ChainStatus chain, ObjectMapper json,
            Clock clock) {
        this.visit = visit;
        this.accounts = accounts;
        this.developer = developer;
        this.payouts = payouts;
        this.chain = chain;
        this.json = json;
        this.clock = clock;
    }

    @GET
    @Produces(MediaType.TEXT_HTML)
    public TemplateInstance earnings() {
        AccountId account = AccountId.of(visit.signedIn());
        Address wallet = accounts.walletOf(account);
        List<Developer.Day> days = developer.days(account);
        Payouts.Statement statement = payouts.of(wallet);
        Amount earned = Amount.sum(days.stream().map(Developer.Day::earned)::iterator);
        Amount credited = Amount.sum(statement.credits().stream().map(Payouts.Credit::amount)::iterator);
        UnderWay underWay = statement.underWay().map(EarningsPages::underWay).orElse(null);
        return Templates.earnings(new EarningsView(statement.withdrawable(),
                !statement.withdrawable().isZero() && (underWay == null || !underWay.running()), statement.maturing(),
                statement.matures(), earned.minus(credited).max(Amount.ZERO), earned,
                Amount.sum(statement.withdrawals().stream().map(Payouts.Withdrawal::amount)::iterator),
                Amount.sum(days.stream().map(Developer.Day::heldForData)::iterator), underWay, wallet.text(),
                Shortened.of(wallet.text()), chain.away().orElse(null), chart(days), rows(days),
                statement.credits().stream().limit(SHOWN).map(c -> new CreditRow(c.batch(), c.amount(), c.state(), c.minedAt(),
                        c.withdrawableFrom())).toList(),
                statement.withdrawals().stream().limit(SHOWN).map(EarningsPages::row).toList(),
                days.isEmpty() && statement.credits().isEmpty()));
    }

    @POST
    @Path("withdraw")
    public Response withdraw() {
        payouts.withdraw(accounts.walletOf(AccountId.of(visit.signedIn())));
        return Response.seeOther(URI.create("/earnings#withdraw")).build();
    }

    @GET
    @Path("earned.csv")
    @Produces("text/csv")
    public Response earnedCsv() {
        StringBuilder csv = new StringBuilder("day,model,role,calls,charged_nanos,earned_nanos,held_for_data_nanos\n");
        for (Developer.Day day : developer.days(AccountId.of(visit.signedIn()))) {
            csv.append(String.join(",", day.day().toString(), day.version().name(), "developer", Long.toString(day.calls()),
                    Long.toString(day.charged().nanos()), Long.toString(day.earned().nanos()),
                    Long.toString(day.heldForData().nanos()))).append('\n');
        }
        return csv("farthing-earnings.csv", csv);
    }

    @GET
    @Path("payouts.csv")
    @Produces("text/csv")
    public Response payoutsCsv() {
        Payouts.Statement statement = payouts.of(accounts.walletOf(AccountId.of(visit.signedIn())));
        StringBuilder csv = new StringBuilder("kind,at,amount_nanos,batch,state,withdrawable_from,transaction,block,to\n");
        for (Payouts.Credit credit : statement.credits()) {
            csv.append(String.join(",", "credit", text(credit.minedAt()), Long.toString(credit.amount().nanos()),
                    Long.toString(credit.batch()), credit.state(), text(credit.withdrawableFrom()), "", "", "")).append('\n');
        }
        for (Payouts.Withdrawal each : statement.withdrawals()) {
            csv.append(String.join(",", "withdrawal", each.at().toString(), Long.toString(each.amount().nanos()), "",
                    state(each), "", each.transaction(), Long.toString(each.block()), each.to().text())).append('\n');
        }
        return csv("farthing-payouts.csv", csv);
    }

    private static Response csv(String name, StringBuilder csv) {
        return Response.ok(csv.toString()).type("text/csv;charset=UTF-8")
                .header("Content-Disposition", "attachment; filename=\"" + name + "\"").build();
    }

    private static String text(@Nullable Instant at) {
        return at == null ? "" : at.toString();
    }

    private static String state(Payouts.Withdrawal withdrawal) {
        return withdrawal.confirmed() ? "final" : "mined";
    }

    private static UnderWay underWay(Payouts.UnderWay each) {
        return switch (each.state()) {
            case "queued" -> new UnderWay("1 of 3", "Your withdrawal is about to be sent.", false, true);
            case "sent" -> new UnderWay("2 of 3", "Your withdrawal was sent and waits for a block.", false, true);
            case "mined" -> new UnderWay("3 of 3", "Your withdrawal is in a block and becomes final.", false, true);
            case "failed" -> new UnderWay("failed", "The withdrawal did not go through: "
                    + (each.fault() == null ? "the vault refused it" : each.fault())
                    + " Nothing has left the vault; try again.",
                    true, false);
            default -> new UnderWay("done", "Your withdrawal is final.", false, false);
        };
    }

    private static WithdrawalRow row(Payouts.Withdrawal each) {
        return new WithdrawalRow(each.at(), each.amount(), each.to().text(), Shortened.of(each.to().text()), each.transaction(),
                Shortened.of(each.transaction()), each.block(), state(each));
    }

    private static List<DayRow> rows(List<Developer.Day> days) {
        return days.reversed().stream().limit(SHOWN).map(d -> new DayRow(DAY.format(d.day()), d.version().name(),
                d.version().href(), d.calls(), d.earned(), d.heldForData())).toList();
    }

    private record Series(String label, long[] values) {
    }

    private record Chart(long[] x, List<Series> series) {
    }

    private RawString chart(List<Developer.Day> days) {
        LocalDate first = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC).minusDays(CHART_DAYS - 1);
        long[] x = new long[CHART_DAYS];
        for (int i = 0; i < CHART_DAYS; i++) {
            x[i] = first.plusDays(i).atStartOfDay(ZoneOffset.UTC).toEpochSecond();
        }
        Map<String, long[]> series = new TreeMap<>();
        for (Developer.Day day : days) {
            long index = day.day().toEpochDay() - first.toEpochDay();
            if (index >= 0 && index < CHART_DAYS) {
                series.computeIfAbsent(day.version().model().toString(),
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
