package farthing.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextGenerationTest {

    static Models models;
    static Engines engines;

    @BeforeAll
    static void start(@TempDir Path store) throws IOException {
        models = new Models(store);
        engines = models.engines(Models.settings(), Clock.systemUTC());
    }

    @AfterAll
    static void stop() {
        engines.close();
    }

    @Test
    void first() throws IOException {
        for (int i = 0; i < 3; i++) {
            long t = System.nanoTime();
            List<String> pieces = new ArrayList<>();
            try (Invocation call = engines.prepare(models.kjv(), new Input.Prompt("In the beginning"))) {
                long t1 = System.nanoTime();
                System.err.println(call.inputTokens() + " " + call.maxOutputTokens());
                System.err.println(call.generate(Generation.greedy(40), pieces::add));
                System.err.println(pieces);
                System.err.println((t1 - t) / 1e6 + " ms prepare, " + (System.nanoTime() - t1) / 1e6 + " ms generate");
            }
        }
        for (Loadable l : List.of(models.minilm(), models.minilmInt8(), models.bgeSmall())) {
            for (int i = 0; i < 2; i++) {
                long t = System.nanoTime();
                try (Invocation call = engines.prepare(l,
                        new Input.Texts(List.of("A cat sits.", "A kitten sits down.", "Stocks fell")))) {
                    long t1 = System.nanoTime();
                    Embeddings e = call.embed();
                    System.err.println(
                            l.id() + e.usage() + " " + e.vectors().get(0).length + " " + dot(e, 0, 1) + " " + dot(e, 0, 2));
                    System.err.println((t1 - t) / 1e6 + " ms prepare, " + (System.nanoTime() - t1) / 1e6 + " ms embed");
                }
            }
        }
        try (Invocation call = engines.prepare(models.langdetect(),
                new Input.Texts(List.of("Guten Morgen, wie geht es dir?", "Where is it now?")))) {
            var c = call.classify();
            System.err.println(c.usage() + " " + c.texts().get(0).subList(0, 3) + c.texts().get(1).subList(0, 3));
        }
        new ProcessBuilder("sh", "-c", "ps -eo pid,rss,args | grep farthing.engine.Worker | cut -c1-90").inheritIO().start()
                .onExit().join();
        assertThat(1).isEqualTo(1);
    }

    static double dot(Embeddings e, int a, int b) {
        double s = 0;
        for (int i = 0; i < e.vectors().get(0).length; i++) {
            s += e.vectors().get(a)[i] * e.vectors().get(b)[i];
        }
        return s;
    }
}
