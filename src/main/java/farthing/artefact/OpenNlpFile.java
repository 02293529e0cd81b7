package farthing.artefact;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;

/** A language identification model of Apache OpenNLP: a zip with a manifest, one model and texts about it. */
final class OpenNlpFile {

    private static final String MANIFEST = "manifest.properties";
    private static final String MODEL = "langdetect.model";
    private static final Set<String> TEXTS = Set.of("report.txt", "NOTICE.txt", "LICENSE.txt", "README.txt", "NOTICE",
            "LICENSE",
            "README.md");
    private static final long LARGEST = 256L << 20;
    private static final int LARGEST_TEXT = 1 << 20;

    private OpenNlpFile() {
    }

    /** @throws WrongArtefact unless its first entry could be one of such a model */
    static Format looksLikeOne(Path file) throws IOException {
        try (ZipInputStream zip = open(file)) {
            ZipEntry first = next(zip);
            if (first != null && (first.getName().equals(MANIFEST) || first.getName().equals(MODEL))) {
                return Format.OPENNLP;
            }
            String name = first == null ? "" : first.getName();
            throw new WrongArtefact(Rule.FORMAT,
                    name.endsWith("data.pkl") || name.contains("/data.pkl") || name.endsWith("/byteorder")
                            ? "The model file is a checkpoint of PyTorch, a pickle that runs code when it is loaded; export the model as GGUF or"
                                    + " ONNX."
                            : "The model file is a zip archive; unpack it and send the model inside.");
        }
    }

    static ArtefactFacts check(Path file, Consumer<Rule> passed) throws IOException {
        Set<String> seen = new HashSet<>();
        try (ZipInputStream zip = open(file)) {
            for (ZipEntry entry = next(zip); entry != null; entry = next(zip)) {
                String name = entry.getName();
                boolean text = name.equals(MANIFEST) || TEXTS.contains(name);
                if (!text && !name.equals(MODEL)) {
                    throw wrong(
                            "The archive holds '" + GgufFile.shown(name) + "', which no model of OpenNLP holds; leave it out.");
                }
                if (!seen.add(name)) {
                    throw wrong("The archive holds '" + name + "' twice.");
                }
                byte[] kept = read(zip, name, text ? LARGEST_TEXT : LARGEST, name.equals(MANIFEST));
                if (name.equals(MANIFEST)
                        && !new String(kept, StandardCharsets.ISO_8859_1).contains("Component-Name=LanguageDetectorME")) {
                    throw wrong(
                            "The model is another tool of OpenNLP than its language detector, which is the one that runs here.");
                }
            }
        }
        if (!seen.contains(MANIFEST) || !seen.contains(MODEL)) {
            throw wrong("The archive lacks " + MANIFEST + " or " + MODEL + ", so it is no language detector of OpenNLP.");
        }
        passed.accept(Rule.ENTRIES);
        return new ArtefactFacts(Format.OPENNLP, "fp64", null, null, null, null, Set.of("language-identification"), false,
                null);
    }

    private static byte[] read(ZipInputStream zip, String name, long most, boolean keep) throws IOException {
        byte[] buffer = new byte[1 << 16];
        java.io.ByteArrayOutputStream kept = new java.io.ByteArrayOutputStream();
        long read = 0;
        try {
            for (int n; (n = zip.read(buffer)) >= 0;) {
                read += n;
                if (read > most) {
                    throw wrong("'%s' in the archive unpacks to more than %,d bytes.".formatted(name, most));
                }
                if (keep) {
                    kept.write(buffer, 0, n);
                }
            }
        } catch (ZipException | java.io.EOFException e) {
            throw broken();
        }
        return kept.toByteArray();
    }

    private static @org.jspecify.annotations.Nullable ZipEntry next(ZipInputStream zip) throws IOException {
        try {
            return zip.getNextEntry();
        } catch (ZipException | java.io.EOFException | IllegalArgumentException e) {
            throw broken();
        }
    }

    private static ZipInputStream open(Path file) throws IOException {
        return new ZipInputStream(new BufferedInputStream(Files.newInputStream(file)));
    }

    private static WrongArtefact broken() {
        return wrong("The archive is damaged or was cut off; send the file again.");
    }

    private static WrongArtefact wrong(String sentence) {
        return new WrongArtefact(Rule.ENTRIES, sentence);
    }
}
