package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code ./farthing} says on a machine where something is missing. */
class LauncherTest {

    @TempDir
    Path machine;

    /** A copy that looks for JDKs on this made-up machine only, where the first javac is of JDK 17. */
    @BeforeEach
    void aMachineWithJdk17() throws IOException {
        String script = Files.readString(Path.of("farthing"));
        String elsewhere = script.replaceAll("/usr/lib/jvm/\\*|/usr/java/\\*|/opt/java/\\*|/opt/jdk\\*|/Library/\\S+",
                machine + "/jvm/*");
        assertThat(elsewhere).isNotEqualTo(script);
        program("farthing", elsewhere);
        program("bin/javac", "#!/bin/sh\necho javac 17.0.15\n");
    }

    @Test
    void aMissingJdk25IsNamed() throws Exception {
        assertThat(run("run")).contains("farthing: no JDK 25 or newer found; install one").contains("JAVA_HOME")
                .hasLineCount(1);
    }

    @Test
    void aJdk25InTheUsualFolderIsFound() throws Exception {
        program("jvm/jdk-25/bin/javac", "#!/bin/sh\necho javac 25.0.1\n");
        program("jvm/jdk-25/bin/java", "#!/bin/sh\necho started with \"$@\"\n");
        Files.createDirectories(machine.resolve("target/quarkus-app"));
        Files.writeString(machine.resolve("target/quarkus-app/quarkus-run.jar"), "");
        for (String source : new String[] { "src/main", ".mvn", "frontend-templates" }) {
            Files.createDirectories(machine.resolve(source));
        }
        Files.writeString(machine.resolve("pom.xml"), "");
        Files.writeString(machine.resolve("target/built"), "");
        assertThat(run("run")).contains("started with").contains("quarkus-run.jar");
    }

    @Test
    void aMissingMavenIsNamed() throws Exception {
        program("jvm/jdk-25/bin/javac", "#!/bin/sh\necho javac 25.0.1\n");
        for (String tool : new String[] { "bash", "env", "dirname", "readlink", "sed", "find", "sh", "id", "mkdir", "touch",
                "rm" }) {
            Files.createSymbolicLink(machine.resolve("bin").resolve(tool), Path.of("/usr/bin/" + tool));
        }
        assertThat(run("run", machine.resolve("bin").toString())).contains("Maven is missing; install Maven").hasLineCount(1);
    }

    @Test
    void theImageHasTheSameCommands() throws Exception {
        Process image = new ProcessBuilder("sh", "-c", "sed 's/^cd .*//' src/main/image/farthing | sh -s fly")
                .redirectErrorStream(true).start();
        assertThat(new String(image.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo("usage: run | migrate | worker | verify RECEIPT|BATCH\n");
        assertThat(run("fly")).contains("run | worker | migrate").contains("verify RECEIPT|BATCH");
    }

    @Test
    void anUnknownCommandIsToldWhichThereAre() throws Exception {
        assertThat(run("fly")).contains("usage: ./farthing run | worker | migrate | test");
    }

    private String run(String command) throws Exception {
        return run(command, machine.resolve("bin") + ":/usr/bin:/bin");
    }

    private String run(String command, String path) throws Exception {
        ProcessBuilder builder = new ProcessBuilder("/bin/bash", machine.resolve("farthing").toString(), command)
                .redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().put("PATH", path);
        builder.environment().put("HOME", machine.toString());
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return said;
    }

    private void program(String name, String text) throws IOException {
        Path file = machine.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
