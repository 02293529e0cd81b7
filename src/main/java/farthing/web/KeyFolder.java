package farthing.web;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.function.Supplier;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

/** Secrets that a trial makes for itself, one text file each under {@code $FARTHING_DATA/keys}, readable by its owner only. */
@Singleton
public class KeyFolder {

    private final Path folder;
    private final boolean production;

    @Inject
    KeyFolder(Site site) {
        this(site.data(), site.production());
    }

    private KeyFolder(Path data, boolean production) {
        this.folder = data.resolve("keys");
        this.production = production;
    }

    /** For what starts before the container does. */
    public static KeyFolder ofTrial(Path data) {
        return new KeyFolder(data, false);
    }

    /**
     * What the file holds; the first time it is made from {@code fresh}.
     *
     * @throws IllegalStateException in production, where every secret is configured
     */
    public String get(String name, Supplier<String> fresh) {
        if (production) {
            throw new IllegalStateException("production makes no secret of its own: " + name + " must be configured");
        }
        Path file = folder.resolve(name);
        try {
            Files.createDirectories(folder, permissions("rwx------"));
            create(file, fresh);
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep the secret " + file + "; make the folder writable", e);
        }
    }

    private static void create(Path file, Supplier<String> fresh) throws IOException {
        if (Files.exists(file)) {
            return;
        }
        // Whole or not at all: a server killed here must not leave an empty secret behind.
        Path part = file.resolveSibling(file.getFileName() + ".part");
        Files.deleteIfExists(part);
        try (var channel = Files.newByteChannel(part, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                permissions("rw-------")); var out = Channels.newOutputStream(channel)) {
            out.write((fresh.get() + "\n").getBytes(StandardCharsets.UTF_8));
        }
        try {
            Files.move(part, file);
        } catch (FileAlreadyExistsException madeMeanwhile) {
            Files.delete(part);
        }
    }

    private static FileAttribute<Set<PosixFilePermission>> permissions(String text) {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text));
    }
}
