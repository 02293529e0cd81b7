package farthing.catalog;

import java.util.Map;

import farthing.artefact.Role;
import farthing.engine.EngineKind;
import farthing.engine.Pooling;
import farthing.engine.PromptTemplate;
import farthing.engine.Task;
import farthing.money.Price;
import farthing.money.Split;

/**
 * A model and its first version as their developer describes them.
 *
 * @param purpose one line
 * @param card Markdown
 */
record Publication(String name, Task task, String purpose, String card, Artefact artefact) {

    /**
     * @param version label of the version
     * @param context tokens that one call may hold
     * @param licence SPDX identifier
     * @param files paths of the files below the seed folder
     */
    record Artefact(String version, EngineKind engine, String quantisation, long parameters, int context, String licence,
            String attribution, PromptTemplate promptTemplate, Pooling pooling, boolean normalise, Map<Role, String> files,
            Price price, Split split, String provenance) {
    }
}
