package farthing.catalog;

import farthing.engine.Task;
import farthing.money.Split;

/**
 * The facts of a version that receipts and statements show.
 *
 * @param owner the developer's handle
 */
public record Published(VersionId version, ModelId model, String label, Task task, Split split, String owner) {

    /** {@code owner/name@label}. */
    public String name() {
        return model + "@" + label;
    }

    public String href() {
        return "/models/" + model;
    }
}
