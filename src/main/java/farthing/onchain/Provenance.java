package farthing.onchain;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.catalog.VersionFacts;
import farthing.chain.RegistryCalls;

/** Where a version comes from, as a text that anyone can hash: JSON without spaces, its fields in alphabetical order. */
final class Provenance {

    private static final ObjectMapper JSON = new ObjectMapper();

    private Provenance() {
    }

    static String text(VersionFacts facts) {
        Map<String, Object> files = new TreeMap<>();
        facts.files().forEach(file -> {
            Map<String, Object> about = new LinkedHashMap<>();
            about.put("bytes", file.bytes());
            about.put("sha256", file.sha256());
            files.put(file.role(), about);
        });
        Map<String, Object> all = new TreeMap<>();
        all.put("attribution", facts.attribution());
        all.put("engine", facts.engine());
        all.put("files", files);
        all.put("licence", facts.licence());
        all.put("origin", facts.provenance());
        try {
            return JSON.writeValueAsString(all);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    static RegistryCalls.Version statement(VersionFacts facts) {
        String artefact = facts.files().stream().filter(file -> file.role().equals("MODEL")).findFirst().orElseThrow().sha256();
        return new RegistryCalls.Version(facts.payee(), facts.model().name() + "@" + facts.label(),
                HexFormat.of().parseHex(artefact), RegistryCalls.hash(text(facts).getBytes(StandardCharsets.UTF_8)),
                RegistryCalls.splitHash(facts.split()));
    }
}
