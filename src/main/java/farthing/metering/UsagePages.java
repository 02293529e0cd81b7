package farthing.metering;

import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongFunction;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import jakarta.ws.rs.core.UriInfo;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.catalog.Published;
import farthing.identity.Access;
import farthing.identity.AccountId;
import farthing.identity.ApiKeyId;
import farthing.identity.LineBalances;
import farthing.identity.SampleCall;
import farthing.identity.Scope;
import farthing.metering.UsageDays.By;
import farthing.metering.UsageDays.Sum;
import farthing.money.Amount;
import farthing.web.Formats;
import farthing.web.Shortened;
import farthing.web.Visit;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** What an account spent: figures that follow its calls, a chart, the call log, and the log as a file. */
@Path("/usage")
@Blocking
class UsagePages {

    private static final int PAGE = 50;
    private static final DateTimeFormatter FIELD = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm").withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter FIELD_OF_SECONDS = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss")
            .withZone(ZoneOffset.UTC);

    record Choice(String value, String label, boolean selected) {
    }

    record Carried(String name, String value) {
    }

    record CallRow(Instant at, String model, String modelHref, String key, String units, String state, @Nullable String kind,
            Amount charge, String receiptId, String receiptShort, String receiptHref) {
    }

    /** @param fresh whether it is sent to a page that has earlier ones */
    record Figures(Amount today, Amount week, Amount month, Amount left, long todayCalls, long weekCalls, long monthCalls,
            boolean fresh) {

        /** Names what is shown: whoever has seen it needs no other. */
        public String seen() {
            return String.join(".", Long.toString(todayCalls), Long.toString(today.nanos()), Long.toString(weekCalls),
                    Long.toString(monthCalls), Long.toString(month.nanos()), Long.toString(left.nanos()));
        }
    }

    record ChartForm(UsageChart.View view, List<Choice> by, List<Choice> show, List<Choice> range, boolean custom, String since,
            String until, List<Carried> carried) {
    }

    record LogForm(List<Choice> models, List<Choice> keys, List<Choice> states, String from, String to, boolean filtered,
            List<Carried> carried, String clearHref) {
    }

    /**
     * @param count in words, such as "50 of 1,234 calls"
     * @param keptSince nullable, on the last page: from when on single calls are kept
     */
    record LogPage(List<CallRow> calls, String count, @Nullable String newestHref, @Nullable String newerHref,
            @Nullable String olderHref, @Nullable Instant keptSince, String csvHref, String jsonHref) {
    }

    record UsageView(Figures figures, boolean called, ChartForm chart, LogForm form, LogPage log, String curl) {
    }

    @CheckedTemplate(basePath = "metering")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance usage(UsageView page);

        static native TemplateInstance usage$figures(Figures figures);
    }

    private final Visit visit;
    private final Access access;
    private final UsageDays days;
    private final UsageLog log;
    private final UsageNames names;
    private final LineBalances money;
    private final SampleCall sample;
    private final ObjectMapper json;
    private final Clock clock;

    UsagePages(Visit visit, Access access, UsageDays days, UsageLog log, UsageNames names, LineBalances money,
            SampleCall sample, ObjectMapper json, Clock clock) {
        this.visit = visit;
        this.access = access;
        this.days = days;
        this.log = log;
        this.names = names;
        this.money = money;
        this.sample = sample;
        this.json = json;
        this.clock = clock;
    }

    @GET
    @Produces(MediaType.TEXT_HTML)
    public TemplateInstance usage(@Context UriInfo uri) {
        AccountId account = AccountId.of(visit.signedIn());
        MultivaluedMap<String, String> address = uri.getQueryParameters();
        UsageChart.Asked drawn = UsageChart.Asked.of(word(address, "by"), word(address, "show"), word(address, "range"),
                word(address, "since"), word(address, "until"), today());
        UsageQuery asked = query(address);
        Map<ApiKeyId, String> keyNames = names.keysOf(account);
        Map<String, List<Integer>> models = names.modelsOf(account);
        return Templates.usage(new UsageView(figures(account, false), !models.isEmpty(), chart(account, drawn, asked, keyNames),
                form(asked, drawn, models, keyNames), page(asked.filter(account, models), asked, drawn, address, keyNames),
                sample.curl("$FARTHING_API_KEY")));
    }

    /** The figures alone, or nothing (204) for a page that has seen them. */
    @GET
    @Path("now")
    @Produces(MediaType.TEXT_HTML)
    public Response now(@Context UriInfo uri) {
        Figures figures = figures(AccountId.of(visit.signedIn()), true);
        return (figures.seen().equals(word(uri.getQueryParameters(), "seen")) ? Response.noContent()
                : Response.ok(Templates.usage$figures(figures))).header("Cache-Control", "no-store").build();
    }

    @GET
    @Path("calls.csv")
    @Produces("text/csv")
    public Response csv(@Context UriInfo uri) {
        return file(UsageFile.CSV, uri);
    }

    @GET
    @Path("calls.ndjson")
    @Produces("application/x-ndjson")
    public Response ndjson(@Context UriInfo uri) {
        return file(UsageFile.JSON, uri);
    }

    private Response file(UsageFile file, UriInfo uri) {
        // A token that is no good is told so; only a browser without a session is led to sign in.
        AccountId account = visit.bearerToken().isPresent() ? access.require(Scope.READ) : AccountId.of(visit.signedIn());
        UsageFilter filter = query(uri.getQueryParameters()).filter(account, names.modelsOf(account));
        Map<ApiKeyId, String> keyNames = names.keysOf(account);
        StreamingOutput rows = out -> file.write(out, json,
                call -> CallLine.of(call, names.published(call.version()), keyNames), each -> log.each(filter, each));
        return Response.ok(rows).type(file.type)
                .header("Content-Disposition", "attachment; filename=\"" + file.name + "\"").build();
    }

    private LocalDate today() {
        return UsageFilter.dayOf(clock.instant());
    }

    private Figures figures(AccountId account, boolean fresh) {
        LocalDate today = today();
        List<UsageDays.Day> month = days.of(account, By.ALL, today.minusDays(29), today);
        Sum ofToday = since(today, month);
        Sum ofWeek = since(today.minusDays(6), month);
        Sum ofMonth = since(today.minusDays(29), month);
        Amount left = Amount.sum(money.balances(account).values().stream().map(LineBalances.Balance::left)::iterator);
        return new Figures(ofToday.charge(), ofWeek.charge(), ofMonth.charge(), left, ofToday.calls(), ofWeek.calls(),
                ofMonth.calls(), fresh);
    }

    private static Sum since(LocalDate first, List<UsageDays.Day> days) {
        return days.stream().filter(each -> !each.day().isBefore(first)).map(UsageDays.Day::sum).reduce(Sum.NONE, Sum::plus);
    }

    private ChartForm chart(AccountId account, UsageChart.Asked drawn, UsageQuery asked, Map<ApiKeyId, String> keyNames) {
        LongFunction<String> label = switch (drawn.by()) {
            case MODEL -> version -> names.model(Math.toIntExact(version));
            case KEY -> labels(keyNames);
            case ALL -> all -> "All calls";
        };
        UsageChart chart = new UsageChart(drawn, days.of(account, drawn.by(), drawn.first(), drawn.last()), label);
        String by = UsageChart.word(drawn.by());
        String show = UsageChart.word(drawn.show());
        return new ChartForm(chart.view(json), choices(by, "model", "Model", "key", "Key", "all", "All calls together"),
                choices(show, "cost", "Cost", "calls", "Calls", "tokens", "Tokens"),
                choices(drawn.range(), "7", "Last 7 days", "30", "Last 30 days", "90", "Last 90 days", "custom",
                        "From a day to a day"),
                drawn.isCustom(), drawn.first().toString(), drawn.last().toString(), carried(asked.parameters()));
    }

    /** Two keys may have one name; then their numbers tell them apart. */
    private static LongFunction<String> labels(Map<ApiKeyId, String> keyNames) {
        Set<String> once = new HashSet<>();
        Set<String> twice = new HashSet<>();
        keyNames.values().forEach(name -> (once.add(name) ? once : twice).add(name));
        return id -> {
            String name = keyNames.get(new ApiKeyId(id));
            return name == null ? "key " + id : twice.contains(name) ? name + " (" + id + ")" : name;
        };
    }

    private static LogForm form(UsageQuery asked, UsageChart.Asked drawn, Map<String, List<Integer>> models,
            Map<ApiKeyId, String> keyNames) {
        List<Choice> ofModels = new ArrayList<>(choices(asked.model(), "", "All models"));
        models.keySet().forEach(model -> ofModels.add(new Choice(model, model, model.equals(asked.model()))));
        LongFunction<String> label = labels(keyNames);
        List<Choice> ofKeys = new ArrayList<>(choices(asked.key(), "", "All keys"));
        keyNames.keySet().forEach(key -> ofKeys.add(new Choice(Long.toString(key.value()), label.apply(key.value()),
                Long.toString(key.value()).equals(asked.key()))));
        String query = UsageQuery.written(drawn.parameters());
        return new LogForm(ofModels, ofKeys,
                choices(asked.state(), "", "All", "charged", "Charged", "abandoned", "Abandoned", "reversed", "Reversed"),
                field(asked.start()), field(asked.end()), asked.isFiltered(), carried(drawn.parameters()),
                query.isEmpty() ? "/usage#calls" : "/usage?" + query + "#calls");
    }

    private static String field(Optional<Instant> moment) {
        return moment.map(at -> (at.getEpochSecond() % 60 == 0 ? FIELD : FIELD_OF_SECONDS).format(at)).orElse("");
    }

    private LogPage page(UsageFilter filter, UsageQuery asked, UsageChart.Asked drawn, MultivaluedMap<String, String> address,
            Map<ApiKeyId, String> keyNames) {
        UsageLog.Place newerThan = UsageLog.Place.parse(word(address, "after")).orElse(null);
        UsageLog.Page found = newerThan != null ? log.pageBefore(filter, PAGE, newerThan)
                : log.page(filter, PAGE, UsageLog.Place.parse(word(address, "before")).orElse(null));
        Map<String, String> parameters = new LinkedHashMap<>(drawn.parameters());
        parameters.putAll(asked.parameters());
        List<UsageLog.Call> calls = found.calls();
        return new LogPage(calls.stream().map(call -> row(call, keyNames)).toList(), count(found),
                found.newer() ? href(parameters, "", "") : null,
                found.newer() && !calls.isEmpty() ? href(parameters, "after", UsageLog.Place.of(calls.getFirst()).toString())
                        : null,
                found.older() ? href(parameters, "before", UsageLog.Place.of(calls.getLast()).toString()) : null,
                found.older() ? null : found.keptSince(), "/usage/calls.csv?" + UsageQuery.written(asked.parameters()),
                "/usage/calls.ndjson?" + UsageQuery.written(asked.parameters()));
    }

    private static String href(Map<String, String> parameters, String name, String place) {
        Map<String, String> all = new LinkedHashMap<>(parameters);
        if (!name.isEmpty()) {
            all.put(name, place);
        }
        String query = UsageQuery.written(all);
        return (query.isEmpty() ? "/usage" : "/usage?" + query) + "#calls";
    }

    private static String count(UsageLog.Page page) {
        int shown = page.calls().size();
        if (!page.newer() && !page.older()) {
            return UnitsText.calls(shown);
        }
        return Formats.grouped(shown) + (page.exact() ? " of " : " of at least ") + UnitsText.calls(page.total());
    }

    private CallRow row(UsageLog.Call call, Map<ApiKeyId, String> keyNames) {
        Published version = names.published(call.version());
        String receipt = call.receipt().toString();
        return new CallRow(call.at(), version.model().toString(), version.href(),
                keyNames.getOrDefault(call.key(), "deleted key"),
                UnitsText.of(call.units()), call.state().word(), call.state() == CallState.REVERSED ? "waiting" : null,
                call.charge(),
                receipt, Shortened.of(receipt), "/receipts/" + receipt);
    }

    private static UsageQuery query(MultivaluedMap<String, String> address) {
        return new UsageQuery(word(address, "model"), word(address, "key"), word(address, "state"), word(address, "from"),
                word(address, "to")).understood();
    }

    private static String word(MultivaluedMap<String, String> address, String name) {
        return Optional.ofNullable(address.getFirst(name)).orElse("");
    }

    private static List<Carried> carried(Map<String, String> parameters) {
        return parameters.entrySet().stream().filter(each -> !each.getValue().isEmpty())
                .map(each -> new Carried(each.getKey(), each.getValue())).toList();
    }

    /** @param words value and label by turns */
    private static List<Choice> choices(String selected, String... words) {
        List<Choice> choices = new ArrayList<>();
        for (int i = 0; i < words.length; i += 2) {
            choices.add(new Choice(words[i], words[i + 1], words[i].equals(selected)));
        }
        return choices;
    }
}
