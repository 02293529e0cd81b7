package farthing.market;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

import com.fasterxml.jackson.databind.JsonNode;

import farthing.FakeUpstream;

/**
 * An upstream that does what the last message of a chat tells it, and counts as many output tokens as the call allows: a call's
 * number is its {@code max_tokens}, so its charge names it.
 */
final class MockModel implements FakeUpstream.Script {

    /** What a caller may ask it to do. */
    enum Deed {
        ANSWERS,
        /** Refuses with status 500. */
        FAILS,
        /** Breaks the connection before a byte of an answer. */
        DROPS,
        /** Breaks the connection in the middle of its stream. */
        BREAKS,
        /** Sends an error in the middle of its stream. */
        ERRS,
        /** Says nothing more in the middle of its stream. */
        HANGS,
        /** Ends its stream well, but without the end that the protocol wants and without counters. */
        FORGETS,
        /** Takes its time: a text each 20 ms, fifty of them. */
        DAWDLES
    }

    final AtomicInteger asked = new AtomicInteger();

    @Override
    public void answer(FakeUpstream.Request request, FakeUpstream.Connection to) throws IOException {
        asked.incrementAndGet();
        JsonNode call = request.json();
        String told = call.at("/messages/0/content").asText();
        int number = call.path("max_tokens").asInt(1);
        switch (deed(told)) {
            case ANSWERS -> to.stream().text("Well ").text("said").finish("stop").usage(1, number).done();
            case FAILS -> to.json(500, "{\"error\":{\"message\":\"as told\"}}");
            case DROPS -> to.reset();
            case BREAKS -> to.stream().text("Well ").reset();
            case ERRS -> to.stream().text("Well ").event("{\"error\":{\"message\":\"as told\",\"code\":500}}").done();
            case HANGS -> to.stream().text("Well ").awaitHangUp();
            case FORGETS -> to.stream().text("Well ").write("0\r\n\r\n");
            case DAWDLES -> {
                to.stream();
                for (int i = 0; i < 50; i++) {
                    to.text("well ");
                    pause();
                }
                to.finish("stop").usage(1, number).done();
            }
        }
    }

    private static Deed deed(String told) {
        for (Deed deed : Deed.values()) {
            if (told.startsWith(deed.name() + " ")) {
                return deed;
            }
        }
        return Deed.ANSWERS;
    }

    private static void pause() {
        try {
            Thread.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
