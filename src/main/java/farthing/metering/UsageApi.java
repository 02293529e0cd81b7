package farthing.metering;

import java.time.Clock;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

import farthing.catalog.VersionId;
import farthing.identity.Access;
import farthing.identity.AccountId;
import farthing.identity.ApiKeyId;
import farthing.identity.Scope;
import farthing.metering.UsageDays.By;
import io.smallrye.common.annotation.Blocking;

/** What {@code /usage} shows, for programs. */
@Path("/api/usage")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
@Tag(name = "Usage")
class UsageApi {

    private static final int MOST_DAYS = 366;
    private static final int USUAL_DAYS = 30;
    private static final int MOST_CALLS = 500;

    /** @param days oldest first */
    record Days(LocalDate from, LocalDate to, String by, List<Day> days) {
    }

    /**
     * Calls of a day that stand.
     *
     * @param model {@code owner/name@version}, where it is by model
     * @param reversed calls whose charge was given back; they are in no other sum
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Day(LocalDate day, @Nullable String model, @Nullable Long key, @Nullable String keyName, long calls,
            long chargeNanos, long inputTokens, long outputTokens, long items, long reversed) {
    }

    /** @param next what {@code cursor} is for the next ones; null after the last */
    record Calls(List<CallLine> calls, @Nullable String next) {
    }

    private final Access access;
    private final UsageDays days;
    private final UsageLog log;
    private final UsageNames names;
    private final Clock clock;

    UsageApi(Access access, UsageDays days, UsageLog log, UsageNames names, Clock clock) {
        this.access = access;
        this.days = days;
        this.log = log;
        this.names = names;
        this.clock = clock;
    }

    @GET
    @Operation(summary = "Calls, cost and tokens by day", description = "Days are UTC, at most 366 of them, the last 30 where none are"
            + " named. Exact sums, kept with the calls: today's are never older than the last answer. Calls that were given back are"
            + " only counted. Scope: read.")
    public Days days(
            @Parameter(description = "model (each version), key, or all together") @RestQuery @DefaultValue("model") String by,
            @Parameter(description = "first day, such as 2026-11-01") @RestQuery @DefaultValue("") String from,
            @Parameter(description = "last day") @RestQuery @DefaultValue("") String to) {
        AccountId account = access.require(Scope.READ);
        By series = Arrays.stream(By.values()).filter(each -> UsageChart.word(each).equals(by)).findFirst()
                .orElseThrow(() -> new WrongUsageQuery("by", "by is model, key or all."));
        LocalDate last = to.isEmpty() ? UsageFilter.dayOf(clock.instant()) : day("to", to);
        LocalDate first = from.isEmpty() ? last.minusDays(USUAL_DAYS - 1) : day("from", from);
        if (first.isAfter(last) || ChronoUnit.DAYS.between(first, last) >= MOST_DAYS) {
            throw new WrongUsageQuery("from", "Ask for at least one day and at most " + MOST_DAYS + ", both ends included.");
        }
        Map<ApiKeyId, String> keyNames = series == By.KEY ? names.keysOf(account) : Map.of();
        return new Days(first, last, by, days.of(account, series, first, last).stream()
                .map(each -> new Day(each.day(),
                        series == By.MODEL ? names.published(new VersionId(Math.toIntExact(each.of()))).name() : null,
                        series == By.KEY ? Long.valueOf(each.of()) : null,
                        series == By.KEY ? keyNames.getOrDefault(new ApiKeyId(each.of()), "") : null,
                        each.sum().calls(), each.sum().charge().nanos(), each.sum().inputTokens(), each.sum().outputTokens(),
                        each.sum().items(), each.sum().reversed()))
                .toList());
    }

    @GET
    @Path("calls")
    @Operation(summary = "Calls with their receipts, newest first", description = "A page at a time: send next back as cursor, with"
            + " the same filters, until it is null. Neither new calls nor their number move or slow a later page. Scope: read.")
    public Calls calls(
            @Parameter(description = "owner/name, all its versions") @RestQuery @DefaultValue("") String model,
            @Parameter(description = "number of a key") @RestQuery @DefaultValue("") String key,
            @Parameter(description = "charged, abandoned or reversed") @RestQuery @DefaultValue("") String state,
            @Parameter(description = "a day, or the first moment, such as 2026-11-28T14:30:00Z") @RestQuery @DefaultValue("") String from,
            @Parameter(description = "a day, with all of it, or a moment, without it") @RestQuery @DefaultValue("") String to,
            @Parameter(description = "next of the page before") @RestQuery @DefaultValue("") String cursor,
            @Parameter(description = "calls a page, 1 to 500") @RestQuery @DefaultValue("100") String limit) {
        AccountId account = access.require(Scope.READ);
        Map<String, List<Integer>> models = names.modelsOf(account);
        UsageQuery asked = new UsageQuery(model, key, state, from, to);
        asked.requireUnderstood(models);
        UsageLog.Place place = cursor.isEmpty() ? null
                : UsageLog.Place.parse(cursor)
                        .orElseThrow(() -> new WrongUsageQuery("cursor", "cursor is what next said on the page before."));
        int most = limit.matches("[0-9]{1,3}") ? Integer.parseInt(limit) : 0;
        if (most < 1 || most > MOST_CALLS) {
            throw new WrongUsageQuery("limit", "limit is a number from 1 to " + MOST_CALLS + ".");
        }
        Map<ApiKeyId, String> keyNames = names.keysOf(account);
        UsageLog.Page page = log.page(asked.filter(account, models), most, place);
        return new Calls(
                page.calls().stream().map(call -> CallLine.of(call, names.published(call.version()), keyNames)).toList(),
                page.older() ? UsageLog.Place.of(page.calls().getLast()).toString() : null);
    }

    private static LocalDate day(String name, String text) {
        return new UsageQuery("", "", "", text, "").start().filter(start -> text.length() == 10).map(UsageFilter::dayOf)
                .orElseThrow(() -> new WrongUsageQuery(name, name + " is a day such as 2026-11-28."));
    }
}
