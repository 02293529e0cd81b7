package farthing;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

import io.quarkus.test.junit.QuarkusTest;

/** The package table of the design, kept by a check. */
class ArchitectureTest {

    private static final Set<String> EVERYONE = Set.of("money", "web");

    private static final Map<String, Set<String>> MAY_USE = Map.ofEntries(Map.entry("money", Set.of()),
            Map.entry("web", Set.of("money")),
            Map.entry("blob", Set.of()), Map.entry("ledger", Set.of()), Map.entry("chain", Set.of()),
            Map.entry("identity", Set.of("chain", "ledger")), Map.entry("artefact", Set.of("blob", "identity")),
            Map.entry("engine", Set.of("artefact", "blob")),
            Map.entry("catalog", Set.of("chain", "identity", "artefact", "engine", "blob")),
            Map.entry("receipt", Set.of("chain")),
            Map.entry("metering", Set.of("ledger", "catalog", "identity", "receipt")),
            Map.entry("earnings", Set.of("chain", "ledger", "identity", "catalog", "metering", "receipt")),
            Map.entry("settlement", Set.of("chain", "blob", "ledger", "identity", "receipt", "metering", "earnings")),
            Map.entry("payment", Set.of("chain", "ledger", "identity", "metering", "settlement")),
            Map.entry("webhook", Set.of("chain", "ledger", "identity", "metering", "settlement")),
            Map.entry("onchain", Set.of("chain", "identity", "catalog", "engine", "receipt", "metering")),
            Map.entry("inference", Set.of("identity", "catalog", "engine", "receipt", "metering", "payment")));

    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("farthing");

    @Test
    void everyPackageStandsInTheTable() {
        Set<String> packages = MAIN.stream().map(c -> noun(c.getPackageName())).collect(Collectors.toSet());
        Set<String> known = new HashSet<>(MAY_USE.keySet());
        known.add("market");
        assertThat(known).containsAll(packages);
    }

    /** They run in a process of their own, which starts the application once. */
    @Test
    void testsWithinTheApplicationAreTagged() {
        classes().that().areAnnotatedWith(QuarkusTest.class).should().beAnnotatedWith(Tag.class)
                .check(new ClassFileImporter().importPath(Path.of("target/test-classes/farthing")));
    }

    @Test
    void packagesUseOnlyWhatTheTableAllows() {
        MAY_USE.forEach((noun, allowed) -> {
            String[] others = MAY_USE.keySet().stream()
                    .filter(other -> !other.equals(noun) && !allowed.contains(other)
                            && !(EVERYONE.contains(other) && !EVERYONE.contains(noun)))
                    .map(ArchitectureTest::in).toArray(String[]::new);
            noClasses().that().resideInAPackage(in(noun)).should().dependOnClassesThat().resideInAnyPackage(others)
                    .orShould().dependOnClassesThat().resideInAPackage(in("market")).allowEmptyShould(true).check(MAIN);
        });
    }

    @Test
    void thereAreNoCycles() {
        slices().matching("farthing.(*)..").should().beFreeOfCycles().check(MAIN);
    }

    @Test
    void packagesAreFlat() {
        classes().should(new com.tngtech.archunit.lang.ArchCondition<>("reside directly below the base package") {
            @Override
            public void check(com.tngtech.archunit.core.domain.JavaClass c, com.tngtech.archunit.lang.ConditionEvents events) {
                if (c.getPackageName().chars().filter(ch -> ch == '.').count() != 1) {
                    events.add(com.tngtech.archunit.lang.SimpleConditionEvent.violated(c,
                            c.getName() + " is not in a flat package"));
                }
            }
        }).check(MAIN);
    }

    @Test
    void onlyChainUsesWeb3jAndLibsecp256k1() {
        noClasses().that().resideOutsideOfPackage(in("chain")).should().dependOnClassesThat()
                .resideInAnyPackage("org.web3j..", "fr.acinq..").check(MAIN);
    }

    @Test
    void onlyPagesApisAndWebUseJaxRs() {
        noClasses().that(resideOutsideOfPackages(in("web"))).and().haveSimpleNameNotEndingWith("Pages").and()
                .haveSimpleNameNotEndingWith("Api").and().haveNameNotMatching(".*(Pages|Api)\\$.*").and()
                .haveSimpleNameNotEndingWith("_Bean").should().dependOnClassesThat().resideInAPackage("jakarta.ws.rs..")
                .check(MAIN);
    }

    @Test
    void moneyHasNoFloatingPoint() {
        String[] money = List.of("money", "ledger", "metering", "receipt", "payment", "earnings",
                "settlement").stream().map(ArchitectureTest::in)
                .toArray(String[]::new);
        for (Class<?> floating : List.of(double.class, float.class, Double.class, Float.class)) {
            noFields().that().areDeclaredInClassesThat(resideInAnyPackage(money)).should().haveRawType(floating)
                    .allowEmptyShould(true).check(MAIN);
            noMethods().that().areDeclaredInClassesThat(resideInAnyPackage(money)).should().haveRawReturnType(floating)
                    .allowEmptyShould(true).check(MAIN);
        }
    }

    @Test
    void timeComesFromTheClock() {
        noClasses().should().callMethod(Instant.class, "now").orShould().callMethod(LocalDate.class, "now").orShould()
                .callMethod(System.class, "currentTimeMillis").check(MAIN);
    }

    private static String in(String noun) {
        return "farthing." + noun + "..";
    }

    private static String noun(String packageName) {
        String[] parts = packageName.split("\\.");
        return parts.length > 1 ? parts[1] : "";
    }
}
