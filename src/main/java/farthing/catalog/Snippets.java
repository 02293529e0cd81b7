package farthing.catalog;

import java.util.List;

import farthing.engine.Task;

/** The same call in several languages; each works when pasted with FARTHING_API_KEY set. */
public class Snippets {

    /** One of them. */
    public record Snippet(String language, String code) {
    }

    private final String baseUrl;
    private final String model;

    /** @param baseUrl without {@code /v1} */
    public Snippets(String baseUrl, String model) {
        this.baseUrl = baseUrl;
        this.model = model;
    }

    /** A first call of a model with this task. */
    public List<Snippet> of(Task task) {
        return switch (task) {
            case CHAT -> chat();
            case COMPLETION -> completion();
            case EMBEDDING -> embedding();
            default -> classify();
        };
    }

    /** A streamed completion. */
    public List<Snippet> stream() {
        return List.of(new Snippet("curl", curl("-N ", "/v1/completions", """
                {"model": "%s", "prompt": "In the beginning", "max_tokens": 64, "stream": true}""")),
                new Snippet("Python", python("""
                        stream = client.completions.create(
                            model="%s", prompt="In the beginning", max_tokens=64, stream=True)
                        for chunk in stream:
                            if chunk.choices:
                                print(chunk.choices[0].text, end="", flush=True)
                        """)),
                new Snippet("JavaScript", javascript("""
                        const stream = await client.completions.create({
                          model: "%s", prompt: "In the beginning", max_tokens: 64, stream: true,
                        });
                        for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.text ?? "");
                        """)));
    }

    /** A first call with a header that makes it safe to repeat. */
    public String curlWithIdempotencyKey() {
        return curl("-H \"Idempotency-Key: order-1017\" ", "/v1/completions", """
                {"model": "%s", "prompt": "In the beginning", "max_tokens": 64}""");
    }

    private List<Snippet> completion() {
        return List.of(new Snippet("curl", curl("", "/v1/completions", """
                {"model": "%s", "prompt": "In the beginning", "max_tokens": 64}""")), new Snippet("Python", python("""
                answer = client.completions.create(
                    model="%s", prompt="In the beginning", max_tokens=64)
                print(answer.choices[0].text)
                """)), new Snippet("JavaScript", javascript("""
                const answer = await client.completions.create({
                  model: "%s", prompt: "In the beginning", max_tokens: 64,
                });
                console.log(answer.choices[0].text);
                """)));
    }

    private List<Snippet> chat() {
        return List.of(new Snippet("curl", curl("", "/v1/chat/completions", """
                {"model": "%s", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 64}""")),
                new Snippet("Python", python("""
                        answer = client.chat.completions.create(
                            model="%s", messages=[{"role": "user", "content": "Hello"}], max_tokens=64)
                        print(answer.choices[0].message.content)
                        """)), new Snippet("JavaScript", javascript("""
                        const answer = await client.chat.completions.create({
                          model: "%s", messages: [{ role: "user", content: "Hello" }], max_tokens: 64,
                        });
                        console.log(answer.choices[0].message.content);
                        """)));
    }

    private List<Snippet> embedding() {
        return List.of(new Snippet("curl", curl("", "/v1/embeddings", """
                {"model": "%s", "input": "A wren sits on the smallest coin."}""")), new Snippet("Python", python("""
                answer = client.embeddings.create(model="%s", input="A wren sits on the smallest coin.")
                print(len(answer.data[0].embedding), answer.usage.total_tokens)
                """)), new Snippet("JavaScript", javascript("""
                const answer = await client.embeddings.create({
                  model: "%s", input: "A wren sits on the smallest coin.",
                });
                console.log(answer.data[0].embedding.length, answer.usage.total_tokens);
                """)));
    }

    // The OpenAI clients have no method for this, but send any request of this shape.
    private List<Snippet> classify() {
        return List.of(new Snippet("curl", curl("", "/v1/classify", """
                {"model": "%s", "input": "Wo ist der Bahnhof, von dem die Züge nach Wien fahren?"}""")),
                new Snippet("Python", python("""
                        answer = client.post("/classify", cast_to=object, body={
                            "model": "%s", "input": "Wo ist der Bahnhof, von dem die Züge nach Wien fahren?"})
                        print(answer)
                        """)), new Snippet("JavaScript", javascript("""
                        const answer = await client.post("/classify", { body: {
                          model: "%s", input: "Wo ist der Bahnhof, von dem die Züge nach Wien fahren?",
                        } });
                        console.log(answer);
                        """)));
    }

    private String curl(String options, String path, String body) {
        return """
                curl %s%s%s \\
                  -H "Authorization: Bearer $FARTHING_API_KEY" \\
                  -H "Content-Type: application/json" \\
                  -d '%s'""".formatted(options, baseUrl, path, body.formatted(model));
    }

    private String python(String call) {
        return """
                import os
                from openai import OpenAI

                client = OpenAI(base_url="%s/v1", api_key=os.environ["FARTHING_API_KEY"])
                """.formatted(baseUrl) + call.formatted(model).stripTrailing();
    }

    private String javascript(String call) {
        return """
                import OpenAI from "openai";

                const client = new OpenAI({ baseURL: "%s/v1", apiKey: process.env.FARTHING_API_KEY });
                """.formatted(baseUrl) + call.formatted(model).stripTrailing();
    }
}
