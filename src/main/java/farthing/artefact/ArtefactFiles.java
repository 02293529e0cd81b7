package farthing.artefact;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;

import farthing.blob.Digest;

/** The files of one version; immutable, and always with a model. */
public record ArtefactFiles(Format format, Map<Role, Digest> files) {

    public ArtefactFiles {
        files = Map.copyOf(files);
        if (!files.containsKey(Role.MODEL)) {
            throw new IllegalArgumentException("An artefact needs a model file");
        }
    }

    public Digest model() {
        return Objects.requireNonNull(files.get(Role.MODEL));
    }

    public Optional<Digest> file(Role role) {
        return Optional.ofNullable(files.get(role));
    }
}
