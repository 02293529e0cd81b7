package farthing.artefact;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import farthing.blob.Blobs;
import farthing.blob.Digest;

/** Takes artefacts in and hands them out verified. */
public final class Artefacts {

    private record Identity(Path path, long size, FileTime modified) {
    }

    private final Blobs blobs;
    private final ArtefactCheck check = new ArtefactCheck();
    /** What each file held when it was last read to its end: re-read only when its size or time changes. */
    private final Map<Identity, Digest> read = new ConcurrentHashMap<>();

    public Artefacts(Blobs blobs) {
        this.blobs = blobs;
    }

    /**
     * Checks the files and stores them.
     *
     * @throws WrongArtefact if they break a rule of {@link ArtefactCheck}, or are not of this format
     */
    public ArtefactFiles add(Format format, Map<Role, Path> files) throws IOException {
        Path model = files.get(Role.MODEL);
        if (model == null) {
            throw new IllegalArgumentException("An artefact needs a model file");
        }
        Format found = check.check(files, passed -> {
        }).format();
        if (found != format) {
            throw new WrongArtefact(Rule.FORMAT, "The model file is " + found + " and not " + format + ".");
        }
        Map<Role, Digest> digests = new EnumMap<>(Role.class);
        for (var file : files.entrySet()) {
            try (InputStream in = Files.newInputStream(file.getValue())) {
                digests.put(file.getKey(), blobs.put(in));
            }
        }
        return new ArtefactFiles(format, digests);
    }

    /**
     * The local files of this artefact, each holding exactly the bytes its digest names. Cheap after the first time.
     *
     * @throws DamagedArtefact naming the file, the digest expected and the digest found
     */
    public Map<Role, Path> verified(ArtefactFiles files) {
        Map<Role, Path> paths = new EnumMap<>(Role.class);
        files.files().forEach((role, digest) -> paths.put(role, verified(files.format(), role, digest)));
        return paths;
    }

    private Path verified(Format format, Role role, Digest expected) {
        Path path = blobs.path(expected);
        try {
            var attributes = Files.readAttributes(path, BasicFileAttributes.class);
            var identity = new Identity(path, attributes.size(), attributes.lastModifiedTime());
            Digest found = read.get(identity);
            if (found == null) {
                found = Digest.of(path);
                if (found.equals(expected) && role == Role.MODEL) {
                    Header.check(format, path);
                }
                read.keySet().removeIf(old -> old.path().equals(path));
                read.put(identity, found);
            }
            if (!found.equals(expected)) {
                throw new DamagedArtefact("its %s file should have SHA-256 %s but has %s."
                        .formatted(name(role), expected, found));
            }
            return path;
        } catch (NoSuchFileException e) {
            throw new DamagedArtefact("its %s file %s is not in the store.".formatted(name(role), expected));
        } catch (IOException e) {
            throw new DamagedArtefact("its %s file %s cannot be read (%s).".formatted(name(role), expected, e.getMessage()));
        }
    }

    private static String name(Role role) {
        return role.name().toLowerCase(Locale.ROOT);
    }
}
