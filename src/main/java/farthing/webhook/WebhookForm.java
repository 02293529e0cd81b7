package farthing.webhook;

import java.util.List;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import farthing.web.Fault;

/** The form of a webhook as it was typed, with an error at each field that needs one. */
record WebhookForm(String name, @Nullable String nameError, String url, @Nullable String urlError, List<Choice> events,
        @Nullable String eventsError) {

    record Choice(String value, String about, boolean checked) {
    }

    static final WebhookForm EMPTY = new WebhookForm("", null, "", null, choices(_ -> true), null);

    static WebhookForm of(Hook hook) {
        return new WebhookForm(hook.name(), null, hook.url().toString(), null, choices(hook.eventNames()::contains), null);
    }

    static WebhookForm refused(String name, String url, List<String> events, WebhookRefused refused) {
        return new WebhookForm(name, fault(refused, "name"), url, fault(refused, "url"), choices(events::contains),
                fault(refused, "events"));
    }

    private static @Nullable String fault(WebhookRefused refused, String field) {
        return refused.faults().stream().filter(fault -> fault.param().equals(field)).map(Fault::detail).findFirst()
                .orElse(null);
    }

    private static List<Choice> choices(Predicate<String> chosen) {
        return EventType.choices().stream()
                .map(type -> new Choice(type.wireName, type.about, chosen.test(type.wireName))).toList();
    }
}
