package farthing.artefact;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;

import farthing.blob.Digest;

/**
 * The bytes of uploads that are not complete, one file each, named by the upload's id. The length of the file is the offset: it
 * is told only after the bytes were forced to the disk. A lock on the file keeps other writers off, those of other servers on a
 * shared folder included, and ends with the process that holds it.
 */
final class UploadFolder {

    private static final int FORCE_EVERY = 64 << 20;
    private static final String CHUNK = ".chunk";

    /** What a chunk must hash to. */
    record ChunkChecksum(String algorithm, byte[] expected) {

        MessageDigest digest() {
            return hash(algorithm);
        }
    }

    /** The client stopped sending; what had arrived stays. */
    static final class ClientLeft extends IOException {
        ClientLeft(IOException cause) {
            super("the client stopped sending", cause);
        }
    }

    /** The disk does not take the bytes. */
    static final class NotWritten extends IOException {
        NotWritten(IOException cause) {
            super(cause);
        }
    }

    private record Hashed(long upTo, MessageDigest sha) {
    }

    private final Path folder;
    private final UUID place;
    private final Map<UploadId, Writing> writing = new ConcurrentHashMap<>();
    /** How far each file was hashed when its last request ended; what is not here is hashed again from its beginning. */
    private final Cache<UploadId, Hashed> hashed = Caffeine.newBuilder().maximumSize(256).build();

    UploadFolder(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder.toAbsolutePath());
        this.place = place(this.folder.resolve("place"));
    }

    private static UUID place(Path file) throws IOException {
        try {
            Files.writeString(file, UUID.randomUUID().toString(), CREATE_NEW, WRITE);
        } catch (FileAlreadyExistsException e) {
            // Another start made it.
        }
        return UUID.fromString(Files.readString(file).strip());
    }

    /** Names this folder, wherever it is mounted. */
    UUID place() {
        return place;
    }

    long free() throws IOException {
        return Files.getFileStore(folder).getUsableSpace();
    }

    Path file(UploadId id) {
        return folder.resolve(id.toString());
    }

    private Path chunk(UploadId id) {
        return folder.resolve(id + CHUNK);
    }

    void create(UploadId id) throws IOException {
        Files.createFile(file(id));
    }

    /** How many bytes are here for good. @throws NoSuchFileException when there is no such file */
    long offset(UploadId id) throws IOException {
        try (FileChannel channel = writable(file(id))) {
            channel.force(true);
            long size = channel.size();
            return Files.exists(chunk(id)) ? Math.min(size, unverifiedFrom(id)) : size;
        }
    }

    private static FileChannel writable(Path file) throws IOException {
        if (Files.exists(file) && !Files.isWritable(file)) {
            // It is a blob already, but the server ended before this name was deleted.
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        }
        return FileChannel.open(file, READ, WRITE);
    }

    private static void force(FileChannel channel) throws IOException {
        try {
            channel.force(true);
        } catch (IOException e) {
            throw new NotWritten(e);
        }
    }

    private long unverifiedFrom(UploadId id) throws IOException {
        try {
            String text = Files.readString(chunk(id));
            return text.isEmpty() ? 0 : Long.parseLong(text);
        } catch (NoSuchFileException e) {
            return Long.MAX_VALUE;
        }
    }

    /** Whoever writes it stops soon. */
    void delete(UploadId id) throws IOException {
        Writing writer = writing.get(id);
        if (writer != null) {
            writer.unwanted = true;
        }
        hashed.invalidate(id);
        Files.deleteIfExists(file(id));
        Files.deleteIfExists(chunk(id));
    }

    List<UploadId> all() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString().replace(CHUNK, "")).filter(name -> name.length() == 36)
                    .distinct()
                    .map(UploadId::parse).toList();
        }
    }

    /**
     * @throws UploadRefused.Busy when somebody writes it
     * @throws NoSuchFileException when there is no such file
     */
    Writing open(UploadId id) throws IOException {
        return new Writing(id);
    }

    /** The one writer of a file. */
    final class Writing implements Closeable {

        private final UploadId id;
        private final FileChannel channel;
        private long at;
        private MessageDigest sha;
        private volatile boolean unwanted;

        private Writing(UploadId id) throws IOException {
            this.id = id;
            if (writing.putIfAbsent(id, this) != null) {
                throw new UploadRefused.Busy();
            }
            boolean ready = false;
            @Nullable
            FileChannel opened = null;
            try {
                opened = writable(file(id));
                if (!locked(opened)) {
                    throw new UploadRefused.Busy();
                }
                channel = opened;
                dropUnverified();
                at = channel.size();
                sha = sha();
                ready = true;
            } finally {
                if (!ready) {
                    if (opened != null) {
                        opened.close();
                    }
                    writing.remove(id, this);
                }
            }
        }

        private static boolean locked(FileChannel channel) throws IOException {
            try {
                return channel.tryLock() != null;
            } catch (OverlappingFileLockException e) {
                return false;
            }
        }

        private void dropUnverified() throws IOException {
            if (Files.exists(chunk(id))) {
                channel.truncate(unverifiedFrom(id));
                channel.force(true);
                Files.delete(chunk(id));
            }
        }

        private MessageDigest sha() throws IOException {
            Hashed known = hashed.getIfPresent(id);
            if (known != null && known.upTo == at) {
                return cloned(known.sha);
            }
            MessageDigest fresh = hash("SHA-256");
            ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
            for (long from = 0; from < at; from += buffer.limit()) {
                buffer.clear();
                if (channel.read(buffer, from) < 0) {
                    throw new IOException("The file of upload " + id + " shrinks");
                }
                fresh.update(buffer.flip());
            }
            return fresh;
        }

        long offset() {
            return at;
        }

        /**
         * Appends what the stream brings.
         *
         * @param most bytes that may come
         * @throws ClientLeft when the stream breaks off; what had come stays, unless a checksum was to be proven
         * @throws NotWritten when the disk takes no more
         * @throws UploadRefused.TooLong, UploadRefused.ChecksumMismatch when nothing was appended
         */
        void append(InputStream in, long most, @Nullable ChunkChecksum checksum) throws IOException {
            long start = at;
            MessageDigest before = cloned(sha);
            MessageDigest chunk = checksum == null ? null : checksum.digest();
            if (chunk != null) {
                Files.writeString(chunk(id), Long.toString(start), CREATE, WRITE);
            }
            boolean whole = false;
            try {
                copy(in, start + most, chunk);
                if (in.read() >= 0) {
                    rewind(start, before);
                    throw new UploadRefused.TooLong(start + most);
                }
                if (checksum != null && chunk != null && !Arrays.equals(chunk.digest(), checksum.expected)) {
                    rewind(start, before);
                    throw new UploadRefused.ChecksumMismatch(checksum.algorithm);
                }
                whole = true;
            } finally {
                if (checksum != null) {
                    if (!whole && at != start) {
                        rewind(start, before);
                    }
                    Files.deleteIfExists(chunk(id));
                }
                if (!unwanted) {
                    force(channel);
                    hashed.put(id, new Hashed(at, cloned(sha)));
                }
            }
        }

        private void copy(InputStream in, long end, @Nullable MessageDigest chunk) throws IOException {
            byte[] buffer = new byte[1 << 16];
            long forced = at;
            while (at < end) {
                int n = read(in, buffer, (int) Math.min(buffer.length, end - at));
                if (n < 0) {
                    return;
                }
                if (unwanted) {
                    throw new UploadRefused.Gone(id);
                }
                write(ByteBuffer.wrap(buffer, 0, n));
                sha.update(buffer, 0, n);
                if (chunk != null) {
                    chunk.update(buffer, 0, n);
                }
                if (at - forced >= FORCE_EVERY) {
                    force(channel);
                    forced = at;
                }
            }
        }

        private void write(ByteBuffer bytes) throws IOException {
            try {
                while (bytes.hasRemaining()) {
                    at += channel.write(bytes, at);
                }
            } catch (IOException e) {
                throw new NotWritten(e);
            }
        }

        private void rewind(long to, MessageDigest then) throws IOException {
            channel.truncate(to);
            at = to;
            sha = then;
        }

        /** Of all bytes that are here. */
        Digest digest() {
            return Digest.of(cloned(sha).digest());
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                writing.remove(id, this);
            }
        }
    }

    private static int read(InputStream in, byte[] buffer, int most) throws IOException {
        try {
            return in.read(buffer, 0, most);
        } catch (IOException e) {
            throw new ClientLeft(e);
        }
    }

    private static MessageDigest cloned(MessageDigest digest) {
        try {
            return (MessageDigest) digest.clone();
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("The JDK's own digests can be copied", e);
        }
    }

    private static MessageDigest hash(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm.toUpperCase(Locale.ROOT).replaceFirst("^SHA-?", "SHA-"));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(algorithm, e);
        }
    }
}
