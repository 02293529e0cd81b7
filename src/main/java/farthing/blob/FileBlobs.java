package farthing.blob;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.UUID;

/** Blobs as files of one folder: {@code ab/abcdef…}. */
public final class FileBlobs implements Blobs {

    private final Path folder;

    public FileBlobs(Path folder) {
        this.folder = folder.toAbsolutePath().normalize();
    }

    @Override
    public Digest put(InputStream content) throws IOException {
        Path incoming = Files.createDirectories(folder.resolve("incoming")).resolve(UUID.randomUUID().toString());
        try {
            Digest digest = write(content, incoming);
            Path target = Files.createDirectories(folder(digest)).resolve(digest.hex());
            // Always replaces: the same content again, or a repair of a file that was damaged on disk.
            Files.move(incoming, target, ATOMIC_MOVE);
            sync(folder(digest));
            return digest;
        } finally {
            Files.deleteIfExists(incoming);
        }
    }

    @Override
    public void take(Path file, Digest digest) throws IOException {
        Path incoming = Files.createDirectories(folder.resolve("incoming")).resolve(UUID.randomUUID().toString());
        try {
            // A second name for the same bytes: of a file of gigabytes nothing is copied, and a crash leaves both names.
            Files.createLink(incoming, file);
        } catch (IOException | UnsupportedOperationException e) {
            Blobs.super.take(file, digest);
            return;
        }
        try {
            Files.setPosixFilePermissions(incoming, PosixFilePermissions.fromString("r--r--r--"));
            Path target = Files.createDirectories(folder(digest)).resolve(digest.hex());
            Files.move(incoming, target, ATOMIC_MOVE);
            sync(folder(digest));
        } finally {
            Files.deleteIfExists(incoming);
        }
    }

    @Override
    public void delete(Digest digest) {
        try {
            Files.deleteIfExists(path(digest));
        } catch (IOException e) {
            throw new UncheckedIOException("The blob " + digest + " cannot be deleted", e);
        }
    }

    private static Digest write(InputStream content, Path file) throws IOException {
        MessageDigest sha = Digest.sha256();
        try (FileChannel out = FileChannel.open(file, CREATE_NEW, WRITE)) {
            byte[] buffer = new byte[1 << 16];
            for (int n; (n = content.read(buffer)) >= 0;) {
                sha.update(buffer, 0, n);
                for (ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, n); bytes.hasRemaining();) {
                    out.write(bytes);
                }
            }
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
            out.force(true);
        }
        return Digest.of(sha.digest());
    }

    /** Makes the rename itself survive a power cut. */
    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory)) {
            channel.force(true);
        }
    }

    @Override
    public boolean has(Digest digest) {
        return Files.isRegularFile(path(digest));
    }

    @Override
    public Path path(Digest digest) {
        return folder(digest).resolve(digest.hex());
    }

    private Path folder(Digest digest) {
        return folder.resolve(digest.hex().substring(0, 2));
    }

    @Override
    public InputStream open(Digest digest) throws IOException {
        return Files.newInputStream(path(digest));
    }
}
