package farthing.metering;

import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;

import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.catalog.Catalog;
import farthing.catalog.Published;
import farthing.catalog.VersionId;
import farthing.identity.AccountId;
import farthing.identity.ApiKeyId;
import farthing.identity.ApiKeys;
import farthing.identity.LineBalances;
import farthing.identity.SampleCall;
import farthing.money.Amount;
import farthing.web.Csv;
import farthing.web.Pager;
import farthing.web.Shortened;
import farthing.web.Visit;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.RawString;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** What an account spent: figures, chart, log, CSV. */
@Path("/usage")
@Blocking
class UsagePages {

    private static final int PAGE = 50;
    private static final int CHART_DAYS = 30;
    private static final int CHART_MODELS = 8;
    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("d MMM uuuu", Locale.ENGLISH);

    record Choice(String value, String label, boolean selected) {
    }

    record DayRow(String day, String model, long calls, Amount charge) {
    }

    record CallRow(Instant at, String model, String modelHref, String key, String units, String state, Amount charge,
            String receiptId, String receiptShort, String receiptHref) {
    }

    record UsageView(Amount today, Amount week, Amount month, Amount left, long todayCalls, long weekCalls, long monthCalls,
            RawString chartJson, List<DayRow> days, List<Choice> models, List<Choice> keys, List<Choice> states, String from,
            String to, boolean filtered, List<CallRow> calls, String csvHref, Pager pager, String curl) {
    }

    @CheckedTemplate(basePath = "metering")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance usage(UsageView page);
    }

    private final Visit visit;
    private final UsageLog log;
    private final LineBalances money;
    private final Catalog catalog;
    private final ApiKeys apiKeys;
    private final SampleCall sample;
    private final ObjectMapper json;
    private final Clock clock;

    UsagePages(Visit visit, UsageLog log, LineBalances money, Catalog catalog, ApiKeys apiKeys, SampleCall sample,
            ObjectMapper json, Clock clock) {
        this.visit = visit;
        this.log = log;
        this.money = money;
        this.catalog = catalog;
        this.apiKeys = apiKeys;
        this.sample = sample;
        this.json = json;
        this.clock = clock;
    }

    /** What the address asks for; anything unknown in it is as good as nothing. */
    private record Asked(String model, String key, String state, String from, String to) {

        boolean isFiltered() {
            return !(model + key + state + from + to).isEmpty();
        }

        String query() {
            Map<String, String> parameters = new LinkedHashMap<>();
            parameters.put("model", model);
            parameters.put("key", key);
            parameters.put("state", state);
            parameters.put("from", from);
            parameters.put("to", to);
            StringBuilder query = new StringBuilder();
            parameters.forEach((name, value) -> query.append(value.isEmpty() ? ""
                    : "&" + name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8)));
            return query.toString();
        }
    }

    @GET
    @Produces(MediaType.TEXT_HTML)
    public TemplateInstance usage(@RestQuery @DefaultValue("") String model, @RestQuery @DefaultValue("") String key,
            @RestQuery @DefaultValue("") String state, @RestQuery @DefaultValue("") String from,
            @RestQuery @DefaultValue("") String to, @RestQuery @DefaultValue("1") String page) {
        AccountId account = AccountId.of(visit.signedIn());
        Asked asked = new Asked(model, key, state, day(from) == null ? "" : from, day(to) == null ? "" : to);
        Map<ApiKeyId, String> keyNames = apiKeys.namesOf(account);
        Map<String, List<Integer>> models = models(account);
        UsageFilter filter = filter(account, asked, models);
        int number = page.matches("[1-9][0-9]{0,6}") ? Integer.parseInt(page) : 1;
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        List<UsageLog.DayTotal> days = log.byDay(account, today.minusDays(CHART_DAYS - 1));
        Total day = Total.since(today, days);
        Total week = Total.since(today.minusDays(6), days);
        Total month = Total.since(today.minusDays(29), days);
        List<ModelDay> shown = modelDays(days);
        UsageLog.Page calls = log.page(filter, PAGE, (number - 1L) * PAGE);
        return Templates.usage(new UsageView(day.charge, week.charge, month.charge, left(account), day.calls, week.calls,
                month.calls, chart(shown, today), dayRows(shown),
                choices("All models", models.keySet().stream().toList(), asked.model),
                keyChoices(keyNames, asked.key), stateChoices(asked.state), asked.from, asked.to, asked.isFiltered(),
                calls.calls().stream().map(call -> row(call, keyNames)).toList(),
                "/usage/calls.csv?" + asked.query(),
                Pager.of(number, PAGE, calls.total(), n -> "/usage?page=" + n + asked.query() + "#calls"),
                sample.curl("$FARTHING_API_KEY")));
    }

    private Amount left(AccountId account) {
        return Amount.sum(money.balances(account).values().stream().map(LineBalances.Balance::left)::iterator);
    }

    @GET
    @Path("calls.csv")
    @Produces("text/csv")
    public Response csv(@RestQuery @DefaultValue("") String model, @RestQuery @DefaultValue("") String key,
            @RestQuery @DefaultValue("") String state, @RestQuery @DefaultValue("") String from,
            @RestQuery @DefaultValue("") String to) {
        AccountId account = AccountId.of(visit.signedIn());
        UsageFilter filter = filter(account, new Asked(model, key, state, from, to), models(account));
        Map<ApiKeyId, String> keyNames = apiKeys.namesOf(account);
        StreamingOutput rows = out -> {
            Writer writer = new OutputStreamWriter(out, StandardCharsets.UTF_8);
            writer.write("charged_at,receipt,model,key,input_tokens,output_tokens,items,charge_nanos,state,streamed\n");
            log.each(filter, call -> writeLine(writer, call, keyNames));
            writer.flush();
        };
        return Response.ok(rows).type("text/csv;charset=UTF-8")
                .header("Content-Disposition", "attachment; filename=\"farthing-calls.csv\"").build();
    }

    private void writeLine(Writer writer, UsageLog.Call call, Map<ApiKeyId, String> keyNames) {
        try {
            Units units = call.units();
            writer.write(
                    String.join(",", call.at().toString(), call.receipt().toString(), catalog.published(call.version()).name(),
                            Csv.quoted(keyNames.getOrDefault(call.key(), "")), Integer.toString(units.inputTokens()),
                            Integer.toString(units.outputTokens()), Integer.toString(units.items()),
                            Long.toString(call.charge().nanos()),
                            state(call), Boolean.toString(call.streamed())) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The versions of each model that the account has called. */
    private Map<String, List<Integer>> models(AccountId account) {
        Map<String, List<Integer>> models = new TreeMap<>();
        for (VersionId version : log.versionsOf(account)) {
            models.computeIfAbsent(catalog.published(version).model().toString(), m -> new ArrayList<>()).add(version.value());
        }
        return models;
    }

    private static UsageFilter filter(AccountId account, Asked asked, Map<String, List<Integer>> models) {
        return new UsageFilter(account, asked.model.isEmpty() ? null : models.getOrDefault(asked.model, List.of()),
                asked.key.matches("[0-9]{1,18}") ? Long.valueOf(asked.key) : null,
                asked.state.isEmpty() ? null : asked.state.equals("abandoned"), day(asked.from), day(asked.to));
    }

    private CallRow row(UsageLog.Call call, Map<ApiKeyId, String> keyNames) {
        Published version = catalog.published(call.version());
        String receipt = call.receipt().toString();
        return new CallRow(call.at(), version.model().toString(), version.href(),
                keyNames.getOrDefault(call.key(), "deleted key"),
                UnitsText.of(call.units()), state(call), call.charge(), receipt, Shortened.of(receipt), "/receipts/" + receipt);
    }

    private static String state(UsageLog.Call call) {
        return call.reversed() ? "reversed" : call.abandoned() ? "abandoned" : "charged";
    }

    private record Total(long calls, Amount charge) {

        /** What is not among the days is not counted. */
        static Total since(LocalDate first, List<UsageLog.DayTotal> days) {
            List<UsageLog.DayTotal> its = days.stream().filter(each -> !each.day().isBefore(first)).toList();
            return new Total(its.stream().mapToLong(UsageLog.DayTotal::calls).sum(),
                    Amount.sum(its.stream().map(UsageLog.DayTotal::charge)::iterator));
        }
    }

    private record ModelDay(LocalDate day, String model, long calls, Amount charge) {

        ModelDay plus(ModelDay more) {
            return new ModelDay(day, model, calls + more.calls, charge.plus(more.charge));
        }
    }

    /** By day and model, oldest day first; all but the dearest models together, or a chart of many would tell nothing. */
    private List<ModelDay> modelDays(List<UsageLog.DayTotal> days) {
        Map<String, Amount> byModel = new TreeMap<>();
        days.forEach(each -> byModel.merge(model(each), each.charge(), Amount::plus));
        Set<String> shown = byModel.entrySet().stream().sorted(Map.Entry.<String, Amount> comparingByValue().reversed())
                .limit(CHART_MODELS).map(Map.Entry::getKey).collect(Collectors.toSet());
        Map<LocalDate, Map<String, ModelDay>> summed = new TreeMap<>();
        for (UsageLog.DayTotal each : days) {
            String model = shown.contains(model(each)) ? model(each) : "other models";
            summed.computeIfAbsent(each.day(), d -> new TreeMap<>()).merge(model,
                    new ModelDay(each.day(), model, each.calls(), each.charge()), ModelDay::plus);
        }
        return summed.values().stream().flatMap(ofDay -> ofDay.values().stream()).toList();
    }

    private String model(UsageLog.DayTotal total) {
        return catalog.published(total.version()).model().toString();
    }

    private static List<DayRow> dayRows(List<ModelDay> days) {
        return days.reversed().stream().map(d -> new DayRow(DAY.format(d.day), d.model, d.calls, d.charge)).toList();
    }

    private record Series(String label, long[] values) {
    }

    private record Chart(long[] x, List<Series> series) {
    }

    private RawString chart(List<ModelDay> days, LocalDate today) {
        LocalDate first = today.minusDays(CHART_DAYS - 1);
        long[] x = new long[CHART_DAYS];
        for (int i = 0; i < CHART_DAYS; i++) {
            x[i] = startOf(first.plusDays(i)).getEpochSecond();
        }
        Map<String, long[]> series = new TreeMap<>();
        for (ModelDay each : days) {
            series.computeIfAbsent(each.model,
                    m -> new long[CHART_DAYS])[(int) (each.day.toEpochDay() - first.toEpochDay())] += each.charge.nanos();
        }
        try {
            Chart chart = new Chart(x, series.entrySet().stream().map(s -> new Series(s.getKey(), s.getValue())).toList());
            // Inside a script element only "<" could end it early.
            return new RawString(json.writeValueAsString(chart).replace("<", "\\u003c"));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Choice> choices(String any, List<String> values, String selected) {
        List<Choice> choices = new ArrayList<>(List.of(new Choice("", any, selected.isEmpty())));
        values.forEach(value -> choices.add(new Choice(value, value, value.equals(selected))));
        return choices;
    }

    private static List<Choice> keyChoices(Map<ApiKeyId, String> names, String selected) {
        List<Choice> choices = new ArrayList<>(List.of(new Choice("", "All keys", selected.isEmpty())));
        names.forEach((id, name) -> choices
                .add(new Choice(Long.toString(id.value()), name, Long.toString(id.value()).equals(selected))));
        return choices;
    }

    private static List<Choice> stateChoices(String selected) {
        return List.of(new Choice("", "All", selected.isEmpty()), new Choice("charged", "Charged", selected.equals("charged")),
                new Choice("abandoned", "Abandoned", selected.equals("abandoned")));
    }

    private static @Nullable LocalDate day(String text) {
        try {
            return text.isEmpty() ? null : LocalDate.parse(text);
        } catch (DateTimeParseException e) {
            return null;
        }
    }

    private static Instant startOf(LocalDate day) {
        return day.atStartOfDay(ZoneOffset.UTC).toInstant();
    }
}
