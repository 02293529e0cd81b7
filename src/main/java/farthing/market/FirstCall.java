package farthing.market;

import jakarta.inject.Singleton;

import farthing.catalog.Search;
import farthing.engine.Task;
import farthing.identity.SampleCall;
import farthing.web.Site;

/** The command of the first minute: it streams an answer and ends with the address of its receipt. */
@Singleton
class FirstCall implements SampleCall {

    private final Search search;
    private final Site site;

    FirstCall(Search search, Site site) {
        this.search = search;
        this.site = site;
    }

    @Override
    public String curl(String secret) {
        return """
                curl -N %1$s/v1/completions \\
                  -H "Authorization: Bearer %2$s" \\
                  -H "Content-Type: application/json" \\
                  -d '{"model": "%3$s", "prompt": "In the beginning",
                       "max_tokens": 48, "stream": true}' \\
                  -w '\\n%1$s/receipts/%%header{farthing-receipt}\\n'""".formatted(site.publicUrl(), secret, model());
    }

    /** A model that continues text; a name to replace where none is listed. */
    String model() {
        return search.popular(Task.COMPLETION).map(Object::toString).orElse("owner/name");
    }
}
