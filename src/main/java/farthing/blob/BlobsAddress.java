package farthing.blob;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/** Where blobs are kept: {@code file:///folder} or {@code s3://bucket/prefix?region=…&endpoint=https://…}. */
public final class BlobsAddress {

    private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");

    private final @Nullable Path folder;
    private final @Nullable Bucket bucket;

    private BlobsAddress(@Nullable Path folder, @Nullable Bucket bucket) {
        this.folder = folder;
        this.bucket = bucket;
    }

    /** @param endpoint a server that is not Amazon's */
    record Bucket(String name, String prefix, String region, @Nullable URI endpoint) {
    }

    /** @throws IllegalArgumentException with the rest of a sentence; it never repeats the address, which may hold a secret */
    public static BlobsAddress of(String url) {
        URI uri = uri(url, "is no URL; write file:///folder or s3://bucket/prefix?region=…");
        return switch (String.valueOf(uri.getScheme())) {
            case "file" -> new BlobsAddress(folder(uri), null);
            case "s3" -> new BlobsAddress(null, bucket(uri));
            default -> throw new IllegalArgumentException("must start with file:/// or s3://.");
        };
    }

    /** @param cache local folder for copies of what is kept elsewhere */
    public Blobs open(Path cache) {
        return folder != null ? new FileBlobs(folder) : S3Blobs.of(Objects.requireNonNull(bucket), cache);
    }

    private static Path folder(URI uri) {
        try {
            return Path.of(uri);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("must name a folder of this machine by its whole path, such as file:///folder.");
        }
    }

    private static Bucket bucket(URI uri) {
        String name = String.valueOf(uri.getRawAuthority());
        if (!BUCKET.matcher(name).matches()) {
            throw new IllegalArgumentException("must have a bucket's name, and nothing else, after s3://; credentials go into"
                    + " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.");
        }
        Map<String, String> options = options(uri);
        String region = options.remove("region");
        String endpoint = options.remove("endpoint");
        if (!options.isEmpty()) {
            throw new IllegalArgumentException("has an option that is neither region nor endpoint.");
        }
        if (region == null || region.isBlank()) {
            throw new IllegalArgumentException("must say the bucket's region, such as ?region=eu-central-1.");
        }
        String path = uri.getPath().replaceAll("^/+|/+$", "");
        return new Bucket(name, path.isEmpty() ? "" : path + "/", region, endpoint == null ? null : endpoint(endpoint));
    }

    private static Map<String, String> options(URI uri) {
        Map<String, String> options = new HashMap<>();
        for (String option : Objects.requireNonNullElse(uri.getRawQuery(), "").split("&")) {
            if (!option.isEmpty()) {
                String[] parts = option.split("=", 2);
                options.put(parts[0], parts.length == 2 ? URLDecoder.decode(parts[1], UTF_8) : "");
            }
        }
        return options;
    }

    private static URI endpoint(String endpoint) {
        String wrong = "must have an endpoint such as https://minio.example.org:9000, without credentials.";
        URI uri = uri(endpoint, wrong);
        if (!endpoint.matches("https?://.*") || uri.getHost() == null || uri.getRawUserInfo() != null) {
            throw new IllegalArgumentException(wrong);
        }
        return uri;
    }

    private static URI uri(String text, String wrong) {
        try {
            return URI.create(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(wrong);
        }
    }
}
