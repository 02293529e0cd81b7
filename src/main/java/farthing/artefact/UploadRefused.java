package farthing.artefact;

import java.time.Duration;
import java.util.Optional;

import farthing.web.Problem;

/** What was asked of an upload cannot be. */
public abstract sealed class UploadRefused extends Problem {

    private UploadRefused(int status, String code, String message) {
        super(status, code, message);
    }

    /** There is none of that name, or it is another account's. */
    public static final class NoSuchUpload extends UploadRefused {
        NoSuchUpload(Object id) {
            super(404, "upload_not_found", "You have no upload " + shortened(id.toString()) + ". Begin a new one.");
        }
    }

    /** It was ended, or waited for too long. */
    public static final class Gone extends UploadRefused {
        Gone(UploadId id) {
            super(410, "upload_gone",
                    "The upload " + id + " was ended or waited too long, and its bytes are deleted. Begin a new one.");
        }
    }

    /** What was sent turned out to be wrong. */
    public static final class Refused extends UploadRefused {
        Refused(String sentence) {
            super(410, "upload_refused", sentence);
        }
    }

    /** The whole file is needed, and not all of it has arrived. */
    public static final class NotComplete extends UploadRefused {
        NotComplete(Upload upload) {
            super(409, "upload_not_complete", "Of '%s' %,d of %,d bytes have arrived; send the rest first."
                    .formatted(upload.fileName(), upload.received(), upload.size()));
        }
    }

    static final class WrongOffset extends UploadRefused {
        WrongOffset(long given, long here) {
            super(409, "wrong_offset", "The next byte of this upload is number " + here + ", and " + given
                    + " was sent; ask with HEAD and go on from there.");
        }
    }

    static final class Busy extends UploadRefused {
        Busy() {
            super(423, "upload_busy",
                    "Another request is sending this upload; only one may at a time. Wait for it, or stop it.");
        }

        @Override
        public Optional<Duration> retryAfter() {
            return Optional.of(Duration.ofSeconds(1));
        }
    }

    static final class Elsewhere extends UploadRefused {
        Elsewhere() {
            super(503, "upload_elsewhere", "The first part of this upload lies on another server of this site, which cannot be"
                    + " reached from here; try again, or begin a new upload.");
        }

        @Override
        public Optional<Duration> retryAfter() {
            return Optional.of(Duration.ofSeconds(2));
        }
    }

    static final class ChecksumMismatch extends UploadRefused {
        ChecksumMismatch(String algorithm) {
            super(460, "checksum_mismatch", "The bytes that arrived do not have the " + algorithm
                    + " that was sent with them and were dropped; send them again.");
        }
    }

    static final class WrongDigest extends UploadRefused {
        WrongDigest(String sentence) {
            super(460, "wrong_checksum", sentence);
        }
    }

    static final class TooLong extends UploadRefused {
        TooLong(long size) {
            super(413, "upload_too_long",
                    "More bytes were sent than the %,d that were announced for this upload, and were dropped."
                            .formatted(size));
        }
    }

    static final class TooLarge extends UploadRefused {
        TooLarge(long size, long largest) {
            super(413, "file_too_large",
                    "The file has %,d bytes; the largest that is taken here has %,d.".formatted(size, largest));
        }
    }

    static final class OverQuota extends UploadRefused {
        OverQuota(long size, long used, long quota) {
            super(413, "upload_quota_reached",
                    ("The file has %,d bytes and your other uploads %,d, which is more than the %,d that"
                            + " an account may have here before they are published; publish or delete some first.")
                            .formatted(size, used, quota));
        }
    }

    static final class TooMany extends UploadRefused {
        TooMany(int most) {
            super(429, "too_many_uploads",
                    "You have " + most + " uploads under way, which is as many as there may be; finish or delete"
                            + " some first.");
        }
    }

    static final class Empty extends UploadRefused {
        Empty() {
            super(422, "empty_file", "The file has zero bytes, so there is nothing in it to publish; choose the right file.");
        }
    }

    static final class WrongFileName extends UploadRefused {
        WrongFileName(String what) {
            super(422, "wrong_file_name", "The file name " + what + "; send a plain name such as model.gguf.");
        }
    }

    static final class WrongHeader extends UploadRefused {

        private final String header;

        WrongHeader(String header, String what) {
            super(400, "wrong_header", "The header " + header + " " + what + ".");
            this.header = header;
        }

        @Override
        public Optional<String> param() {
            return Optional.of(header);
        }
    }

    static final class WrongVersion extends UploadRefused {
        WrongVersion() {
            super(412, "wrong_tus_version",
                    "Send 'Tus-Resumable: 1.0.0': that is the version of the tus protocol spoken here.");
        }
    }

    static final class WrongType extends UploadRefused {
        WrongType() {
            super(415, "unsupported_media_type",
                    "The bytes of an upload come with 'Content-Type: application/offset+octet-stream'.");
        }
    }

    static final class DiskFull extends UploadRefused {
        DiskFull() {
            super(507, "disk_full",
                    "This site has no room for the file now, and what had arrived of it is deleted; try again later"
                            + " or tell the operator.");
        }
    }

    private static String shortened(String text) {
        return text.length() > 64 ? text.substring(0, 64) + "…" : text;
    }
}
