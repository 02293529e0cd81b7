package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;

import farthing.TestDatabase;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;

/** What {@code k8s} renders is valid, and starts the image as the Dockerfile makes it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DeploymentTest {

    private static final Set<Class<? extends HasMetadata>> KINDS = Set.of(Namespace.class, ServiceAccount.class,
            ConfigMap.class, Service.class, PersistentVolumeClaim.class, Deployment.class, PodDisruptionBudget.class,
            NetworkPolicy.class, Ingress.class, HorizontalPodAutoscaler.class);
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
    /** Kubernetes' models keep what they do not know; here that is an error. */
    private static final ObjectMapper STRICT = new ObjectMapper()
            .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, true)
            .setAnnotationIntrospector(new JacksonAnnotationIntrospector() {
                private static final long serialVersionUID = 1;

                @Override
                public @Nullable Boolean hasAnySetter(Annotated annotated) {
                    return false;
                }
            });

    private final Map<String, List<HasMetadata>> rendered = new HashMap<>();

    @BeforeAll
    void render(@TempDir Path copy) throws Exception {
        try (Stream<Path> files = Files.walk(Path.of("k8s"))) {
            for (Path file : files.toList()) {
                Path to = copy.resolve(Path.of("k8s").relativize(file));
                if (Files.isDirectory(file)) {
                    Files.createDirectories(to);
                } else {
                    Files.copy(file, to);
                }
            }
        }
        String version = kubectl("version", "--client", "-o", "json");
        if (!version.contains("kustomizeVersion")) {
            asOldKustomizeWants(copy.resolve("overlays/production/kustomization.yaml"));
        }
        for (String folder : List.of("base", "overlays/production")) {
            rendered.put(folder, parse(kubectl("kustomize", copy.resolve(folder).toString())));
        }
    }

    /** The kubectl of some distributions still brings kustomize 2.0.3, in which two fields have older names. */
    private static void asOldKustomizeWants(Path file) throws IOException {
        ObjectNode root = (ObjectNode) YAML.readTree(file.toFile());
        ArrayNode resources = (ArrayNode) root.get("resources");
        ArrayNode bases = root.putArray("bases");
        for (int i = resources.size() - 1; i >= 0; i--) {
            if (Files.isDirectory(file.resolveSibling(resources.get(i).asText()))) {
                bases.add(resources.remove(i));
            }
        }
        ArrayNode patches = root.putArray("patchesStrategicMerge");
        root.remove("patches").forEach(patch -> patches.add(patch.get("path")));
        YAML.writeValue(file.toFile(), root);
    }

    private static String kubectl(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("kubectl"));
        command.addAll(List.of(arguments));
        Path errors = Files.createTempFile("kubectl", ".log");
        Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(String.join(" ", command) + "\n" + Files.readString(errors)).isZero();
        assertThat(errors).as("warnings").content().doesNotContainIgnoringCase("deprecated");
        return said;
    }

    private static List<HasMetadata> parse(String yaml) throws IOException {
        Map<String, Class<? extends HasMetadata>> kinds = KINDS.stream()
                .collect(Collectors.toMap(kind -> HasMetadata.getApiVersion(kind) + " " + HasMetadata.getKind(kind),
                        Function.identity()));
        List<HasMetadata> objects = new ArrayList<>();
        try (var documents = YAML.readerFor(JsonNode.class).<JsonNode> readValues(yaml)) {
            while (documents.hasNext()) {
                JsonNode document = documents.next();
                String kind = document.get("apiVersion").asText() + " " + document.get("kind").asText();
                assertThat(kinds).as("kinds of objects").containsKey(kind);
                objects.add(STRICT.treeToValue(document, Objects.requireNonNull(kinds.get(kind))));
            }
        }
        return objects;
    }

    @Test
    void aMisspeltFieldWouldBeFound() {
        assertThatThrownBy(() -> parse("""
                apiVersion: apps/v1
                kind: Deployment
                spec:
                  template:
                    spec:
                      containers:
                        - name: server
                          securityContexts: {}
                """)).hasMessageContaining("securityContexts");
    }

    @Test
    void baseAndOverlayHaveAServerAnEngineHostAndWhatTheyNeed() {
        assertThat(rendered.get("base")).extracting(object -> object.getKind() + " " + object.getMetadata().getName())
                .contains("Deployment farthing", "Deployment farthing-engine", "Service farthing", "Service farthing-engine",
                        "PodDisruptionBudget farthing", "PersistentVolumeClaim farthing-blobs");
        assertThat(rendered.get("overlays/production")).hasSizeGreaterThan(Objects.requireNonNull(rendered.get("base")).size())
                .filteredOn(Ingress.class::isInstance).hasSize(1);
        assertThat(all(HasMetadata.class)).filteredOn(object -> !(object instanceof Namespace))
                .allSatisfy(object -> assertThat(object.getMetadata().getNamespace()).isEqualTo("farthing"));
    }

    @Test
    void settingsAreDocumentedAndSecretsAreOnlyReferredTo() throws IOException {
        Set<String> documented = matches(Files.readString(Path.of("docs/configuration.md")), "`(FARTHING_\\w+)`");
        Set<String> secrets = new TreeSet<>();
        for (Container container : containers()) {
            assertThat(container.getEnvFrom()).allSatisfy(from -> assertThat(from.getSecretRef()).isNull());
            for (EnvVar setting : container.getEnv()) {
                assertThat(documented).contains(setting.getName());
                if (setting.getValueFrom() != null && setting.getValueFrom().getSecretKeyRef() != null) {
                    secrets.add(setting.getValueFrom().getSecretKeyRef().getName() + " "
                            + setting.getValueFrom().getSecretKeyRef().getKey());
                }
                assertThat(setting.getValue() == null || !setting.getName().matches(".*(KEY|SECRET|PASSWORD).*"))
                        .as(setting.getName() + " is a reference").isTrue();
            }
        }
        assertThat(all(ConfigMap.class)).isNotEmpty().allSatisfy(settings -> assertThat(settings.getData().keySet())
                .isSubsetOf(documented).noneMatch(name -> name.matches(".*(KEY|SECRET|PASSWORD).*")));
        assertThat(examples()).isEqualTo(secrets);
    }

    /** What a person is told to make. */
    private static Set<String> examples() throws IOException {
        Set<String> examples = new TreeSet<>();
        try (var documents = YAML.readerFor(JsonNode.class)
                .<JsonNode> readValues(Path.of("k8s/secret.example.yaml").toFile())) {
            documents.forEachRemaining(secret -> secret.get("stringData").properties().forEach(entry -> {
                assertThat(entry.getValue().asText()).as("a placeholder").isEmpty();
                examples.add(secret.at("/metadata/name").asText() + " " + entry.getKey());
            }));
        }
        return examples;
    }

    @Test
    void theServerGetsAllThatProductionNeeds() {
        for (List<HasMetadata> objects : rendered.values()) {
            Map<String, String> settings = only(objects, ConfigMap.class, "farthing-").getData();
            Container server = container(objects, "server");
            assertThat(server.getEnvFrom().getFirst().getConfigMapRef().getName())
                    .isEqualTo(only(objects, ConfigMap.class, "farthing-").getMetadata().getName());
            Set<String> given = new TreeSet<>(settings.keySet());
            server.getEnv().forEach(setting -> given.add(setting.getName()));
            assertThat(given).containsAll(Settings.NEEDED).contains("FARTHING_ENGINE_URL", "FARTHING_ENGINE_SECRET");
        }
        // The engine host runs strangers' models: it has no key, no database.
        assertThat(all(Deployment.class)).filteredOn(deployment -> deployment.getMetadata().getName().equals("farthing-engine"))
                .allSatisfy(engine -> assertThat(engine.getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv())
                        .extracting(EnvVar::getName)
                        .containsExactlyInAnyOrder("FARTHING_ENGINE_LISTEN", "FARTHING_ENGINE_SECRET", "FARTHING_BLOBS_URL"));
    }

    @Test
    void podsAreRestricted() {
        for (Deployment deployment : all(Deployment.class)) {
            PodSpec pod = deployment.getSpec().getTemplate().getSpec();
            assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
            assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
            assertThat(pod.getAutomountServiceAccountToken()).isFalse();
            assertThat(deployment.getSpec().getTemplate().getMetadata().getLabels())
                    .containsAllEntriesOf(deployment.getSpec().getSelector().getMatchLabels());
            for (Container container : Stream.concat(pod.getInitContainers().stream(), pod.getContainers().stream()).toList()) {
                assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
                assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
                assertThat(container.getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
                assertThat(container.getResources().getRequests()).containsKeys("cpu", "memory");
                assertThat(container.getResources().getLimits()).containsKey("memory");
                assertThat(container.getVolumeMounts()).extracting("mountPath").contains("/tmp");
                assertThat(pod.getVolumes()).extracting("name")
                        .containsAll(container.getVolumeMounts().stream().map(mount -> mount.getName()).toList());
            }
        }
    }

    @Test
    void nothingReachesTheEngineHostButServersAndItReachesNothing() {
        for (List<HasMetadata> objects : rendered.values()) {
            var engine = only(objects, NetworkPolicy.class, "farthing-engine").getSpec();
            assertThat(engine.getPolicyTypes()).containsExactlyInAnyOrder("Ingress", "Egress");
            assertThat(engine.getEgress()).isEmpty();
            assertThat(engine.getIngress()).singleElement().satisfies(from -> {
                assertThat(from.getFrom()).singleElement().satisfies(peer -> assertThat(peer.getPodSelector().getMatchLabels())
                        .containsEntry("app.kubernetes.io/component", "server"));
                assertThat(from.getPorts()).singleElement()
                        .satisfies(port -> assertThat(port.getPort().getIntVal()).isEqualTo(9090));
            });
            var nothingElse = only(objects, NetworkPolicy.class, "farthing-nothing-else").getSpec();
            assertThat(nothingElse.getIngress()).isEmpty();
            assertThat(nothingElse.getEgress()).isEmpty();
            for (Deployment deployment : of(objects, Deployment.class)) {
                assertThat(deployment.getSpec().getTemplate().getMetadata().getLabels())
                        .containsAllEntriesOf(nothingElse.getPodSelector().getMatchLabels());
            }
        }
    }

    @Test
    void portsUsersCommandsAndFoldersAreThoseOfTheImage() throws IOException {
        String image = Files.readString(Path.of("Dockerfile"));
        String commands = Files.readString(Path.of("src/main/image/farthing"));
        assertThat(image).contains("ENTRYPOINT [\"farthing\"]", "CMD [\"run\"]", "/usr/local/bin/farthing");
        for (Container container : containers()) {
            assertThat(container.getCommand()).as("the image's entry point starts it").isEmpty();
            container.getArgs().forEach(command -> assertThat(commands).contains("\n  " + command + ") exec java"));
            container.getPorts().forEach(
                    port -> assertThat(image).containsPattern("EXPOSE .*\\b" + port.getContainerPort() + "\\b"));
            container.getVolumeMounts().stream().filter(mount -> !mount.getMountPath().equals("/tmp"))
                    .forEach(mount -> assertThat(image).contains("VOLUME").contains('"' + mount.getMountPath() + '"'));
            Stream.of(container.getStartupProbe(), container.getLivenessProbe(), container.getReadinessProbe())
                    .filter(Objects::nonNull).forEach(probe -> assertThat(container.getPorts()).extracting("name")
                            .contains(port(probe)));
        }
        for (Deployment deployment : all(Deployment.class)) {
            PodSpec pod = deployment.getSpec().getTemplate().getSpec();
            assertThat(image).contains("USER " + pod.getSecurityContext().getRunAsUser() + ":"
                    + pod.getSecurityContext().getRunAsGroup());
            // Calls in flight have 10 s, in a server; what hides it from new ones goes before.
            assertThat(pod.getTerminationGracePeriodSeconds()).isGreaterThanOrEqualTo(30);
        }
        assertThat(Files.readString(Path.of("src/main/resources/application.properties")))
                .contains("quarkus.shutdown.timeout=10s");
        assertThat(container(Objects.requireNonNull(rendered.get("base")), "server").getStartupProbe().getHttpGet().getPath())
                .isEqualTo("/q/health/started");
    }

    private static String port(Probe probe) {
        return probe.getHttpGet() == null ? probe.getTcpSocket().getPort().getStrVal()
                : probe.getHttpGet().getPort().getStrVal();
    }

    @Test
    void servicesFindTheirPods() {
        for (List<HasMetadata> objects : rendered.values()) {
            for (Service service : of(objects, Service.class)) {
                assertThat(of(objects, Deployment.class)).filteredOn(deployment -> deployment.getSpec().getTemplate()
                        .getMetadata().getLabels().entrySet().containsAll(service.getSpec().getSelector().entrySet()))
                        .singleElement().satisfies(deployment -> assertThat(
                                deployment.getSpec().getTemplate().getSpec().getContainers().getFirst().getPorts())
                                .extracting("name").contains(service.getSpec().getPorts().getFirst().getTargetPort()
                                        .getStrVal()));
            }
            assertThat(only(objects, ConfigMap.class, "farthing-").getData()).containsEntry("FARTHING_ENGINE_URL",
                    "tcp://farthing-engine:"
                            + only(objects, Service.class, "farthing-engine").getSpec().getPorts().getFirst().getPort());
        }
    }

    /** Everything that is copied is in a clean clone, or made by the build before. */
    @Test
    void theImageIsMadeOfWhatIsThere() throws IOException {
        String image = Files.readString(Path.of("Dockerfile"));
        Matcher copies = Pattern.compile("(?m)^COPY --from=build (.+) \\S+$").matcher(image);
        List<String> sources = copies.results().flatMap(found -> Stream.of(found.group(1).split(" "))).toList();
        assertThat(sources).hasSizeGreaterThan(5).allMatch(source -> source.startsWith("/source/"));
        List<String> ignored = Files.readAllLines(Path.of(".dockerignore"));
        for (String source : sources) {
            Path file = Path.of(source.substring("/source/".length()));
            // The application itself is packed after the tests; the launcher starts it from there.
            if (file.toString().equals("target/quarkus-app")) {
                assertThat(Files.readString(Path.of("farthing"))).contains("JAR=" + file + "/quarkus-run.jar");
                continue;
            }
            assertThat(file).exists();
            if (!file.startsWith("target") && !file.toString().contains("node_modules")) {
                assertThat(ignored).noneMatch(line -> file.startsWith(line));
            }
        }
    }

    @Test
    void aMigrationMakesTheTablesOnceAndThenNothing() throws Exception {
        var empty = TestDatabase.empty("migration");
        var database = new Settings.Database(Objects.requireNonNull(empty.getURL()), "postgres", "");

        assertThat(Migration.run(database)).startsWith("migrated the database to version ");
        assertThat(Migration.run(database)).endsWith("as this release needs it");
        try (var connection = empty.getConnection();
                var tables = connection.createStatement().executeQuery("select count(*) from account")) {
            assertThat(tables.next()).isTrue();
        }
    }

    @Test
    void aMigrationNeedsTheDatabaseAndNothingElse() {
        assertThat(Settings.migrating(Map.of("FARTHING_DATABASE_URL", "jdbc:postgresql://db/farthing",
                "FARTHING_DATABASE_USER", "farthing", "FARTHING_DATABASE_PASSWORD", "secret")).user()).isEqualTo("farthing");
        assertThatThrownBy(() -> Settings.migrating(Map.of())).isInstanceOf(CannotStart.class)
                .hasMessageContainingAll("FARTHING_DATABASE_URL", "FARTHING_DATABASE_USER", "FARTHING_DATABASE_PASSWORD");
    }

    private <T extends HasMetadata> List<T> all(Class<T> kind) {
        return rendered.values().stream().flatMap(objects -> of(objects, kind).stream()).toList();
    }

    private List<Container> containers() {
        return all(Deployment.class).stream().map(deployment -> deployment.getSpec().getTemplate().getSpec())
                .flatMap(pod -> Stream.concat(pod.getInitContainers().stream(), pod.getContainers().stream())).toList();
    }

    private static <T extends HasMetadata> List<T> of(List<HasMetadata> objects, Class<T> kind) {
        return objects.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private static <T extends HasMetadata> T only(List<HasMetadata> objects, Class<T> kind, String name) {
        return of(objects, kind).stream().filter(object -> object.getMetadata().getName().startsWith(name)).findFirst()
                .orElseThrow();
    }

    private static Container container(List<HasMetadata> objects, String name) {
        return of(objects, Deployment.class).stream().flatMap(d -> d.getSpec().getTemplate().getSpec().getContainers().stream())
                .filter(container -> container.getName().equals(name)).findFirst().orElseThrow();
    }

    private static Set<String> matches(String text, String pattern) {
        return Pattern.compile(pattern).matcher(text).results().map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
