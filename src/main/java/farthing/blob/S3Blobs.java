package farthing.blob;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

import org.jboss.logging.Logger;

import farthing.blob.BlobsAddress.Bucket;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** Blobs as objects of a bucket, {@code ab/abcdef…}, each copied to a local folder when its path is first asked for. */
final class S3Blobs implements Blobs {

    private static final Logger LOG = Logger.getLogger(S3Blobs.class);

    private final S3Client s3;
    private final Bucket bucket;
    private final FileBlobs cache;
    private final Map<Digest, Object> locks = new ConcurrentHashMap<>();

    private S3Blobs(S3Client s3, Bucket bucket, FileBlobs cache) {
        this.s3 = s3;
        this.bucket = bucket;
        this.cache = cache;
    }

    static S3Blobs of(Bucket bucket, Path cache) {
        var s3 = S3Client.builder().httpClientBuilder(UrlConnectionHttpClient.builder()).region(Region.of(bucket.region()))
                // Other servers than Amazon's may not know its checksums; ours is the SHA-256 in the name.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED);
        if (bucket.endpoint() != null) {
            s3.endpointOverride(bucket.endpoint()).forcePathStyle(true);
        }
        return new S3Blobs(s3.build(), bucket, new FileBlobs(cache));
    }

    @Override
    public Digest put(InputStream content) throws IOException {
        Digest digest = cache.put(content);
        if (!has(digest)) {
            ask(() -> s3.putObject(r -> r.bucket(bucket.name()).key(key(digest)), RequestBody.fromFile(cache.path(digest))));
        }
        return digest;
    }

    @Override
    public void delete(Digest digest) {
        ask(() -> s3.deleteObject(r -> r.bucket(bucket.name()).key(key(digest))));
        cache.delete(digest);
    }

    @Override
    public boolean has(Digest digest) {
        return ask(() -> {
            try {
                s3.headObject(r -> r.bucket(bucket.name()).key(key(digest)));
                return true;
            } catch (NoSuchKeyException e) {
                return false;
            }
        });
    }

    @Override
    public Path path(Digest digest) {
        synchronized (locks.computeIfAbsent(digest, d -> new Object())) {
            if (!cache.has(digest)) {
                ask(() -> download(digest));
            }
        }
        return cache.path(digest);
    }

    /** Leaves nothing behind for an object that is not there: who opens the path is told so. */
    private boolean download(Digest digest) {
        try (InputStream object = s3.getObject(r -> r.bucket(bucket.name()).key(key(digest)))) {
            Digest found = cache.put(object);
            if (!found.equals(digest)) {
                throw new BlobStoreFailed(
                        ("The object %s of bucket '%s' is damaged: its content has SHA-256 %s. Delete it and upload"
                                + " the model again.").formatted(key(digest), bucket.name(), found),
                        null);
            }
            return true;
        } catch (NoSuchKeyException e) {
            return false;
        } catch (IOException e) {
            throw new BlobStoreFailed(("The object %s of bucket '%s' could not be copied to this server (%s). Try again; if it"
                    + " stays, look at its disk and network.").formatted(key(digest), bucket.name(), e.getMessage()), e);
        }
    }

    @Override
    public InputStream open(Digest digest) throws IOException {
        return Files.newInputStream(path(digest));
    }

    private String key(Digest digest) {
        return bucket.prefix() + digest.hex().substring(0, 2) + "/" + digest.hex();
    }

    private <T> T ask(Supplier<T> question) {
        try {
            return question.get();
        } catch (SdkException e) {
            String what = "The bucket '" + bucket.name() + "' " + what(e);
            LOG.warnf("%s (%s)", what, e.getMessage());
            throw new BlobStoreFailed(what, e);
        }
    }

    private static String what(SdkException failure) {
        if (!(failure instanceof S3Exception e)) {
            return "cannot be asked: check that its endpoint runs and that this server has AWS credentials.";
        }
        return switch (e.awsErrorDetails() == null ? "" : String.valueOf(e.awsErrorDetails().errorCode())) {
            case "NoSuchBucket" -> "does not exist: create it or correct FARTHING_BLOBS_URL.";
            case "EntityTooLarge" -> "takes no file of this size; 5 GiB is the most.";
            default -> e.statusCode() == 403
                    ? "does not let this server in: check its AWS credentials and what they allow."
                    : "answered with status " + e.statusCode() + ": check FARTHING_BLOBS_URL, its region and endpoint.";
        };
    }
}
