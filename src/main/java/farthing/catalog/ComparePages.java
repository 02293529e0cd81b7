package farthing.catalog;

import java.util.List;
import java.util.stream.Collectors;

/** Up to four models side by side. */
class ComparePages {

    static final int MOST = 4;

    /** Those of the names that are names of models, each once, up to the most that can be compared. */
    static List<ModelId> named(List<String> names) {
        return names.stream().flatMap(name -> ModelId.parse(name).stream()).distinct().limit(MOST).toList();
    }

    static String href(List<String> models) {
        return "/compare?" + models.stream().map(model -> "m=" + model).collect(Collectors.joining("&"));
    }
}
