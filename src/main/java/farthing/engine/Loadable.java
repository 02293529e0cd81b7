package farthing.engine;

import farthing.artefact.ArtefactFiles;

/**
 * All an engine must know of a version to run it.
 *
 * @param id names the version, the same for ever; one worker serves one id
 * @param contextLength how many tokens the model may see (OPENNLP: how many characters per text)
 * @param pooling for embeddings
 * @param normalise whether embeddings are scaled to length 1
 */
public record Loadable(String id, EngineKind engine, Task task, ArtefactFiles files, PromptTemplate template,
        int contextLength, Pooling pooling, boolean normalise) {

    public Loadable {
        if (files.format() != engine.format()) {
            throw new IllegalArgumentException(engine + " cannot run " + files.format() + " files");
        }
        if (contextLength < 1) {
            throw new IllegalArgumentException("A context has at least 1 token, not " + contextLength);
        }
    }
}
