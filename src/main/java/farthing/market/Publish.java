package farthing.market;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

import io.tus.java.client.ProtocolException;
import io.tus.java.client.TusClient;
import io.tus.java.client.TusExecutor;
import io.tus.java.client.TusURLStore;
import io.tus.java.client.TusUpload;
import io.tus.java.client.TusUploader;

/**
 * {@code ./farthing publish}: sends a model's files, going on where an earlier try stopped, and publishes them by the same API
 * as
 * everybody. Plain Java without the server's container; public because the launcher starts it.
 */
public final class Publish {

    private static final String USAGE = """
            usage: ./farthing publish OWNER/NAME --file MODEL [options]

              --file FILE            the model: GGUF, ONNX or OpenNLP
              --tokenizer FILE       tokenizer.json, for ONNX
              --task TASK            completion, chat, embedding, language-identification
              --purpose TEXT         one sentence for lists
              --card FILE            what it is good for and what not, in Markdown
              --licence SPDX         such as Apache-2.0
              --attribution TEXT     who made it, what it was made from
              --provenance TEXT      how it was made
              --price-input DOLLARS  per million tokens read        --price-output DOLLARS  per million tokens written
              --price-call DOLLARS   per call                       --price-item DOLLARS    per text
              --split PARTS          basis points: developer=7000,data_pool=2000,validators=200
              --template none|plain|model   how a chat becomes text
              --pooling mean|cls     how tokens become one vector   --normalise true|false
              --private              only you find and call it      --unlisted  in no list, not callable
              --from FILE            YAML or JSON with the same names; what stands here comes first
              --url ADDRESS          of the site; FARTHING_PUBLIC_URL or http://127.0.0.1:8080 without it

            FARTHING_ACCESS_TOKEN is a personal access token (fp_…) with the scope publish, from the page /account.
            What a further version leaves out is as in the one before. An upload that was interrupted goes on where it stopped.
            Exit code 0: listed; 1: refused; 2: wrong command; 3: the site could not be reached.""";

    private static final Set<String> OPTIONS = Set.of("file", "tokenizer", "task", "purpose", "card", "licence", "attribution",
            "provenance", "price-input", "price-output", "price-call", "price-item", "split", "template", "pooling",
            "normalise",
            "visibility", "from", "url");
    private static final Map<String, String> PRICES = Map.of("price-input", "per_million_input_tokens", "price-output",
            "per_million_output_tokens", "price-call", "per_call", "price-item", "per_item");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int REFUSED = 1;
    private static final int WRONG_COMMAND = 2;
    private static final int UNREACHABLE = 3;

    /** Ends the command with one sentence. */
    private static final class Failed extends Exception {

        private final int code;

        Failed(int code, String sentence) {
            super(sentence);
            this.code = code;
        }
    }

    private final PrintStream out;
    private final boolean terminal;
    private final Map<String, String> options;
    private final String model;
    private final String token;
    private final URI site;
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

    private Publish(PrintStream out, boolean terminal, String model, Map<String, String> options, String token) throws Failed {
        this.out = out;
        this.terminal = terminal;
        this.model = model;
        this.options = options;
        this.token = token;
        String url = options.getOrDefault("url", System.getenv().getOrDefault("FARTHING_PUBLIC_URL", "http://127.0.0.1:8080"));
        if (!url.matches("https?://[^/?#]+/*")) {
            throw new Failed(WRONG_COMMAND,
                    "--url is '" + url + "'; it must be the address of the site, such as https://models.example.");
        }
        this.site = URI.create(url.replaceAll("/+$", ""));
    }

    public static void main(String[] args) {
        System.exit(run(args, System.getenv("FARTHING_ACCESS_TOKEN"), System.out, System.err, System.console() != null));
    }

    static int run(String[] args, @Nullable String token, PrintStream out, PrintStream err, boolean terminal) {
        if (args.length == 0 || Set.of(args).contains("--help") || Set.of(args).contains("-h")) {
            out.println(USAGE);
            return args.length == 0 ? WRONG_COMMAND : 0;
        }
        try {
            Map<String, String> options = options(args);
            if (token == null || !token.startsWith("fp_")) {
                throw new Failed(WRONG_COMMAND,
                        "FARTHING_ACCESS_TOKEN must be a personal access token (fp_…) with the scope publish; make one at"
                                + " /account. (To a server the same name means the address of its vault's token: set it for this command only.)");
            }
            new Publish(out, terminal, args[0], options, token).publish();
            return 0;
        } catch (Failed failed) {
            err.println("farthing: " + failed.getMessage());
            return failed.code;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return REFUSED;
        }
    }

    private static Map<String, String> options(String[] args) throws Failed {
        if (!args[0].matches("[^/\\s-][^/\\s]*/[^/\\s]+")) {
            throw new Failed(WRONG_COMMAND, "the model comes first, as OWNER/NAME, and '" + args[0] + "' is none; see --help.");
        }
        Map<String, String> options = new LinkedHashMap<>();
        for (int i = 1; i < args.length; i++) {
            if (args[i].equals("--private") || args[i].equals("--unlisted")) {
                options.put("visibility", args[i].substring(2));
                continue;
            }
            String name = args[i].startsWith("--") ? args[i].substring(2) : "";
            if (!OPTIONS.contains(name)) {
                throw new Failed(WRONG_COMMAND, "there is no option '" + args[i] + "'; see --help.");
            }
            if (i + 1 == args.length) {
                throw new Failed(WRONG_COMMAND, "the option --" + name + " needs a value after it.");
            }
            options.put(name, args[++i]);
        }
        String from = options.get("from");
        if (from != null) {
            described(Path.of(from)).forEach(options::putIfAbsent);
        }
        return options;
    }

    /** Paths in it are below the folder that it lies in. */
    private static Map<String, String> described(Path file) throws Failed {
        Map<String, String> described = new LinkedHashMap<>();
        try {
            for (var field : new YAMLMapper().readTree(file.toFile()).properties()) {
                String name = field.getKey().replace('_', '-');
                if (!OPTIONS.contains(name)) {
                    throw new Failed(WRONG_COMMAND, file + " has '" + field.getKey() + "', which is no option; see --help.");
                }
                String value = field.getValue().isObject() ? parts(field.getValue()) : field.getValue().asText();
                described.put(name,
                        Set.of("file", "tokenizer", "card").contains(name) ? file.resolveSibling(value).toString() : value);
            }
        } catch (IOException e) {
            throw new Failed(WRONG_COMMAND, file + " cannot be read as YAML or JSON (" + firstLine(e) + ").");
        }
        return described;
    }

    private static String parts(JsonNode object) {
        return String.join(",",
                object.properties().stream().map(part -> part.getKey() + "=" + part.getValue().asText()).toList());
    }

    private void publish() throws Failed, InterruptedException {
        ObjectNode request = request();
        ObjectNode files = request.putObject("files");
        Store store = new Store();
        Set<String> sent = new HashSet<>();
        for (String role : new String[] { "file", "tokenizer" }) {
            String file = options.get(role);
            if (file != null) {
                String fingerprint = fingerprint(Path.of(file));
                sent.add(fingerprint);
                files.put(role.equals("file") ? "model" : role, upload(Path.of(file), fingerprint, store));
            }
        }
        JsonNode publication = call(HttpRequest.newBuilder(site.resolve("/api/models/" + model + "/versions"))
                .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(request.toString())));
        publication = followed(publication);
        sent.forEach(store::remove);
        if (!publication.path("state").asText().equals("listed")) {
            throw new Failed(REFUSED, publication.path("refused").path("detail").asText("the publication was refused."));
        }
        out.println(publication.path("version").asText() + " is listed: " + site + publication.path("href").asText());
    }

    /** Everything that can be found wrong before gigabytes are sent. */
    private ObjectNode request() throws Failed {
        ObjectNode request = JSON.createObjectNode();
        if (options.get("file") == null) {
            throw new Failed(WRONG_COMMAND, "--file is missing: the model to publish; see --help.");
        }
        for (String name : new String[] { "task", "purpose", "licence", "attribution", "provenance", "template", "pooling",
                "visibility" }) {
            String value = options.get(name);
            if (value != null) {
                request.put(name, value);
            }
        }
        String normalise = options.get("normalise");
        if (normalise != null) {
            request.put("normalise", Boolean.parseBoolean(normalise));
        }
        String card = options.get("card");
        if (card != null) {
            try {
                request.put("card", Files.readString(Path.of(card)));
            } catch (IOException e) {
                throw new Failed(WRONG_COMMAND, "the card " + card + " cannot be read (" + firstLine(e) + ").");
            }
        }
        for (var price : PRICES.entrySet()) {
            String dollars = options.get(price.getKey());
            if (dollars != null) {
                ObjectNode offer = request.get("offer") instanceof ObjectNode begun ? begun : request.putObject("offer");
                offer.put(price.getValue(), nanos(price.getKey(), dollars));
            }
        }
        String split = options.get("split");
        if (split != null) {
            ObjectNode parts = request.putObject("split");
            for (String part : split.split(",")) {
                String[] pair = part.strip().split("=", 2);
                if (pair.length != 2 || !pair[1].matches("[0-9]{1,5}")) {
                    throw new Failed(WRONG_COMMAND,
                            "--split has '" + part + "'; it is a list such as developer=7000,data_pool=2000.");
                }
                parts.put(pair[0].replace('-', '_'), Integer.parseInt(pair[1]));
            }
        }
        return request;
    }

    private static long nanos(String option, String dollars) throws Failed {
        try {
            return new BigDecimal(dollars).movePointRight(9).longValueExact();
        } catch (ArithmeticException | NumberFormatException e) {
            throw new Failed(WRONG_COMMAND,
                    "--" + option + " is '" + dollars + "'; it is dollars with at most nine digits after the point.");
        }
    }

    private String upload(Path file, String fingerprint, Store store) throws Failed, InterruptedException {
        TusClient client = new TusClient();
        client.setHeaders(Map.of("Authorization", "Bearer " + token));
        client.enableResuming(store);
        String[] id = new String[1];
        try {
            client.setUploadCreationURL(site.resolve("/api/uploads").toURL());
            String checksum = "sha256 " + sha256(file);
            TusExecutor sending = new TusExecutor() {
                @Override
                protected void makeAttempt() throws ProtocolException, IOException {
                    id[0] = send(client, file, fingerprint, checksum, store);
                }
            };
            sending.setDelays(new int[] { 500, 1000, 2000, 4000, 8000, 15_000, 30_000 });
            if (!sending.makeAttempts()) {
                throw new InterruptedException();
            }
        } catch (ProtocolException e) {
            throw refused(e, file);
        } catch (IOException e) {
            throw new Failed(UNREACHABLE, "'" + file.getFileName() + "' could not be sent to " + site + " (" + firstLine(e)
                    + "); run the command again, and it goes on where it stopped.");
        }
        return id[0];
    }

    private String send(TusClient client, Path file, String fingerprint, String checksum, Store store)
            throws ProtocolException, IOException {
        String name = String.valueOf(file.getFileName());
        TusUpload upload = new TusUpload(file.toFile());
        upload.setFingerprint(fingerprint);
        upload.setMetadata(Map.of("filename", name, "checksum", checksum));
        TusUploader uploader = begun(client, upload, fingerprint, store);
        uploader.setChunkSize(1 << 20);
        uploader.setRequestPayloadSize(64 << 20);
        long size = upload.getSize();
        long shown = -1;
        do {
            long percent = size == 0 ? 100 : uploader.getOffset() * 100 / size;
            if (percent != shown && (terminal || percent % 25 == 0)) {
                shown = percent;
                String line = "sending %s: %d %% of %,d bytes".formatted(name, percent, size);
                out.print(terminal ? "\r" + line : line + System.lineSeparator());
                out.flush();
            }
        } while (uploader.uploadChunk() >= 0);
        uploader.finish();
        if (terminal) {
            out.println();
        }
        String path = uploader.getUploadURL().getPath();
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static TusUploader begun(TusClient client, TusUpload upload, String fingerprint, Store store)
            throws ProtocolException, IOException {
        try {
            return client.resumeOrCreateUpload(upload);
        } catch (ProtocolException e) {
            HttpURLConnection answer = e.getCausingConnection();
            if (answer == null || answer.getResponseCode() != HttpURLConnection.HTTP_GONE) {
                throw e;
            }
            // It waited too long there, or was refused: another begins.
            store.remove(fingerprint);
            return client.createUpload(upload);
        }
    }

    private Failed refused(ProtocolException e, Path file) {
        HttpURLConnection answer = e.getCausingConnection();
        try {
            if (answer != null && answer.getErrorStream() != null) {
                try (InputStream body = answer.getErrorStream()) {
                    String detail = JSON.readTree(body).path("detail").asText();
                    if (!detail.isEmpty()) {
                        return new Failed(REFUSED, detail);
                    }
                }
            }
        } catch (IOException none) {
            // The status has to do.
        }
        return new Failed(REFUSED, "'" + file.getFileName() + "' was not taken (" + firstLine(e) + ").");
    }

    /** Prints each step once it is done. */
    private JsonNode followed(JsonNode begun) throws Failed, InterruptedException {
        Set<String> told = new HashSet<>();
        JsonNode publication = begun;
        String id = begun.path("id").asText();
        while (true) {
            for (JsonNode step : publication.path("steps")) {
                String state = step.path("state").asText();
                if ((state.equals("done") || state.equals("failed")) && told.add(step.path("rule").asText())) {
                    String says = step.path("says").asText("");
                    out.println((state.equals("done") ? "✓ " : "✗ ") + step.path("rule").asText()
                            + (says.isEmpty() || says.equals("null") || state.equals("failed") ? "" : ": " + says));
                }
            }
            if (!publication.path("state").asText().equals("running")) {
                return publication;
            }
            Thread.sleep(500);
            publication = call(HttpRequest.newBuilder(site.resolve("/api/publications/" + id)));
        }
    }

    private JsonNode call(HttpRequest.Builder request) throws Failed, InterruptedException {
        try {
            HttpResponse<String> response = http.send(request.header("Authorization", "Bearer " + token)
                    .header("Accept", "application/json").timeout(Duration.ofMinutes(1)).build(),
                    HttpResponse.BodyHandlers.ofString());
            JsonNode body = json(response.body());
            if (response.statusCode() >= 400) {
                StringBuilder sentence = new StringBuilder(body.path("detail").asText("the site answered with status "
                        + response.statusCode() + "."));
                for (JsonNode error : body.path("errors")) {
                    String detail = error.path("detail").asText(error.path("message").asText(error.asText()));
                    if (!sentence.toString().contains(detail)) {
                        sentence.append(System.lineSeparator()).append("  ").append(detail);
                    }
                }
                throw new Failed(REFUSED, sentence.toString());
            }
            return body;
        } catch (IOException e) {
            throw new Failed(UNREACHABLE, site + " could not be reached (" + firstLine(e) + "); run the command again.");
        }
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        }
    }

    private String fingerprint(Path file) throws Failed {
        try {
            return site + " " + file.toRealPath() + " " + Files.size(file) + " " + Files.getLastModifiedTime(file).toMillis();
        } catch (IOException e) {
            throw new Failed(WRONG_COMMAND, "the file " + file + " cannot be read.");
        }
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            for (int n; (n = in.read(buffer)) >= 0;) {
                sha.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getSimpleName());
    }

    /** Where uploads under way are, in the user's cache folder, so that the next run goes on with them. */
    private static final class Store implements TusURLStore {

        private final Path file;
        private final Properties addresses = new Properties();

        Store() {
            String cache = System.getenv("XDG_CACHE_HOME");
            file = (cache == null || cache.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache))
                    .resolve("farthing").resolve("uploads.properties");
            if (Files.isReadable(file)) {
                try (InputStream in = Files.newInputStream(file)) {
                    addresses.load(in);
                } catch (IOException | IllegalArgumentException e) {
                    // Then every upload begins anew.
                }
            }
        }

        @Override
        public void set(String fingerprint, URL url) {
            addresses.setProperty(fingerprint, url.toString());
            save();
        }

        @Override
        public @Nullable URL get(String fingerprint) {
            String url = addresses.getProperty(fingerprint);
            try {
                return url == null ? null : URI.create(url).toURL();
            } catch (IOException | IllegalArgumentException e) {
                return null;
            }
        }

        @Override
        public void remove(String fingerprint) {
            addresses.remove(fingerprint);
            save();
        }

        private void save() {
            try {
                Files.createDirectories(file.getParent());
                try (var to = Files.newOutputStream(file)) {
                    addresses.store(to, null);
                }
            } catch (IOException e) {
                // An interrupted upload then begins anew.
            }
        }
    }
}
