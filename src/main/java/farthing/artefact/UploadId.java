package farthing.artefact;

import java.util.UUID;

/** Name of an upload; its owner alone can use it. */
public record UploadId(UUID value) {

    /** @throws UploadRefused.NoSuchUpload when the text names none, whoever asks */
    public static UploadId parse(String text) {
        try {
            return new UploadId(UUID.fromString(text));
        } catch (IllegalArgumentException e) {
            throw new UploadRefused.NoSuchUpload(text);
        }
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
