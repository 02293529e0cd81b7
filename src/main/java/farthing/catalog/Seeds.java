package farthing.catalog;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

import jakarta.enterprise.context.ApplicationScoped;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

import farthing.artefact.ArtefactFiles;
import farthing.artefact.Artefacts;
import farthing.artefact.Role;
import farthing.blob.Digest;
import farthing.identity.AccountId;
import farthing.identity.Accounts;

/** The models that a trial lists by itself, as {@code seeds.yaml} describes them. */
@ApplicationScoped
public class Seeds {

    private final Catalog catalog;
    private final Models models;
    private final Artefacts artefacts;
    private final Accounts accounts;

    Seeds(Catalog catalog, Models models, Artefacts artefacts, Accounts accounts) {
        this.catalog = catalog;
        this.models = models;
        this.artefacts = artefacts;
        this.accounts = accounts;
    }

    /**
     * Lists what is not listed yet; doing it again changes nothing.
     *
     * @param folder where the build put the models' files
     * @param progress told one line for each model that is listed or left out
     */
    public void plant(Path folder, AccountId developer, String handle, Consumer<String> progress) {
        for (Publication seed : described()) {
            ModelId id = new ModelId(handle, seed.name());
            if (models.find(id).isPresent()) {
                continue;
            }
            Map<Role, Path> files = new EnumMap<>(Role.class);
            seed.artefact().files().forEach((role, file) -> files.put(role, folder.resolve(file)));
            List<Path> missing = files.values().stream().filter(file -> !Files.isReadable(file)).toList();
            if (!missing.isEmpty()) {
                progress.accept("not listing " + id + ": " + missing.getFirst() + " is missing; build the project again or set"
                        + " FARTHING_SEED to the folder that holds it");
                continue;
            }
            progress.accept("listing " + id);
            catalog.publish(developer, accounts.walletOf(developer), id, seed, stored(seed, files));
        }
    }

    private List<VersionFile> stored(Publication seed, Map<Role, Path> paths) {
        try {
            ArtefactFiles artefact = artefacts.add(seed.artefact().engine().format(), paths);
            List<VersionFile> files = new ArrayList<>();
            for (Map.Entry<Role, Digest> file : artefact.files().entrySet()) {
                files.add(new VersionFile(file.getKey(), file.getValue().hex(), Files.size(paths.get(file.getKey()))));
            }
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot store the files of the model " + seed.name(), e);
        }
    }

    private static List<Publication> described() {
        try (InputStream in = Seeds.class.getResourceAsStream("/seeds.yaml")) {
            return new YAMLMapper().readValue(in, new TypeReference<List<Publication>>() {
            });
        } catch (IOException e) {
            throw new UncheckedIOException("seeds.yaml cannot be read", e);
        }
    }
}
